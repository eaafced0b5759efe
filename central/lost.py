"""Which lives of units the office has given up, and whether what they signed may still be brought in by hand.

Derived, as everything that is added up.
"""

from collections.abc import Iterable

import msgspec
import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text

from central.upsert import upsert
from sync.entries import Entry
from sync.messages import OFFICE_STREAM
from sync.rights import Lost

metadata = MetaData()

lost_life = Table(
    "lost_life",
    metadata,
    Column("unit", Text, primary_key=True),
    Column("life", BigInteger, primary_key=True),
    Column("stolen", Integer, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)


class LostLife(msgspec.Struct, frozen=True):
    """A life that the office gave up. `at_ms`: when, by the centre. `stolen`: others may have its key."""

    unit: str
    life: int
    stolen: bool
    at_ms: int


def note(connection: sa.Connection, entries: Iterable[Entry]) -> None:
    """Note what the office gave up; that a unit was stolen may be said later, and is never taken back."""
    for entry in entries:
        match entry.fact:
            case Lost(of=unit, life=life, stolen=stolen) if entry.unit == OFFICE_STREAM:
                row = {"unit": unit, "life": life, "stolen": int(stolen), "at_ms": entry.at}
                upsert(
                    *(connection, lost_life, [row]),
                    lambda new: {"stolen": lost_life.c.stolen.bitwise_or(new.stolen)},
                )


def find(connection: sa.Connection, unit: str, life: int) -> LostLife | None:
    """Return what the office said of a life, or None if it has not given it up."""
    asked = sa.select(lost_life).where(lost_life.c.unit == unit, lost_life.c.life == life)
    row = connection.execute(asked).one_or_none()
    return LostLife(row.unit, row.life, bool(row.stolen), row.at_ms) if row else None
