"""The limit beside the centre's: entries put into one table with nothing around them, 500 rows a commit."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import psycopg
import pysqlite3

from sync.segment import Segment

_COLUMNS: Final = "unit TEXT, boot TEXT, seq BIGINT, body TEXT, hash {bytes}, PRIMARY KEY (unit, boot, seq)"
_Rows = list[tuple[str, str, int, str, bytes]]


def sqlite(path: Path, journal: Sequence[Segment]) -> float:
    """Return how many entries a second a fresh SQLite database takes."""
    connection = pysqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"CREATE TABLE entry ({_COLUMNS.format(bytes='BLOB')}) WITHOUT ROWID")
    rate = _insert(connection, "INSERT INTO entry VALUES (?, ?, ?, ?, ?)", journal)
    connection.close()
    return rate


def postgres(url: str, journal: Sequence[Segment]) -> float:
    """Return how many entries a second a table of PostgreSQL takes, given a URL as its own tools know it."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE TABLE entry ({_COLUMNS.format(bytes='BYTEA')})")
        rate = _insert(connection.cursor(), "INSERT INTO entry VALUES (%s, %s, %s, %s, %s)", journal)
        connection.execute("DROP TABLE entry")
    return rate


def _insert(connection: Any, statement: str, journal: Sequence[Segment]) -> float:
    batches = [_rows(segment) for segment in journal]
    began = time.perf_counter()
    for rows in batches:
        connection.execute("BEGIN")
        connection.executemany(statement, rows)
        connection.execute("COMMIT")
    return sum(map(len, batches)) / (time.perf_counter() - began)


def _rows(segment: Segment) -> _Rows:
    places = enumerate(zip(segment.bodies, segment.hashes(), strict=True), segment.first)
    return [(segment.unit, segment.boot, seq, body.decode(), hashed) for seq, (body, hashed) in places]
