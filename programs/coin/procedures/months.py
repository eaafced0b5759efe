"""Who has charged more in a month than the town's limit, over all desks: no desk without a network can know that.

A desk refuses by what it has charged itself. Cash that two desks took in is on the card and may be spent; the office
sees it here, and gives back what is too much.
"""

from collections import Counter
from typing import Final

import msgspec
import sqlalchemy as sa

from programs.coin.lots import notes
from sync.months import first_day

_CASH: Final = "cash"


class Charged(msgspec.Struct, frozen=True):
    """What was charged on a card in a month, and not taken back; `desks`: where."""

    card: str
    yen: int
    desks: tuple[str, ...]


def charged_in(connection: sa.Connection, month: int) -> list[Charged]:
    """Return what was charged on each card in a month, by what has arrived; the most first."""
    table = notes.detail.c
    days = table.day.between(first_day(month), first_day(month + 1) - 1)
    # A charge is taken back on its day; what the office hands out takes back no charge, and names none.
    counts = (table.source == _CASH) & days & ((table.yen > 0) | (table.of != ""))
    asked = sa.select(table.what, table.unit, sa.func.sum(table.yen)).where(counts).group_by(table.what, table.unit)
    sums: Counter[str] = Counter()
    desks: dict[str, list[str]] = {}
    for what, unit, yen in connection.execute(asked.order_by(table.what, table.unit)):
        card = what.partition("/")[2]
        sums[card] += int(yen)
        desks.setdefault(card, []).append(unit)
    found = [Charged(card, yen, tuple(desks[card])) for card, yen in sums.items() if yen]
    return sorted(found, key=lambda one: (-one.yen, one.card))
