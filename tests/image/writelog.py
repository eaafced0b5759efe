"""What a disk is after a cut: QEMU's record of every write (driver `blklogwrites`), played back to a point.

The record has the form of the kernel's dm-log-writes: a head, then for each write where it went, how, and what.
A disk may keep in its memory whatever it was not told to flush, and write it in any order. So at a cut all that came
before the last flush is there, and of the rest whichever the dice say.
"""

import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MAGIC = 0x6A736677736872
_HEAD = struct.Struct("<QQQI")  # magic, version, entries, size of a sector
_ENTRY = struct.Struct("<QQQQ")  # sector, sectors, flags, length of a mark
_UNIT = 512  # sectors in the entries are so large, whatever the head says
FLUSH, FUA, DISCARD = 1, 2, 4


@dataclass(frozen=True)
class Write:
    """One write, and where in the record it ends.

    Attributes:
        start: the first byte on the disk.
        content: what was written; zeros where the disk was told to forget.
        is_flush: everything before it was to be on the disk first.
        is_direct: it was to be on the disk itself before it was answered.
        end: the record's length with it.
    """

    start: int
    content: bytes
    is_flush: bool
    is_direct: bool
    end: int


def read(record: Path) -> Iterator[Write]:
    """Yield the writes of a record, as far as it goes: whoever wrote it was killed."""
    with record.open("rb") as file:
        magic, version, _, sector = _HEAD.unpack(file.read(_HEAD.size))
        # The head is written at a flush, which the slot of an emulated card never asks for: it may not be there yet.
        assert (magic, version) in ((MAGIC, 1), (0, 0)), "no record of writes"
        sector = sector or _UNIT
        file.seek(sector)
        while True:
            head = file.read(sector)
            if len(head) < sector:
                return
            start, count, flags, _ = _ENTRY.unpack(head[: _ENTRY.size])
            content = bytes(count * sector) if flags & DISCARD else file.read(count * sector)
            if len(content) < count * sector:
                return
            yield Write(start * sector, content, bool(flags & FLUSH), bool(flags & FUA), file.tell())


def cut(writes: list[Write], dice: random.Random) -> list[Write]:
    """Return which of the writes up to a cut reached the disk."""
    flushed = max((at for at, write in enumerate(writes) if write.is_flush), default=-1)
    rest = [write for write in writes[flushed + 1 :] if write.is_direct or dice.random() < 0.5]
    return writes[: flushed + 1] + rest


def play(writes: list[Write], disk: Path, start: int) -> None:
    """Write them to a copy of a partition that began at a byte of the disk; what lies before it is left out."""
    with disk.open("r+b") as file:
        for write in writes:
            if write.start >= start:
                file.seek(write.start - start)
                file.write(write.content)
