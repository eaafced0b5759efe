"""Builds an image for a Raspberry Pi's card: `python image-build/build.py --board pi-4 --kind tap`.

Everything is Debian's packages, our own code as it is in the last commit, and the wheels that requirements/unit.txt
names by hash. The same commit and the same packages give the same bytes; `--twice` builds twice and compares.
"""

import argparse
import hashlib
import shutil
import sys
import tomllib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import bundle
import disk
import environment
import initrd
import machine
import modules
import sbom
import screens
import slots
import tree
import updating
import vendor
from machine import REPOSITORY, BuildError, run

DATA_MEBIBYTES = 64  # it grows to the end of the card at the first start


@dataclass(frozen=True)
class Asked:
    """What is built, and of which commit."""

    board: str
    kind: str
    commit: str
    time: int
    version: str
    keyring: Path | None = None
    kernel: Path | None = None

    @property
    def name(self) -> str:
        return f"machitap-{self.board}-{self.kind}"

    @property
    def about(self) -> bundle.About:
        return bundle.About(self.name, self.version, updating.floor())


def main() -> None:
    """Build what the command line asks for, and say how large it is."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0])
    parser.add_argument("--board", default="pi-4", help="as in firmware-config/boards")
    parser.add_argument("--kind", default="tap", help="as in firmware-config/kinds")
    parser.add_argument("--keyring", type=Path, help="whose updates it takes: certificates (PEM); nobody's if left out")
    parser.add_argument(
        "--kernel", type=Path, help="folder of packages with another kernel and firmware than Debian's, for a Pi 5"
    )
    parser.add_argument("--out", type=Path, default=REPOSITORY / "build" / "image", help="folder for the results")
    parser.add_argument("--twice", action="store_true", help="build all of it twice, and compare every part")
    said = parser.parse_args()
    try:
        machine.ready()
        asked = replace(_of_the_commit(said.board, said.kind), keyring=said.keyring, kernel=said.kernel)
        sums = build(asked, said.out)
        if said.twice:
            compare(sums, build(asked, said.out / "again"))
    except BuildError as error:
        sys.exit(f"image: {error}")


def _of_the_commit(board: str, kind: str) -> Asked:
    """Return what is asked for, of the last commit.

    Raises:
        BuildError: that is not what lies here.
    """
    git = ("git", "-C", REPOSITORY)
    commit, time = run(*git, "log", "-1", "--format=%h %ct").decode().split()
    if run(*git, "status", "--porcelain", "--untracked-files=no"):
        raise BuildError(
            "an image says which commit it is made of, and something is changed that is in none; commit it"
        )
    number = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["version"]
    return Asked(board, kind, commit, int(time), version(number, int(time), commit))


def version(number: str, time: int, commit: str) -> str:
    """Return what an image calls itself: of two with the same number, the later commit's is the newer one."""
    return f"{number}+{datetime.fromtimestamp(time, UTC):%Y%m%d%H%M}.{commit}"


def build(asked: Asked, out: Path) -> dict[str, str]:
    """Build an image with everything beside it; return a checksum of each part, and of the whole."""
    shutil.rmtree(out, ignore_errors=True)
    work = out / "work"
    source, root = work / "source", work / "root"
    source.mkdir(parents=True)
    archive = run("git", "-C", REPOSITORY, "archive", "--format=tar", asked.commit)
    run("tar", "--extract", f"--directory={source}", given=archive)
    has_rom, screen = _has_rom(source, asked), screen_of(source, asked.kind)
    tree.lay(root, screens.root(screen), environment.foreign(), source, asked.time)
    components = [*_system_packages(root, asked), *sbom.python(root / environment.PACKAGES)]
    parts = _boot_partitions(asked, root, source, work)
    tree.strip(root, asked.version)
    updating.lay(root, asked.about, asked.keyring)
    parts += [_data(root, work, asked.time), _system(root, work, asked.time)]
    image = out / f"{asked.name}.img"
    disk.write(image, disk.layout(work, data_mebibytes=DATA_MEBIBYTES), has_rom=has_rom)
    beside = [*_beside(asked, out, components), *bundle.leave(out, asked.about, parts[-1], work / "boot_a.vfat")]
    sums = {path.name: _sum(path) for path in [*parts, image, *beside]}
    (out / f"{asked.name}.sha256").write_text("".join(f"{sum_}  {name}\n" for name, sum_ in sums.items()))
    run("zstd", "-12", "--quiet", "--force", "-T0", "--long=27", image)
    _say(root, work / "system.erofs", image)
    shutil.rmtree(work)
    return sums


def _boot_partitions(asked: Asked, root: Path, source: Path, work: Path) -> list[Path]:
    boot = work / "boot"
    run(sys.executable, source / "firmware-config" / "render.py", asked.board, asked.kind, boot)
    slots.fill(boot / "boot_a", root, initrd.pack(root, may_lack=asked.kernel is not None))
    shutil.copyfile(root / "usr/lib/raspi-firmware" / slots.LOADER, boot / "bootcfg" / slots.LOADER)
    shutil.rmtree(boot / "boot_b")  # the first update fills it
    (boot / "boot_b").mkdir()
    made = [work / f"{name}.vfat" for name in slots.SIZES]
    for partition in made:
        slots.pack(boot / partition.stem, partition, asked.time)
    return made


def _system_packages(root: Path, asked: Asked) -> list[sbom.Component]:
    """Lay what a kernel needs besides; return what the system is made of."""
    debian = sbom.debian(root)
    if asked.kernel:
        return vendor.lay(root, asked.kernel, debian)
    return [*debian, *modules.lay(root, asked.version)]


def _has_rom(source: Path, asked: Asked) -> bool:
    """Tell whether a board starts from a ROM, and not from a loader of its own that is newer.

    Raises:
        BuildError: it needs another kernel than the one that is asked for.
    """
    told = _told(source, "boards", asked.board)
    if told["kernel"] == "vendor" and not asked.kernel:
        raise BuildError(
            f"a {told['title']} needs another kernel than Debian's; lay {vendor.HINT} into a folder and say --kernel"
        )
    if told["kernel"] == "debian" and asked.kernel:
        raise BuildError(f"the settings of a {told['title']} are for Debian's kernel; leave --kernel out")
    return str(told["device_tree"]).startswith(("bcm2837", "bcm2710"))


def screen_of(source: Path, kind: str) -> str:
    """Return what a kind of unit says of its screen: none, small, kiosk."""
    return str(_told(source, "kinds", kind).get("screen", "none"))


def _told(source: Path, folder: str, name: str) -> dict[str, object]:
    """Read the description of a board or of a kind of unit.

    Raises:
        BuildError: there is none of that name.
    """
    path = source / "firmware-config" / folder / f"{name}.toml"
    if not path.exists():
        there = ", ".join(sorted(one.stem for one in path.parent.glob("*.toml")))
        raise BuildError(f"firmware-config/{folder} has no {name}; say one of {there}")
    return tomllib.loads(path.read_text())


def _data(root: Path, work: Path, time: int) -> Path:
    disk.data(root, work / "data.ext4", DATA_MEBIBYTES, time)
    return work / "data.ext4"


def _system(root: Path, work: Path, time: int) -> Path:
    made = work / "system.erofs"
    run("mkfs.erofs", "-zlz4hc", "-C65536", f"-T{time}", f"-U{disk.DISK[:-1]}4", "--quiet", made, root)
    return made


def _beside(asked: Asked, results: Path, components: list[sbom.Component]) -> list[Path]:
    """Write what an image is made of, beside it."""
    bill, list_ = results / f"{asked.name}.cdx.json", results / f"{asked.name}.licences.txt"
    moment = datetime.fromtimestamp(asked.time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    bill.write_text(sbom.cyclonedx(asked.name, asked.version, moment, components))
    list_.write_text(sbom.licences(components))
    return [bill, list_]


def _say(root: Path, system: Path, image: Path) -> None:
    unpacked = int(run("du", "--summarize", "--bytes", root).split()[0])
    packed, slot = image.with_suffix(".img.zst").stat().st_size, system.stat().st_size
    sizes = f"its root unpacked {unpacked / 1e6:.0f} MB, in its slot {slot / 1e6:.0f} MB"
    print(f"image: {image}.zst: {packed / 1e6:.0f} MB; {sizes}", flush=True)


def compare(first: dict[str, str], second: dict[str, str]) -> None:
    """Say of every part whether it came out the same.

    Raises:
        BuildError: one did not.
    """
    different = [name for name in first if first[name] != second.get(name)]
    for name in first:
        print(f"image: {'DIFFERENT' if name in different else 'the same bytes twice'}: {name}", flush=True)
    if different:
        raise BuildError(f"built twice, and not the same: {', '.join(different)}")


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    main()
