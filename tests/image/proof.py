"""What `make test-image` last passed with: it takes too long for every change, so `make test` looks at this instead.

It is written at the end of a run in which nothing failed and nothing was skipped, and committed with what was changed.
"""

import hashlib
import json
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROOF = ROOT / "tests" / "image" / "proof.json"
FOLDERS = ("firmware-config", "image-build", "systemd", "tests/image")
FILES = ("requirements/unit.txt",)
# What only units with a display run, which are tried by themselves, and what only looks at the proof.
APART = (
    "image-build/packages/kiosk.txt",
    "systemd/lib/screen",
    "systemd/system/machi-display.service",
    "systemd/system/machi-screen.service",
    "tests/image/glass.py",
    "tests/image/proof.json",
    "tests/image/proof.py",
    "tests/image/test_kiosk.py",
    "tests/image/test_proof.py",
    "tests/image/test_small_screen.py",
)
_MADE = ("__pycache__",)


def inputs(root: Path = ROOT) -> dict[str, str]:
    """Return what a unit's image is made of and tried by, less our own programs: a checksum of each file."""
    found = [root / name for name in FILES]
    for folder in FOLDERS:
        found += [path for path in (root / folder).rglob("*") if path.is_file() or path.is_symlink()]
    names = {path.relative_to(root).as_posix(): path for path in found if not set(_MADE) & set(path.parts)}
    return {name: _sum(names[name]) for name in sorted(names.keys() - set(APART))}


def _sum(path: Path) -> str:
    return hashlib.sha256(str(path.readlink()).encode() if path.is_symlink() else path.read_bytes()).hexdigest()[:16]


def write(before: dict[str, str], measured: list[str]) -> None:
    """Write down that all of it passed.

    Args:
        before: what lay here when it began.
        measured: what was measured on the way, in words.
    """
    PROOF.write_text(json.dumps({"measured": measured, "inputs": before}, indent=1, ensure_ascii=False) + "\n")


def changed(root: Path = ROOT) -> list[str]:
    """Return the files that are not as they were when it last passed."""
    proven: dict[str, str] = json.loads(PROOF.read_text())["inputs"]
    here = inputs(root)
    return sorted(name for name in proven.keys() | here.keys() if proven.get(name) != here.get(name))
