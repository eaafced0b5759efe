"""A month as the office takes it along: one table for a spreadsheet, with what may be shown and no more."""

from collections.abc import Iterator
from typing import Final

from central.console.asked import sheet
from programs.coin.turnover.documents import times, value
from programs.coin.turnover.hiding import Shown
from sync.months import written

COLUMNS: Final = ("month", "figure", "place", "weekday", "hour", "paid_at", "value")

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
    for day, hour, text in times({} if seen.is_hidden else seen.at):
        yield "payments_at", "", day, hour, "", text
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


def _row(figure: str, number: int | None, place: str = "") -> Row:
    return figure, place, "", "", "", value(number)
