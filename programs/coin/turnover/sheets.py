"""A month as the office takes it along: one table for a spreadsheet, with what may be shown and no more."""

from collections.abc import Iterator, Mapping
from typing import Final

from central.console.asked import sheet
from central.weekly import At
from programs.coin.turnover.hiding import Shown
from sync.months import written

HIDDEN: Final = "*"
COLUMNS: Final = ("month", "figure", "place", "weekday", "hour", "paid_at", "value")
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Row = tuple[str, ...]


def table(month: int, seen: Shown) -> bytes:
    """Return a month; hidden numbers are "*", and times that are in no row had no payment."""
    return sheet(COLUMNS, ((written(month), *row) for row in _rows(seen)))


def _rows(seen: Shown) -> Iterator[Row]:
    for figure in ("yen", "payments", "back", "late"):
        yield _row(figure, getattr(seen, figure))
    for figure in ("people", "new", "returning"):
        yield _row(f"{figure}_at_least", getattr(seen, figure))
    for way, number in seen.ways.items():
        yield _row(f"payments_by_{way}", number)
    yield from times(seen.at, is_shown=not seen.is_hidden)
    for place, shop in seen.shops.items():
        yield _row("shop_yen", shop.yen, place)
        yield _row("shop_payments", shop.payments, place)
        yield _row("shop_people_at_least", shop.people_at_least, place)
    yield _row("shops_not_shown", seen.hidden_shops)
    for place, desk in seen.desks.items():
        yield _row("charged_yen", desk.yen, place)
        yield _row("charged_people_at_least", desk.people_at_least, place)
    yield _row("charged_places_not_shown", seen.all_desks - len(seen.desks))
    for (charged_at, paid_at), number in seen.together.items():
        yield "people_charged_and_paid_at_least", charged_at, "", "", paid_at, value(number)


def times(at: Mapping[At, int], *, is_shown: bool) -> Iterator[Row]:
    """Yield the payments by weekday and hour; where all are hidden, one row says so."""
    if not at or not is_shown:
        yield "payments_at", "", HIDDEN, HIDDEN, "", HIDDEN
        return
    for weekday, day in enumerate(DAYS):
        for hour in range(24):
            number = at.get((weekday, hour))
            if number != 0:
                yield "payments_at", "", day, str(hour), "", value(number)


def _row(figure: str, number: int | None, place: str = "") -> Row:
    return figure, place, "", "", "", value(number)


def value(number: int | None) -> str:
    return HIDDEN if number is None else str(number)
