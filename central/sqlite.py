"""SQLite below SQLAlchemy: the driver's build that is safe, and transactions that begin where they are said to.

SQLAlchemy's manual would have us listen for the beginnings of transactions. An engine that is listened to pays for it
at every statement, though: a third of what a short one costs.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pysqlite3
import sqlalchemy as sa
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

_DRIVER: Final = "machitap"
_READING: Final = "reading"
_BUSY_MS: Final = 10_000
_ROOM_KIB: Final = 65_536  # SQLite itself takes 2,000
_STATEMENTS: Final = 512  # are kept prepared; there are some three hundred, and the driver itself keeps 100


class Dialect(SQLiteDialect_pysqlite):
    """SQLAlchemy's own, except that a transaction takes the write lock at its start, or never."""

    driver = _DRIVER
    supports_statement_cache = True

    @classmethod
    def import_dbapi(cls) -> Any:  # SQLAlchemy's type for a driver is its own secret
        return pysqlite3

    def do_begin(self, dbapi_connection: Any) -> None:
        is_reading = dbapi_connection.info.pop(_READING, False)
        dbapi_connection.execute("BEGIN" if is_reading else "BEGIN IMMEDIATE")


registry.register(f"sqlite.{_DRIVER}", __name__, Dialect.__name__)


def open_sqlite(url: str, *, connect_args: Mapping[str, Any] | None = None, **options: Any) -> sa.Engine:
    """Open an SQLite database; every commit of it waits for the disk."""
    ours = sa.make_url(url).set(drivername=f"sqlite+{_DRIVER}")
    engine = sa.create_engine(ours, connect_args={"cached_statements": _STATEMENTS, **(connect_args or {})}, **options)
    sa.event.listen(engine, "connect", _set_up)
    return engine


def open_alone(path: Path, *, to_write: bool) -> sa.Engine:
    """Open a file that nobody else uses, wherever it lies: also on a share or a stick that knows no locks.

    Whoever writes it waits for the disk himself, and throws the file away if he is interrupted.
    """
    how = "vfs=unix-none" if to_write else "immutable=1"
    uri = f"file:{quote(str(path.absolute()))}?{how}"

    def connect() -> Any:
        opened = pysqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
        if to_write:
            for pragma in ("journal_mode = OFF", "synchronous = OFF"):
                opened.execute(f"PRAGMA {pragma}").fetchall()
        return opened

    return sa.create_engine(f"sqlite+{_DRIVER}://", creator=connect, poolclass=sa.NullPool)


def give_room(connection: sa.Connection) -> None:
    """Let a connection keep more of the file in memory as long as it lives: a year is added up all over it."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA cache_size = -{_ROOM_KIB}")


def begin_reading(connection: sa.Connection) -> None:
    """Begin a transaction that only reads: it sees one state of the books, and waits for nobody."""
    connection.info[_READING] = True
    connection.begin()


def _set_up(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver must not begin transactions of its own
    for pragma in ("synchronous = EXTRA", "journal_mode = WAL", "synchronous = FULL", f"busy_timeout = {_BUSY_MS}"):
        connection.execute(f"PRAGMA {pragma}").fetchall()
