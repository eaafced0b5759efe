"""A month as it is published: one table for spreadsheets and machines. Format 1; its bytes must never change.

It has no shop and no person: sums of at least five people, of which nobody can tell what one shop took in.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from central.hiding import Cell, K, cells
from central.weekly import ALL_TIMES, At
from programs.coin.turnover.counting import Counted
from programs.coin.turnover.dominance import is_safe
from sync.months import written

FORMAT: Final = 1
HIDDEN: Final = "*"
COLUMNS: Final = ("month", "figure", "weekday", "hour", "value")
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Row = tuple[str, ...]


class Public(msgspec.Struct, frozen=True):
    """What may be published of a month; None, or not there: hidden. People are said in fives, rounded down."""

    yen: int | None = None
    payments: int | None = None
    shops: int | None = None
    people: int | None = None
    new: int | None = None
    returning: int | None = None
    charged: int | None = None
    at: Mapping[At, int] = {}


def public(counted: Counted, k: int = K) -> Public:
    """Return what may be published: of payments all or nothing, but for single hours; of charges their sum."""
    charged = _charged(counted, k)
    if not _is_safe(counted, k):
        return Public(charged=charged)
    return Public(
        yen=counted.yen,
        payments=counted.payments.number,
        shops=sum(shop.payments > 0 for shop in counted.shops.values()),
        people=counted.payments.people // k * k,
        new=counted.new // k * k,
        returning=counted.returning // k * k,
        charged=charged,
        at=_at(counted, k),
    )


def document(month: int, counted: Counted) -> bytes:
    """Return the table of a month. Hidden numbers are "*"; times that are in no row had no payment."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    seen = public(counted)
    for figure, number in _figures(seen):
        writer.writerow((written(month), figure, "", "", value(number)))
    writer.writerows((written(month), "payments_at", *row) for row in times(seen.at))
    return out.getvalue().encode()


def times(at: Mapping[At, int]) -> Iterator[Row]:
    """Yield weekday, hour and number; where all are hidden, one row says so."""
    if not at:
        yield HIDDEN, HIDDEN, HIDDEN
        return
    for weekday, day in enumerate(DAYS):
        for hour in range(24):
            number = at.get((weekday, hour))
            if number != 0:
                yield day, str(hour), value(number)


def _is_safe(counted: Counted, k: int) -> bool:
    """Tell whether the sums of payments may be published: of enough people and shops, and nobody has nearly all."""
    people = {card for shop in counted.shops.values() for card in shop.cards}
    if 0 < len(people) < k or 0 < counted.payments.people < k:
        return False
    shops = counted.shops.values()
    return (
        is_safe(shop.yen for shop in shops)
        and is_safe(shop.payments for shop in shops)
        and is_safe(counted.of_cards.values())
    )


def _charged(counted: Counted, k: int) -> int | None:
    of_cards: Counter[str] = Counter()
    for desk in counted.desks.values():
        of_cards.update(desk.of_cards)
    is_shown = not of_cards or (len(of_cards) >= k and is_safe(of_cards.values()))
    return sum(of_cards.values()) if is_shown else None


def _at(counted: Counted, k: int) -> dict[At, int]:
    """Return the times that are shown; those that are not must be safe together, because their sum is what is left."""
    table = {
        at: cell if is_safe(counted.of_shops[at].values()) else Cell(cell.number, min(cell.people, k - 1))
        for at, cell in counted.at.items()
    }
    found = cells(table, ALL_TIMES, k)
    rest: Counter[str] = Counter()
    for at, shops in counted.of_shops.items():
        if at not in found:
            rest.update(shops)
    return found if is_safe(rest.values()) else {}


def _figures(seen: Public) -> Iterator[tuple[str, int | None]]:
    yield "yen", seen.yen
    yield "payments", seen.payments
    yield "shops", seen.shops
    yield "people_at_least", seen.people
    yield "new_at_least", seen.new
    yield "returning_at_least", seen.returning
    yield "charged_yen", seen.charged


def value(number: int | None) -> str:
    return HIDDEN if number is None else str(number)
