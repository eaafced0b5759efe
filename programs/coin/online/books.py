"""The payments from residents' pages, by number and by bill: derived, like everything that is added up."""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, Index, MetaData, Table, Text

from central.upsert import upsert
from programs.coin.online.facts import PaidOnline
from sync.entries import Entry
from sync.messages import ONE_UNIT

metadata = MetaData()

# Made here, in one thread: msgspec 0.22 crashes if several threads are the first to read a struct.
_FACT: Final = msgspec.json.Decoder(PaidOnline)

online = Table(
    "coin_online",
    metadata,
    Column("number", Text, primary_key=True),
    Column("boot", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("card", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("bill", Text, nullable=False),
    Column("fact", Text, nullable=False),
    Index("coin_online_by_bill", "unit", "bill"),
    Index("coin_online_by_card", "card"),
)


class Written(msgspec.Struct, frozen=True):
    """A payment, and where it is written: in the journal for the unit that is named in it."""

    boot: str
    seq: int
    at_ms: int
    fact: PaidOnline

    @property
    def entry(self) -> str:
        return f"{ONE_UNIT}{self.fact.to}/{self.boot}/{self.seq}"


def is_ours(entry: Entry) -> bool:
    """Whether an entry is such a payment, in the journal in which it counts: a unit may forge the kind."""
    return isinstance(entry.fact, PaidOnline) and entry.unit == ONE_UNIT + entry.fact.to


def record(connection: sa.Connection, entries: Iterable[Entry]) -> None:
    """Note payments, within the caller's transaction."""
    for entry in entries:
        if is_ours(entry) and isinstance(fact := entry.fact, PaidOnline):
            place = {"boot": entry.boot, "seq": entry.seq, "at": entry.at}
            about = {"number": fact.number, "card": fact.card, "unit": fact.to, "bill": fact.bill}
            row = about | place | {"fact": msgspec.json.encode(fact).decode()}
            upsert(connection, online, [row], lambda _: {"card": online.c.card})  # the first counts


def by_number(connection: sa.Connection, number: str) -> Written | None:
    """Return the payment with a number, or None."""
    return next(_found(connection, online.c.number == number), None)


def is_paid(connection: sa.Connection, unit: str, bill: str) -> bool:
    """Whether a bill of a counter was paid from a page."""
    return next(_found(connection, (online.c.unit == unit) & (online.c.bill == bill)), None) is not None


def latest(connection: sa.Connection, card: str, most: int) -> list[Written]:
    """Return the last payments of a card, the newest first."""
    return list(_found(connection, online.c.card == card, most))


def _found(connection: sa.Connection, wanted: sa.ColumnElement[bool], most: int = 1) -> Iterator[Written]:
    asked = sa.select(online).where(wanted).order_by(online.c.at.desc(), online.c.number).limit(most)
    for row in connection.execute(asked):
        yield Written(row.boot, row.seq, row.at, _FACT.decode(row.fact))
