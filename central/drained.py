"""Which lives of units the office has drained: they give everything back, and are granted nothing more.

Derived, as everything that is added up.
"""

from collections.abc import Iterable
from typing import Final

import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text

from central.upsert import upsert
from sync.entries import Entry
from sync.messages import OFFICE_STREAM
from sync.rights import Drained

metadata = MetaData()

drained_life = Table(
    "drained_life",
    metadata,
    Column("unit", Text, primary_key=True),
    Column("life", BigInteger, primary_key=True),
    Column("is_on", Integer, nullable=False),  # 0: the office has taken it back
)

_LIVES: Final = sa.select(drained_life.c.unit, drained_life.c.life).where(drained_life.c.is_on == 1)


def note(connection: sa.Connection, entries: Iterable[Entry]) -> None:
    """Note what the office said last of each life."""
    for entry in entries:
        match entry.fact:
            case Drained(of=unit, life=life, on=on) if entry.unit == OFFICE_STREAM:
                row = {"unit": unit, "life": life, "is_on": int(on)}
                upsert(connection, drained_life, [row], lambda new: {"is_on": new.is_on})
            case _:
                pass


def lives(connection: sa.Connection) -> frozenset[tuple[str, int]]:
    """Return the lives that are drained now: units and their numbers."""
    return frozenset((row.unit, row.life) for row in connection.execute(_LIVES))
