"""Roots from Debian's packages, made by mmdebstrap once and kept: the name of each says what it was made of."""

import hashlib
import shutil
from pathlib import Path

import mirrors
from machine import HERE, cache, run

RELEASED = "1754697600"  # the day of Debian 13: what an installation writes down as its time
LEFT_OUT = (  # by dpkg, when it unpacks; the licences stay
    "path-exclude=/usr/share/doc/*",
    "path-include=/usr/share/doc/*/copyright",
    "path-exclude=/usr/share/man/*",
    "path-exclude=/usr/share/info/*",
    "path-exclude=/usr/share/locale/*",
    "path-exclude=/usr/share/lintian/*",
    "path-exclude=/usr/share/bug/*",
)


def listed(name: str) -> list[str]:
    """Read a list of packages."""
    text = (HERE / "packages" / f"{name}.txt").read_text()
    return sorted(word for line in text.splitlines() for word in line.partition("#")[0].split())


def root(name: str) -> Path:
    """Return the packed root of a list of packages, made now if it is not there: what an image begins with."""
    return _kept(name, listed(name), "essential", "installed by an arm64 that is emulated; minutes")


def workshop(name: str) -> Path:
    """Return the packed root of a list of packages that are only unpacked, which this machine does by itself.

    Nothing in it is set up, so it is none to start. Compilers do without.
    """
    return _kept(name, ["?essential", *listed(name)], "extract", "unpacked")


def _kept(name: str, packages: list[str], variant: str, how: str) -> Path:
    versions = mirrors.versions(listed(name))
    made_of = "\n".join([*versions, *packages, variant, Path(__file__).read_text()])
    kept = cache() / f"{name}-{hashlib.sha256(made_of.encode()).hexdigest()[:16]}.tar"
    if not kept.exists():
        print(f"image: {len(versions)} packages for {name}, {how}", flush=True)
        _make(packages, variant, kept)
    return kept


def _make(packages: list[str], variant: str, kept: Path) -> None:
    unfinished = kept.with_suffix(".new.tar")
    run(
        "mmdebstrap",
        "--mode=root",
        "--architectures=arm64",
        f"--variant={variant}",
        *(f"--include={one}" for one in packages),
        *(f"--aptopt={option}" for option in ['Apt::Install-Recommends "false"', *mirrors.options()]),
        *(f"--dpkgopt={option}" for option in LEFT_OUT),
        mirrors.SUITE,
        unfinished,
        *mirrors.lines(),
        INITRD="No",  # it would be made under emulation, for minutes; ours is packed here
        SOURCE_DATE_EPOCH=RELEASED,
    )
    unfinished.rename(kept)


def unpacked(kept: Path, folder: Path) -> None:
    """Unpack a root into a folder that nothing else is in."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    run(
        "tar",
        "--extract",
        f"--file={kept}",
        f"--directory={folder}",
        "--numeric-owner",
        "--xattrs",
        "--xattrs-include=*",
    )
