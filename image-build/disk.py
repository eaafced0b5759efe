"""The card as a whole: a GPT with fixed names and numbers, written by genimage."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from machine import BuildError, inside, run

MIB = 1 << 20
LINUX = "0fc63daf-8483-4772-8e79-3d69d8477de4"
FAT = "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7"
DATA = "d7a04a11-6d74-4b5a-9c3e-6d6163686974"  # ours alone: systemd-repart finds by it what it may grow
DISK = "6d616368-6974-6170-8000-000000000000"  # the same on every card, as the table is


@dataclass(frozen=True)
class Partition:
    """One partition: its name, what kind, how large, and the file that it begins with."""

    name: str
    kind: str
    mebibytes: int
    file: Path | None


def layout(files: Path, *, system_mebibytes: int = 1024, data_mebibytes: int = 64) -> list[Partition]:
    """Return the partitions of a card; both slots have room for a variant with a screen, so that one can follow it."""
    return [
        Partition("bootcfg", FAT, 16, files / "bootcfg.vfat"),
        Partition("boot_a", FAT, 96, files / "boot_a.vfat"),
        Partition("boot_b", FAT, 96, files / "boot_b.vfat"),
        Partition("system_a", LINUX, system_mebibytes, files / "system.erofs"),
        Partition("system_b", LINUX, system_mebibytes, None),
        Partition("data", DATA, data_mebibytes, files / "data.ext4"),
    ]


def plan(name: str, partitions: list[Partition], *, has_rom: bool = False) -> str:
    """Return what genimage is told.

    Args:
        name: of the card's file.
        partitions: what is on it.
        has_rom: the board starts from a ROM that knows the older table only (MBR), as those before a Pi 4 do; they get
            one beside, with the first partition in it.
    """
    parts = [_part(number, one, has_rom=has_rom) for number, one in enumerate(partitions, start=1)]
    kind = "hybrid" if has_rom else "gpt"
    head = f'partition-table-type = "{kind}"\n        disk-uuid = "{DISK}"\n        align = 1M'
    return f"image {name} {{\n    hdimage {{\n        {head}\n    }}\n" + "".join(parts) + "}\n"


def _part(number: int, one: Partition, *, has_rom: bool) -> str:
    lines = [
        f'partition-type-uuid = "{one.kind}"',
        f'partition-uuid = "{DISK[:-1]}{number}"',
        f"size = {one.mebibytes}M",
        *([f'image = "{one.file}"'] if one.file else []),
        *(["partition-type = 0x0c"] if has_rom and number == 1 else []),  # FAT
    ]
    return f"    partition {one.name} {{\n" + "".join(f"        {line}\n" for line in lines) + "    }\n"


def write(image: Path, partitions: list[Partition], *, has_rom: bool = False) -> None:
    """Write the card.

    Raises:
        BuildError: something does not fit into its partition.
    """
    for one in partitions:
        if one.file and one.file.stat().st_size > one.mebibytes * MIB:
            size = one.file.stat().st_size / MIB
            room = f"{one.name} has room for {one.mebibytes} MiB, and {one.file.name} has {size:.0f}"
            raise BuildError(f"{room}; take something out of image-build/packages")
    with tempfile.TemporaryDirectory(dir=image.parent) as folder:
        work = Path(folder)
        (work / "nothing").mkdir()  # what genimage would copy if it made file systems itself
        (work / "plan").write_text(plan(image.name, partitions, has_rom=has_rom))
        given = {"config": "plan", "rootpath": "nothing", "tmppath": "tmp", "inputpath": "nothing"}
        options = (f"--{name}={work / path}" for name, path in given.items())
        run("genimage", *options, f"--outputpath={image.parent}")


def data(root: Path, into: Path, mebibytes: int, time: int) -> None:
    """Make the empty file system of what a unit keeps.

    By the mke2fs of the image, which is the one that will look after it, and which makes the same bytes twice.
    """
    inner = Path("srv/data.ext4")
    with (root / inner).open("wb") as file:
        file.truncate(mebibytes * MIB)
    # What it grows to is meant, not what it is here: blocks and journal as for a disk of gigabytes.
    shape = ("-t", "ext4", "-T", "default", "-b", "4096", "-J", "size=16", "-m", "0")
    names = ("-L", "data", "-U", f"{DISK[:-1]}6", "-E", f"hash_seed={DISK},root_owner=0:0")
    inside(root, "/usr/sbin/mke2fs", "-q", *shape, *names, f"/{inner}", SOURCE_DATE_EPOCH=str(time))
    run("mv", root / inner, into)
