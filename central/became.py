"""What became of the systems that units were offered, as they say it themselves: of each offer the furthest stage.

Derived, as everything that is added up.
"""

from collections.abc import Iterable
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, MetaData, Table, Text

from central.sieve import Sieve
from central.upsert import upsert
from sync.entries import Entry
from sync.messages import is_stream
from sync.updates import Became, Stage, is_further

metadata = MetaData()

became = Table(
    "became",
    metadata,
    Column("unit", Text, primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("version", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)


_BECAME: Final = Sieve(Became)
_CHANGED: Final = ("version", "stage", "why", "at_ms")


class Outcome(msgspec.Struct, frozen=True):
    """How far an offer came. `at_ms`: by the unit's clock."""

    number: int
    stage: Stage
    why: str
    at_ms: int


def note(connection: sa.Connection, entries: Iterable[Entry]) -> None:
    """Note what units say, within the caller's transaction."""
    for entry in _BECAME(entries):
        fact = entry.fact
        if is_stream(entry.unit) or not isinstance(fact, Became):
            continue
        same = (became.c.unit == entry.unit, became.c.number == fact.number)
        before = connection.execute(sa.select(became.c.stage).where(*same)).scalar()
        if before is None or is_further(fact.stage, before):
            row = {"unit": entry.unit, "number": fact.number, "version": fact.version}
            row |= {"stage": fact.stage.value, "why": fact.why, "at_ms": entry.at}
            upsert(connection, became, [row], lambda new: {name: new[name] for name in _CHANGED})


def outcomes(connection: sa.Connection) -> dict[tuple[str, str], Outcome]:
    """Return, for each unit and version, what became of its last offer of which anything was heard."""
    asked = sa.select(became).order_by(became.c.number)
    return {
        (row.unit, row.version): Outcome(row.number, Stage(row.stage), row.why, row.at_ms)
        for row in connection.execute(asked)
    }


def went_back(connection: sa.Connection) -> frozenset[tuple[str, int]]:
    """Return the offers after which a unit went back: its name, and the number of the offer."""
    asked = sa.select(became.c.unit, became.c.number).where(became.c.stage == Stage.BACK.value)
    return frozenset((row.unit, row.number) for row in connection.execute(asked))
