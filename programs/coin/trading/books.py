"""Which card is which shop's own: derived, like everything that is added up."""

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, MetaData, Table, Text

from central.upsert import upsert
from programs.coin.trading.facts import ShopCardSet
from sync.entries import Entry
from sync.messages import OFFICE_STREAM

metadata = MetaData()

shop_card = Table(
    "coin_shop_card",
    metadata,
    Column("place", Text, primary_key=True),
    Column("card", Text, nullable=False),
    Column("at", BigInteger, nullable=False),  # where the office said so, which orders what it said
    Column("boot", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
)

_SAID = ("card", "at", "boot", "seq")


def record(connection: sa.Connection, entries: Iterable[Entry]) -> None:
    """Note shops' cards; what the office said last counts, in whichever order it arrives."""
    for entry in entries:
        if entry.unit == OFFICE_STREAM and isinstance(fact := entry.fact, ShopCardSet):
            when = {"at": entry.at, "boot": entry.boot, "seq": entry.seq}
            before = connection.execute(sa.select(shop_card).where(shop_card.c.place == fact.place)).one_or_none()
            if before is None or (before.at, before.boot, before.seq) < tuple(when.values()):
                row = {"place": fact.place, "card": fact.card, **when}
                upsert(connection, shop_card, [row], lambda new: {name: new[name] for name in _SAID})


def card_of(connection: sa.Connection, place: str) -> str:
    """Return a shop's own card; "" if it has none."""
    found = connection.execute(sa.select(shop_card.c.card).where(shop_card.c.place == place)).scalar()
    return str(found or "")


def place_of(connection: sa.Connection, card: str) -> str:
    """Return whose own card it is; "" if it is no shop's."""
    asked = sa.select(shop_card.c.place).where(shop_card.c.card == card).order_by(shop_card.c.place).limit(1)
    return str(connection.execute(asked).scalar() or "")
