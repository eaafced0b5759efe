"""What was done so far about each lost life of a unit, by card and by shop: nobody is made good twice.

Derived, as everything that is added up.
"""

from collections.abc import Iterable
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, MetaData, Table, Text

from central.upsert import upsert
from programs.coin.remedies import Cleared, Compensated, MadeWhole, Repaid
from sync.entries import Entry
from sync.messages import OFFICE_STREAM

metadata = MetaData()

by_card = Table(
    "coin_case_card",
    metadata,
    Column("unit", Text, primary_key=True),
    Column("life", BigInteger, primary_key=True),
    Column("card", Text, primary_key=True),
    Column("made_whole", BigInteger, nullable=False),
    Column("to_card", BigInteger, nullable=False),
    Column("to_fund", BigInteger, nullable=False),
)

by_shop = Table(
    "coin_case_shop",
    metadata,
    Column("unit", Text, primary_key=True),
    Column("life", BigInteger, primary_key=True),
    Column("place", Text, primary_key=True),
    Column("compensated", BigInteger, nullable=False),
    Column("repaid", BigInteger, nullable=False),
)

_CARD: Final = ("made_whole", "to_card", "to_fund")
_SHOP: Final = ("compensated", "repaid")


class CardCase(msgspec.Struct, frozen=True):
    """What one card got for one lost life: from the fund, out of suspense; and what the fund got out of suspense."""

    made_whole: int = 0
    to_card: int = 0
    to_fund: int = 0

    @property
    def given(self) -> int:
        return self.made_whole + self.to_card


class ShopCase(msgspec.Struct, frozen=True):
    """What one shop got from the fund for one lost life, and what of it went back."""

    compensated: int = 0
    repaid: int = 0


def record(connection: sa.Connection, entries: Iterable[Entry]) -> None:
    """Add up what the office did; of others it is only hearsay."""
    for entry in entries:
        if entry.unit != OFFICE_STREAM:
            continue
        match entry.fact:
            case MadeWhole(of=unit, life=life, card=card, yen=yen):
                _add(connection, by_card, {"unit": unit, "life": life, "card": card}, _CARD, (yen, 0, 0))
            case Cleared(of=unit, life=life, card=card, to_card=to_card, to_fund=to_fund):
                _add(connection, by_card, {"unit": unit, "life": life, "card": card}, _CARD, (0, to_card, to_fund))
            case Compensated(of=unit, life=life, place=place, yen=yen):
                _add(connection, by_shop, {"unit": unit, "life": life, "place": place}, _SHOP, (yen, 0))
            case Repaid(of=unit, life=life, place=place, yen=yen):
                _add(connection, by_shop, {"unit": unit, "life": life, "place": place}, _SHOP, (0, yen))


def _add(
    connection: sa.Connection, table: Table, key: dict[str, Any], names: tuple[str, ...], more: tuple[int, ...]
) -> None:
    row = key | dict(zip(names, more, strict=True))
    upsert(connection, table, [row], lambda new: {name: table.c[name] + new[name] for name in names})


def of_cards(connection: sa.Connection, unit: str, life: int) -> dict[str, CardCase]:
    """Return what was done about a lost life, by card."""
    asked = sa.select(by_card).where(by_card.c.unit == unit, by_card.c.life == life).order_by(by_card.c.card)
    return {row.card: CardCase(row.made_whole, row.to_card, row.to_fund) for row in connection.execute(asked)}


def of_shops(connection: sa.Connection, unit: str, life: int) -> dict[str, ShopCase]:
    """Return what was done about a lost life, by shop."""
    asked = sa.select(by_shop).where(by_shop.c.unit == unit, by_shop.c.life == life).order_by(by_shop.c.place)
    return {row.place: ShopCase(row.compensated, row.repaid) for row in connection.execute(asked)}
