"""How the centre's SQLite is opened: whoever was told that something is held can rely on it, also after a power cut."""

from pathlib import Path

from central import store

FULL = 2  # as SQLite numbers it: a commit is on the disk before it returns


def test_every_connection_waits_for_the_disk(tmp_path: Path) -> None:
    engine = store.open_engine(f"sqlite:///{tmp_path / 'town.db'}")
    with engine.connect() as one, store.reading(engine) as other:
        for connection in (one, other):
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == FULL
    engine.dispose()
