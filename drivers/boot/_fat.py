"""One small file at the root of a FAT partition that nobody has mounted: read, and written over in its place.

A file system that is mounted to change a word writes several sectors, and a power cut in between leaves a partition
that the firmware may not read. Here one sector is written, or none: no length, no table, no directory changes.
"""

import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Final

from drivers.boot import BootError

_ENTRY: Final = 32
_LONG_NAME: Final = 0x0F
_VOLUME_OR_FOLDER: Final = 0x18
_SECTORS: Final = (512, 1024, 2048, 4096)


def read(partition: Path, name: str) -> bytes:
    """Return what is in a file.

    Raises:
        BootError: there is no such partition, file system or file, or the file is larger than a sector.
    """
    handle = _open(partition, os.O_RDONLY)
    try:
        at, size, _sector = _find(handle, partition, name)
        return os.pread(handle, size, at)
    except OSError as error:
        raise BootError(f"{partition}: {error.strerror}") from error
    finally:
        os.close(handle)


def change(partition: Path, name: str, changed: Callable[[bytes], bytes]) -> None:
    """Write over a file with what is made of it, durably; nothing is written if nothing differs.

    Raises:
        BootError: as `read`, or it would be longer or shorter, or the disk failed.
    """
    handle = _open(partition, os.O_RDWR)
    try:
        at, size, sector = _find(handle, partition, name)
        whole = os.pread(handle, sector, at)
        before = whole[:size]
        after = changed(before)
        if len(after) != size:
            raise BootError(f"{name} would have another length, and is written over in its place only")
        if after != before:
            os.pwrite(handle, after + whole[size:], at)
            os.fsync(handle)
    except OSError as error:
        raise BootError(f"{partition}: {error.strerror}") from error
    finally:
        os.close(handle)


def _open(partition: Path, flags: int) -> int:
    try:
        return os.open(partition, flags | os.O_CLOEXEC)
    except OSError as error:
        raise BootError(f"{partition}: {error.strerror}") from error


def _find(handle: int, partition: Path, name: str) -> tuple[int, int, int]:
    """Return where a file begins, its length, and the length of a sector."""
    head = os.pread(handle, 512, 0)
    if len(head) < 512 or head[510:512] != b"\x55\xaa":  # noqa: PLR2004 - the mark at the end of a boot sector
        raise BootError(f"{partition}: no FAT file system")
    sector, per_cluster, reserved, tables, entries, _, _, of_table = struct.unpack_from("<HBHBHHBH", head, 11)
    of_table = of_table or struct.unpack_from("<I", head, 36)[0]
    if sector not in _SECTORS or not per_cluster or not of_table:
        raise BootError(f"{partition}: no FAT file system")
    root = (reserved + tables * of_table) * sector
    area = root + entries * _ENTRY  # of the clusters; the first of them has number 2
    cluster = per_cluster * sector
    if not entries:  # FAT32: the root lies in a cluster of its own; what is sought is among the first files
        root += (struct.unpack_from("<I", head, 44)[0] - 2) * cluster
    listing = os.pread(handle, entries * _ENTRY or cluster, root)
    stem, _, ending = name.upper().partition(".")
    wanted = f"{stem:<8}{ending:<3}".encode()
    for at in range(0, len(listing), _ENTRY):
        one = listing[at : at + _ENTRY]
        if not one[0]:
            break
        attributes = one[11]
        if one[:11] != wanted or attributes & _LONG_NAME == _LONG_NAME or attributes & _VOLUME_OR_FOLDER:
            continue
        high, low, size = struct.unpack_from("<H4xHI", one, 20)
        if not 0 < size <= sector:
            raise BootError(f"{partition}: {name} has {size} bytes, and should fit into a sector of {sector}")
        return area + ((high << 16 | low) - 2) * cluster, size, sector
    raise BootError(f"{partition}: there is no {name}")
