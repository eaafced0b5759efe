"""The small partitions at the head of a card, which the firmware reads: FAT, the same bytes for the same files."""

import shutil
from pathlib import Path

from machine import BuildError, run

LOADER = "bootcode.bin"  # of a Pi 3, which has none in itself; it is looked for in the first partition
FIRMWARE = ("start.elf", "fixup.dat", "start4.elf", "fixup4.dat")  # of a Pi 3; of a Pi 4 and a CM4
MIB = 1 << 20
SIZES = {"bootcfg": 16 * MIB, "boot_a": 96 * MIB, "boot_b": 96 * MIB}
SERIALS = {"bootcfg": "6d740001", "boot_a": "6d740002", "boot_b": "6d740003"}


def fill(slot: Path, root: Path, initrd: bytes) -> None:
    """Lay kernel, first root, device trees and firmware beside the rendered settings of a slot.

    Raises:
        BuildError: the root has not exactly one kernel.
    """
    kernels = sorted((root / "boot").glob("vmlinuz-*"))
    if len(kernels) != 1:
        raise BuildError(f"one kernel was expected in /boot, and there are {len(kernels)}")
    shutil.copyfile(kernels[0], slot / "vmlinuz")
    (slot / "initrd.img").write_bytes(initrd)
    for tree in sorted((root / "usr/lib").glob("linux-image-*/broadcom/bcm2[78]*.dtb")):
        shutil.copyfile(tree, slot / tree.name)
    for overlay in sorted((root / "usr/lib").glob("linux-image-*/overlays/*.dtbo")):  # Debian's kernel has none
        shutil.copyfile(overlay, slot / "overlays" / overlay.name)
    for name in FIRMWARE:
        shutil.copyfile(root / "usr/lib/raspi-firmware" / name, slot / name)


def pack(folder: Path, into: Path, time: int) -> None:
    """Write a file system of the files in a folder; its name says which partition it is for."""
    name = into.stem
    into.unlink(missing_ok=True)
    with into.open("wb") as file:
        file.truncate(SIZES[name])
    run("mkfs.vfat", "--invariant", "-i", SERIALS[name], "-n", name.upper(), into)
    for path in sorted(folder.rglob("*")):
        inner = f"::{path.relative_to(folder)}"
        command = ("mmd", "-i", into, inner) if path.is_dir() else ("mcopy", "-i", into, path, inner)
        run(*command, SOURCE_DATE_EPOCH=str(time), TZ="UTC")
