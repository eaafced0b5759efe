"""Makes a signed update of what an image was built of: `python image-build/bundle.py NAME --certificate C --key K`.

Beside an image lie its root, its boot partition and what they are called; a bundle (RAUC's) holds the three, signed. It
is signed where the key is, which need not be where images are built. At the end it is opened as a unit does.
"""

import argparse
import json
import shutil
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from machine import REPOSITORY, BuildError, run

SYSTEM, BOOT, ABOUT = ".system.erofs", ".boot.vfat", ".about.json"
_PACKED = "-comp zstd -Xcompression-level 3"  # what is in it is packed already


@dataclass(frozen=True)
class About:
    """What an image is called: board and kind, its version, and below which version no unit goes back from it."""

    name: str
    version: str
    floor: str


def leave(out: Path, about: About, system: Path, boot: Path) -> list[Path]:
    """Leave beside an image what a bundle is made of; return the files."""
    parts = [out / f"{about.name}{ending}" for ending in (SYSTEM, BOOT, ABOUT)]
    shutil.copyfile(system, parts[0])
    shutil.copyfile(boot, parts[1])
    parts[2].write_text(json.dumps(asdict(about), indent=1) + "\n")
    return parts


def read_about(out: Path, name: str) -> About:
    """Read what `leave` left.

    Raises:
        BuildError: nothing was built there.
    """
    path = out / f"{name}{ABOUT}"
    if not path.exists():
        raise BuildError(f"{path}: no such file; build the image first: sudo make image")
    return About(**json.loads(path.read_text()))


def manifest(about: About, *, is_plain: bool = False) -> str:
    """Return what RAUC is told of a bundle. Units take no plain ones: nothing checks them as they are read."""
    said = ["[update]", f"compatible={about.name}", f"version={about.version}", "", "[bundle]"]
    said += [f"format={'plain' if is_plain else 'verity'}", ""]
    for slot in ("system", "boot"):
        said += [f"[image.{slot}]", f"filename={slot}.img", ""]
    return "\n".join(said)


@dataclass(frozen=True)
class Signer:
    """Files: the certificate and its key, which sign, and the authority that images believe."""

    certificate: Path
    key: Path
    authority: Path


def make(about: About, parts: Path, signer: Signer, into: Path, *, is_plain: bool = False) -> None:
    """Make a bundle of what lies in a folder, and open it as a unit does.

    Raises:
        BuildError: RAUC refuses; or no unit that believes the authority would take it.
    """
    if into.exists():
        raise BuildError(f"{into} is there already; name another file")
    with tempfile.TemporaryDirectory(dir=into.parent, prefix="bundle-") as folder:
        work = Path(folder)
        content = work / "content"
        content.mkdir()
        for ending, name in ((SYSTEM, "system.img"), (BOOT, "boot.img")):
            shutil.copyfile(parts / f"{about.name}{ending}", content / name)
        (content / "manifest.raucm").write_text(manifest(about, is_plain=is_plain))
        signed = (f"--cert={signer.certificate}", f"--key={signer.key}", f"--mksquashfs-args={_PACKED}")
        fresh = work / "update.raucb"
        run("rauc", "bundle", *signed, content, fresh)
        _check(about, fresh, signer.authority, work)
        fresh.replace(into)


def _check(about: About, bundle: Path, authority: Path, work: Path) -> None:
    settings = work / "system.conf"
    keyring = f"[keyring]\npath={authority.absolute()}\ncheck-purpose=codesign\n"
    settings.write_text(f"[system]\ncompatible={about.name}\nbootloader=noop\n{keyring}")
    try:
        found = json.loads(run("rauc", "-c", settings, "info", "--output-format=json", bundle))
    except BuildError as error:
        raise BuildError(f"no unit that believes {authority} would take this: {error}") from error
    if (found["compatible"], found["version"]) != (about.name, about.version):
        raise BuildError(f"{bundle} says something else than it was told: {found}")


def main() -> None:
    """Make the bundle that the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0])
    parser.add_argument("name", help="of the image, such as machitap-pi-4-tap")
    parser.add_argument("--certificate", type=Path, required=True, help="of whoever signs (PEM)")
    parser.add_argument("--key", type=Path, required=True, help="its key (PEM)")
    parser.add_argument("--authority", type=Path, required=True, help="whom images believe: build.py --keyring (PEM)")
    parser.add_argument("--out", type=Path, default=REPOSITORY / "build" / "image", help="where the image was built")
    said = parser.parse_args()
    try:
        about = read_about(said.out, said.name)
        into = said.out / f"{about.name}-{about.version}.raucb"
        make(about, said.out, Signer(said.certificate, said.key, said.authority), into)
    except BuildError as error:
        sys.exit(f"bundle: {error}")
    print(f"bundle: {into}: {into.stat().st_size / 1e6:.0f} MB", flush=True)


if __name__ == "__main__":
    main()
