"""The centre's tables, and how its database is opened: SQLite by default, PostgreSQL by URL.

The truth is in `segment`: what arrived, as it arrived, in order of arrival. `branch` says how far each boot reaches;
it could be read off the segments again, and is kept so that a delivery needs no look into the past. What the programs
make of it is in tables of their own, which can be dropped and made again at any time (see `central.reconcile`).
"""

from contextlib import closing
from typing import Any, Final

import pysqlite3
import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Table, Text

from central.sqlite import begin_reading, open_sqlite

SCHEMA: Final = "0002"  # the last step in central/migrations/versions
SQLITE_OLDEST: Final = (3, 51, 3)  # older ones can corrupt a write-ahead log
GENERATION: Final = "generation"  # the setting that says which history of this town's books this is
_PG_DISK_FULL: Final = "53100"  # appendix A of the PostgreSQL manual

_BigKey = BigInteger().with_variant(Integer, "sqlite")  # only INTEGER counts up by itself in SQLite


class SchemaError(Exception):
    """The database has the tables of another version; the message says what to do."""


class UnsafeDatabaseError(Exception):
    """This database would lose data; the message says what to install."""


def is_full(error: BaseException | None) -> bool:
    """Tell whether a database said that its disk is full.

    SQLite then ends the transaction by itself, so what failed last may be the rollback to a savepoint that is gone.
    """
    while error is not None:
        if getattr(error, "sqlite_errorname", "") == "SQLITE_FULL" or getattr(error, "sqlstate", "") == _PG_DISK_FULL:
            return True
        error = error.__context__
    return False


metadata = MetaData()

segment = Table(
    "segment",
    metadata,
    Column("n", _BigKey, primary_key=True, autoincrement=True),
    Column("writer", Text, nullable=False),
    Column("boot", Text, nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),  # it counts up to here; what fills a hole is signed further behind
    Column("received_ms", BigInteger, nullable=False),
    Column("packed", LargeBinary, nullable=False),
    Index("segment_by_place", "writer", "boot", "first", unique=True),
)

branch = Table(
    "branch",
    metadata,
    Column("writer", Text, primary_key=True),
    Column("boot", Text, primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("after_boot", Text),
    Column("after_seq", BigInteger),
    Column("after_hash", Text),
    Column("seq", BigInteger, nullable=False),
    Column("hash", Text, nullable=False),
    Column("durable", BigInteger, nullable=False, server_default="0"),
    Column("grown_n", BigInteger, nullable=False),  # the segment by which it last grew: of two ends the newer is alive
    Column("is_end", Integer, nullable=False),  # 1: no other boot continues its last entry
    Column("settled", Integer, nullable=False, server_default="0"),  # 1: a person has looked at this end
)
IS_END: Final = branch.c.is_end == sa.literal_column("1")
"""Spelled out: where a value is bound instead, SQLite plans anew each time, to see whether `branch_ends` is of use."""
Index("branch_ends", branch.c.writer, sqlite_where=IS_END, postgresql_where=IS_END)
Index("branch_children", branch.c.writer, branch.c.after_boot)

hole = Table(
    "hole",
    metadata,
    Column("writer", Text, primary_key=True),
    Column("boot", Text, primary_key=True),
    Column("first", BigInteger, primary_key=True),
    Column("last", BigInteger, primary_key=True),
    Column("prev", Text),
    Column("declared_in", Text, nullable=False),
)

unit = Table(
    "unit",
    metadata,
    Column("name", Text, primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("fence", Text, nullable=False, server_default=""),
    Column("fence_before", Text, nullable=False, server_default=""),
    Column("contact_ms", BigInteger),
    Column("report", Text),
    Column("refused", Integer, nullable=False, server_default="0"),
    Column("refusal", Text),
    Column("unheard", Integer, nullable=False, server_default="0"),  # 1: it may know more than a restored centre does
)

unit_key = Table(
    "unit_key",
    metadata,
    Column("unit", Text, primary_key=True),
    Column("epoch", Integer, primary_key=True),
    Column("public", Text, nullable=False, unique=True),
    Column("enrolled_ms", BigInteger, nullable=False),
)

code = Table(
    "code",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("unit", Text, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("used_ms", BigInteger),
)

incident = Table(
    "incident",
    metadata,
    Column("n", _BigKey, primary_key=True, autoincrement=True),
    Column("unit", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("opened_ms", BigInteger, nullable=False),
    Column("detail", Text, nullable=False),
    Column("evidence", LargeBinary),
    Column("closed_ms", BigInteger),
    Column("closed_because", Text),
)

resident_file = Table(
    "resident_file",
    metadata,
    Column("holder", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False),  # see central.residents.sealing; its hash is in the office's journal
)

setting = Table(
    "setting",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)


def open_engine(url: str, **options: Any) -> sa.Engine:
    """Open the database behind an SQLAlchemy URL; `sqlite:///path` or `postgresql+psycopg://…`.

    A transaction takes SQLite's write lock at its start, so that what was read is still true when it is written.
    `options` go to SQLAlchemy.

    Raises:
        UnsafeDatabaseError: the SQLite at hand has a known fault that loses data.
    """
    if not url.startswith("sqlite"):
        return sa.create_engine(url, pool_pre_ping=True, **options)
    if pysqlite3.sqlite_version_info < SQLITE_OLDEST:
        raise UnsafeDatabaseError(f"SQLite {pysqlite3.sqlite_version} can corrupt a database; update pysqlite3")
    return open_sqlite(url, **options)


def check_schema(engine: sa.Engine) -> None:
    """Make sure that the database has the tables of this version.

    Raises:
        SchemaError: it has others.
    """
    with reading(engine) as connection:
        known = sa.inspect(connection).has_table("alembic_version")
        found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() if known else "none"
    if found != SCHEMA:
        raise SchemaError(f"the database is at version {found}, this is {SCHEMA}; say: machi central init FOLDER")


def reading(engine: sa.Engine) -> sa.Connection:
    """Return a connection that only reads and never waits for a writer."""
    connection = engine.connect()
    if engine.dialect.name == "sqlite":
        begin_reading(connection)
    return connection


def snapshot(engine: sa.Engine) -> sa.Connection:
    """Return the same, where everything that it reads is as it was at one moment, however long that takes."""
    connection = reading(engine)
    if engine.dialect.name != "sqlite":
        connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return connection


def write_log_anew(engine: sa.Engine) -> None:
    """Fold back what a killed process left in SQLite's write-ahead log.

    After a sync that failed, the log may read well and yet never reach the disk: Linux forgets that it should. What is
    written behind it would be lost with it. On a full disk the log stays as it is: nothing can be written behind it.
    """
    if engine.dialect.name != "sqlite":
        return
    with closing(engine.raw_connection()) as connection:  # outside any transaction
        try:
            connection.cursor().execute("PRAGMA wal_checkpoint(FULL)").fetchall()
        except pysqlite3.OperationalError as error:
            if not is_full(error):
                raise
