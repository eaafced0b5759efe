"""What the storage under a folder says of itself: its wear, and what its file system has been through.

An eMMC tells how much of its life is used (JESD84-B51, EXT_CSD 267 to 269: PRE_EOL_INFO and two estimates). An SD card
tells nothing; all that is known of it is how much was written, and what its maker says that it bears.

Sources: Documentation/driver-api/mmc/mmc-dev-attrs.rst and Documentation/ABI/testing/sysfs-fs-ext4 of the Linux kernel.
"""

import os
from pathlib import Path
from typing import Final

import msgspec

from drivers.board._kernel import number, text

_KIB: Final = 1024
_GB: Final = 1_000_000_000
_PERCENT: Final = 100
_STEP_PERCENT: Final = 10  # an eMMC counts its life in tenths
_TENTHS: Final = range(1, 12)  # 1: less than a tenth is used; 11: more than all
_PRE_EOL: Final = range(1, 4)  # normal, warning (80 % of the spare blocks are used), urgent (90 %)
_DEPTH_MAX: Final = 4  # an encrypted partition lies on a plain one; nothing of ours lies deeper


class Storage(msgspec.Struct, frozen=True):
    """As in `drivers.board.Readings`."""

    wear_percent: int | None = None
    is_worn_out: bool | None = None
    file_errors: int | None = None
    written_bytes: int | None = None


def free_bytes(folder: Path) -> int | None:
    try:
        room = os.statvfs(folder)
    except OSError:
        return None
    return room.f_bavail * room.f_frsize


def storage(sys: Path, folder: Path, endurance_gb: int) -> Storage:
    """Look at what carries a folder.

    Args:
        sys: where the kernel shows it.
        folder: where the journal lies.
        endurance_gb: how much may be written to it by its maker's word; 0: not known.
    """
    try:
        number_of = folder.stat().st_dev
        device = (sys / f"dev/block/{os.major(number_of)}:{os.minor(number_of)}").resolve(strict=True)
        chip = _chip(device)
    except (OSError, RuntimeError):  # a file system in memory or over a network has no device; or links go in a ring
        return Storage()
    of_files = sys / "fs/ext4" / device.name
    written_kib = number(of_files / "lifetime_write_kbytes")
    written = None if written_kib is None else written_kib * _KIB
    life, pre_eol = _life_percent(chip), number(chip / "pre_eol_info", 16)
    if life is None and written is not None and endurance_gb:
        life = written * _PERCENT // (endurance_gb * _GB)
    return Storage(
        wear_percent=life,
        is_worn_out=pre_eol == _PRE_EOL[-1] if pre_eol in _PRE_EOL else None,
        file_errors=number(of_files / "errors_count"),
        written_bytes=written,
    )


def _chip(device: Path) -> Path:
    """Return what the disk under a partition is, below any encryption: the folder with the chip's own words."""
    for _ in range(_DEPTH_MAX):
        below = sorted((device / "slaves").glob("*"))
        if not below:
            break
        device = below[0].resolve(strict=True)
    disk = device.parent if (device / "partition").exists() else device
    return disk / "device"


def _life_percent(chip: Path) -> int | None:
    """Return the worse of an eMMC's two estimates; at most so much is used."""
    said = []
    for word in (text(chip / "life_time") or "").split():
        try:
            said.append(int(word, 16))
        except ValueError:
            return None
    tenths = [tenth for tenth in said if tenth in _TENTHS]
    return max(tenths) * _STEP_PERCENT if tenths else None
