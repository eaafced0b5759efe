"""Signed updates of the image that is tried: the same system with a later version, and one that is none."""

import json
from dataclasses import dataclass
from pathlib import Path

import bundle
from tests.updates import keys
from tests.updates.keys import Keys


@dataclass(frozen=True)
class Bundles:
    """What can be installed.

    Attributes:
        keys: whoever believes their authority takes both.
        before, version: of the image, and of its successor.
        good, dead: the successor; a bundle of everything but a system.
        later: the successor's root.
    """

    keys: Keys
    before: str
    version: str
    good: Path
    dead: Path
    later: Path


def made(image: Path, folder: Path) -> Bundles:
    """Make them of what a build left beside an image."""
    told = json.loads(image.with_name(f"{image.stem}{bundle.ABOUT}").read_text())
    before, name = told["version"], told["name"]
    version = f"9{before[1:]}"
    assert before[1] == ".", "as long as the other, to be written over it"
    system, boot = (image.with_name(f"{name}{ending}") for ending in (bundle.SYSTEM, bundle.BOOT))
    signer = keys.made(folder / "keys")
    later, none = folder / "later.erofs", folder / "none.erofs"
    later.write_bytes(_renamed(system.read_bytes(), before, version))
    none.write_bytes(b"nothing".ljust(1 << 20, b"\0"))
    good = _bundle(folder / "good", signer, bundle.About(name, version, told["floor"]), later, boot)
    dead = _bundle(folder / "dead", signer, bundle.About(name, f"9.9{version[3:]}", told["floor"]), none, boot)
    return Bundles(signer, before, version, good, dead, later)


def _renamed(system: bytes, before: str, version: str) -> bytes:
    """Return a root that calls itself something else: files of a few lines lie in an erofs as they are."""
    old, new = before.encode(), version.encode()
    assert system.count(old) >= len(("os-release", "updates.toml"))
    return system.replace(old, new)


def _bundle(folder: Path, signer: Keys, about: bundle.About, system: Path, boot: Path) -> Path:
    folder.mkdir()
    bundle.leave(folder, about, system, boot)
    into = folder / f"{folder.name}.raucb"
    bundle.make(about, folder, bundle.Signer(signer.certificate, signer.key, signer.authority), into)
    return into
