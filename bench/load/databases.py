"""Where the towns' books are kept: a SQLite file for each town, or a schema for each in one PostgreSQL."""

from pathlib import Path
from typing import Final, Protocol

import psycopg
from psycopg import sql

from bench import bare
from bench.journals import segments
from bench.processes import family
from drivers.keystore.sim import Driver as Keystore
from sync.segment import Segment
from tests.postgres import Postgres as Server

BARE_SEGMENTS: Final = 100


class Database(Protocol):
    name: str

    def bare(self, folder: Path) -> float:
        """Return how many entries a second it takes with nothing around it."""

    def url(self, town: str) -> str:
        """Return a fresh database for a town, as an SQLAlchemy URL; empty: a file in its folder."""

    def drop(self, town: str) -> None: ...

    def processes(self) -> list[int]:
        """Return the processes of its server; none, if it has none."""


class Sqlite:
    name: str = "SQLite"

    def bare(self, folder: Path) -> float:
        return bare.sqlite(folder / "bare.db", _journal())

    def url(self, town: str) -> str:
        del town
        return ""

    def drop(self, town: str) -> None:
        """Nothing is left to do: the file goes with its folder."""

    def processes(self) -> list[int]:
        return []


class Postgres:
    name: str = "PostgreSQL"

    def __init__(self, server: Server) -> None:
        self._server = server

    def bare(self, folder: Path) -> float:
        del folder
        return bare.postgres(self._server.libpq_url, _journal())

    def url(self, town: str) -> str:
        self._say("CREATE SCHEMA {}", town)
        return f"{self._server.url}&options=-csearch_path%3D{town}"

    def drop(self, town: str) -> None:
        self._say("DROP SCHEMA {} CASCADE", town)

    def processes(self) -> list[int]:
        return family(self._server.pid)

    def _say(self, statement: str, schema: str) -> None:
        with psycopg.connect(self._server.libpq_url, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(sql.Identifier(schema)))


def _journal() -> list[Segment]:
    return list(segments(Keystore(), "bare", "0" * 16, BARE_SEGMENTS))
