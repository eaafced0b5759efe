"""Roots of units by their screens: a kiosk has that of the others, and more packages. Kept as `roots` keeps its own.

What is there is not installed again, for an emulated arm64 takes minutes for it.
"""

import hashlib
from pathlib import Path

import mirrors
import roots
from machine import cache, run

WITHOUT = "no-screen"
LISTS = {"none": "", "small": "", "kiosk": "kiosk"}  # by what a kind of unit says of its screen


def root(screen: str) -> Path:
    """Return the packed root of a unit with such a screen, made now if it is not there."""
    without = roots.root(WITHOUT)
    name = LISTS[screen]
    return _more(name, without) if name else without


def _more(name: str, without: Path) -> Path:
    wanted = roots.listed(name)
    versions = mirrors.versions([*roots.listed(WITHOUT), *wanted])
    made_of = "\n".join([without.name, *versions, *wanted, Path(__file__).read_text()])
    kept = cache() / f"{name}-{hashlib.sha256(made_of.encode()).hexdigest()[:16]}.tar"
    if not kept.exists():
        print(f"image: what {name} has besides, installed by an arm64 that is emulated; minutes", flush=True)
        _install(wanted, without, kept)
    return kept


def _install(wanted: list[str], without: Path, kept: Path) -> None:
    """Let mmdebstrap begin with what is there: it finds the essential packages installed, and adds the others."""
    unfinished = kept.with_suffix(".new.tar")
    unpack = f'tar --extract --file="{without}" --directory="$1" --numeric-owner --xattrs --xattrs-include="*"'
    run(
        "mmdebstrap",
        "--mode=root",
        "--architectures=arm64",
        "--variant=essential",
        f"--setup-hook={unpack} --exclude=./etc/apt --exclude=./dev",
        *(f"--include={one}" for one in wanted),
        *(f"--aptopt={option}" for option in ['Apt::Install-Recommends "false"', *mirrors.options()]),
        *(f"--dpkgopt={option}" for option in roots.LEFT_OUT),
        mirrors.SUITE,
        unfinished,
        *mirrors.lines(),
        INITRD="No",
        SOURCE_DATE_EPOCH=roots.RELEASED,
    )
    unfinished.rename(kept)
