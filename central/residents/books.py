"""What was said about residents' files, in tables: how each stands, whose each card is, who looked at whose name.

Derived, as everything that is added up. They hold pseudonyms; what stands in the files is in `store.resident_file`.
"""

from collections.abc import Iterable
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, Index, MetaData, Table, Text

from central.kept import Kept
from central.residents.standing import STANDINGS, Standing
from central.upsert import upsert
from sync.entries import Entry
from sync.messages import OFFICE_STREAM
from sync.residents import CardBound, NamesRead

metadata = MetaData()

resident = Table("resident", metadata, Column("key", Text, primary_key=True), Column("state", Text, nullable=False))

card = Table("resident_card", metadata, Column("card", Text, primary_key=True), Column("holder", Text, nullable=False))

read = Table(
    "resident_read",
    metadata,
    Column("boot", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("holder", Text, primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("why", Text, nullable=False),
    Index("resident_read_by_holder", "holder"),
)

_STANDINGS: Final = Kept(resident, STANDINGS)


class Reading(msgspec.Struct, frozen=True):
    """Somebody looked into a file."""

    holder: str
    at_ms: int
    by: str
    why: str


def note(connection: sa.Connection, entries: Iterable[Entry]) -> None:
    """Note what the office said, within the caller's transaction; nobody else has a say in it."""
    ours = [entry for entry in entries if entry.unit == OFFICE_STREAM]
    _STANDINGS.note(connection, ours)
    for entry in ours:
        match entry.fact:
            case CardBound(of=holder, card=name):
                upsert(connection, card, [{"card": name, "holder": holder}], lambda new: {"holder": new.holder})
            case NamesRead(of=holders, by=by, why=why):
                place = {"boot": entry.boot, "seq": entry.seq, "at_ms": entry.at, "by": by, "why": why}
                connection.execute(sa.insert(read), [place | {"holder": holder} for holder in sorted(set(holders))])
            case _:
                pass


def standing(connection: sa.Connection, holder: str) -> Standing:
    """Return how a file stands, also one that was merged."""
    return _STANDINGS.state(connection, holder)


def every(connection: sa.Connection) -> dict[str, Standing]:
    """Return how each file stands, by holder."""
    holders = list(connection.execute(sa.select(resident.c.key).order_by(resident.c.key)).scalars())
    return _STANDINGS.states(connection, holders)


def holder_of(connection: sa.Connection, name: str) -> str | None:
    """Return the file that counts for a card, through merges; None for a card of nobody."""
    holder: str | None = connection.execute(sa.select(card.c.holder).where(card.c.card == name)).scalar()
    return None if holder is None else counting(connection, holder)


def counting(connection: sa.Connection, holder: str) -> str:
    """Return the file that counts in the place of one that was merged, or the same."""
    while into := standing(connection, holder).into:
        holder = into
    return holder


def agrees(connection: sa.Connection, name: str, program: str) -> bool:
    """Tell whether the holder of a card agrees that a program uses what the town knows of them."""
    holder = holder_of(connection, name)
    return holder is not None and standing(connection, holder).agrees_to(program)


def readings(connection: sa.Connection, holder: str | None, limit: int) -> list[Reading]:
    """Return who looked into a file (or into any), the latest first."""
    asked = sa.select(read.c.holder, read.c.at_ms, read.c.by, read.c.why)
    if holder:
        asked = asked.where(read.c.holder == holder)
    asked = asked.order_by(read.c.at_ms.desc(), read.c.boot, read.c.seq.desc(), read.c.holder).limit(limit)
    return [Reading(row.holder, row.at_ms, row.by, row.why) for row in connection.execute(asked)]
