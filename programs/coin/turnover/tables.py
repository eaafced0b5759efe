"""The tables of this room: when each card paid first, and which months were published, with what had arrived then.

Derived, as everything that is added up.
"""

from collections.abc import Iterable
from typing import Final

import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, MetaData, Table, Text

from central.published import Shelf, shelf_table
from central.upsert import Upsert
from programs.coin.turnover.counting import WAYS
from programs.coin.turnover.facts import Published
from sync.entries import Entry
from sync.touches import Paying

metadata = MetaData()

payer = Table(
    "coin_payer",
    metadata,
    Column("card", Text, primary_key=True),
    Column("first_at", BigInteger, nullable=False),  # Unix milliseconds by the clock of who wrote it
)

published: Final = Shelf(shelf_table("coin_published", metadata), Published, "turnover")

_FIRST: Final = Upsert(
    payer, lambda new: {"first_at": sa.case((new.first_at < payer.c.first_at, new.first_at), else_=payer.c.first_at)}
)


def note_payers(connection: sa.Connection, entries: Iterable[Entry]) -> None:
    """Note when each card paid for the first time, within the caller's transaction."""
    first: dict[str, int] = {}
    for entry in entries:
        if entry.kind in WAYS and isinstance(entry.fact, Paying):
            card = entry.fact.paid(entry.unit).card
            first[card] = min(entry.at, first.get(card, entry.at))
    _FIRST(connection, [{"card": card, "first_at": at} for card, at in sorted(first.items())])
