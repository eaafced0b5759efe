"""The simulated disk, where it has to be like a real one in what it forgets."""

import apsw
import pytest

from drivers.disk.sim import Driver as Disk


def opened(disk: Disk) -> apsw.Connection:
    """Open a database as a journal is opened: with a log that nobody shares."""
    connection = disk.connect("kept.db")
    for pragma in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = FULL"):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    return connection


def test_a_card_that_is_copied_lacks_what_failing_syncs_should_have_written() -> None:
    """Who still reads it on the running machine reads Linux's memory, and not the card."""
    disk, other = Disk(), Disk()
    connection = opened(disk)
    connection.execute("CREATE TABLE kept (n INTEGER)")
    connection.execute("INSERT INTO kept VALUES (1)")
    disk.broken = True
    with pytest.raises(apsw.IOError):
        connection.execute("INSERT INTO kept VALUES (2)")
    other.restore(disk.snapshot())
    disk.broken = False  # so that what is open can be closed
    assert opened(other).execute("SELECT n FROM kept").fetchall() == [(1,)]
