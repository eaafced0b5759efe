"""The playback itself: what must be on a disk after a cut, and what may be."""

import random
import struct
from pathlib import Path

from tests.image import writelog
from tests.image.writelog import DISCARD, FLUSH, FUA, MAGIC, Write

SECTOR = 512
WRITES = [(8, b"a", 0), (9, b"b", 0), (0, b"", FLUSH), (8, b"c", 0), (9, b"d", FUA), (10, b"e", 0)]


def record(path: Path) -> Path:
    parts = [struct.pack("<QQQI", MAGIC, 1, 0, SECTOR).ljust(SECTOR, b"\0")]
    for start, letter, flags in WRITES:
        parts += [struct.pack("<QQQQ", start, len(letter), flags, 0).ljust(SECTOR, b"\0"), letter * SECTOR]
    parts.append(struct.pack("<QQQQ", 8, 1, DISCARD, 0).ljust(SECTOR, b"\0"))
    parts.append(struct.pack("<QQQQ", 8, 1, 0, 0).ljust(SECTOR, b"\0") + b"torn")
    path.write_bytes(b"".join(parts))
    return path


def test_a_record_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    path = record(tmp_path / "record")
    found = list(writelog.read(path))
    assert [(write.start // SECTOR, write.content[:1]) for write in found] == [
        *((start, letter) for start, letter, _ in WRITES),
        (8, b"\0"),
    ]
    assert [write.is_flush for write in found] == [False, False, True, False, False, False, False]
    assert found[-1].end == path.stat().st_size - SECTOR - len(b"torn")


def test_what_was_flushed_is_there_and_of_the_rest_anything(tmp_path: Path) -> None:
    writes = list(writelog.read(record(tmp_path / "record")))[:6]
    seen = set()
    for seed in range(60):
        left = writelog.cut(writes, random.Random(seed))  # noqa: S311 - the same dice every time
        assert left[:3] == writes[:3]
        seen.add("".join(write.content[:1].decode() for write in left[3:]))
    assert seen == {"d", "cd", "de", "cde"}, "what was written past the disk's memory is always there"


def test_it_is_played_onto_a_partition(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(3 * SECTOR))
    played = [
        Write(start, letter * SECTOR, False, False, 0) for start, letter in ((0, b"x"), (4096, b"a"), (4608, b"b"))
    ]
    writelog.play(played, disk, 4096)
    assert [disk.read_bytes()[at : at + 1] for at in (0, SECTOR, 2 * SECTOR)] == [b"a", b"b", b"\0"]
