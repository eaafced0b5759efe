"""A journal's folder on the real file system."""

from pathlib import Path

import pytest

from drivers.disk.file import Driver


def test_a_move_that_stops_half_way_leaves_the_file_with_its_log(tmp_path: Path) -> None:
    """With the file gone and its log left, the log would be taken for that of the next file of this name."""
    for name in ("journal.db", "journal.db-wal"):
        (tmp_path / name).write_bytes(name.encode())
    (tmp_path / "aside-wal").mkdir()  # nothing can be renamed over a folder: as if the power went just there
    with pytest.raises(OSError, match="directory"):
        Driver(Driver.Options(str(tmp_path))).move("journal.db", "aside")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["aside-wal", "journal.db", "journal.db-wal"]
