"""The page of how coin goes round: what was charged and paid in a month, where, when and by how many people."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from central import store
from central.console.brought import Page
from central.console.heat import heat
from central.console.moment import Moment, Say
from central.console.roles import MONEY
from central.hiding import K
from programs.coin.findings import LARGEST, largest
from programs.coin.insight import MONTHS, Asked, Insight, read
from programs.coin.procedures import circulation
from programs.coin.settlement import tables
from programs.coin.turnover import sheets
from programs.coin.turnover.counting import CARD, COUNTER, FUND, PHONE
from sync.months import month_named, month_of, written
from sync.program import town_day

MONTHS_OFFERED: Final = 2 * MONTHS
PAIRS_SHOWN: Final = 8
DESKS_SHOWN: Final = 12
_OF_A_MONTH: Final = ("paid", "charged", "given", "held", "stays", "velocity")
_WAYS: Final = {
    CARD: Say("カードを店の端末に", "card at a shop's unit"),
    PHONE: Say("スマホのページ", "a resident's page"),
    COUNTER: Say("カードの中の数え", "the counter in a card"),
    FUND: Say("基金の立て替え", "the fund stood in"),
}


class Line(msgspec.Struct, frozen=True):
    """One place; `number`: payments there, None where coin was charged. `share`: of the largest's yen, in percent."""

    name: Say
    place: str
    yen: int
    people: int
    share: int
    number: int | None = None


class Bar(msgspec.Struct, frozen=True):
    """One month of the town's account; `share`: of the most that was paid, in percent."""

    month: str
    figures: Sequence[tuple[str, int | float | None]]
    share: int


def shown(engine: sa.Engine, moment: Moment, **filters: str) -> Mapping[str, Any] | None:
    """Return what the page shows; None if somebody asks for what is no month."""
    found = _read(engine, moment, **filters)
    if found is None:
        return None
    with store.reading(engine) as connection:
        is_local_known = tables.office_books(connection).local is not None
    this = month_of(town_day(moment.now_ms, moment.offset_minutes))
    explained = {of.name: of for of in circulation.EXPLAINED}
    return {
        "found": found,
        "month": written(found.month),
        "months": [written(this - number) for number in range(MONTHS_OFFERED)],
        "since": filters["change"],
        "figures": [(explained[name], getattr(found.flow, name)) for name in _OF_A_MONTH] if found.flow else [],
        "heat": heat(found.seen.at),
        "ways": [(_WAYS[way], number) for way, number in found.seen.ways.items() if number],
        "shops": _shops(found),
        "desks": _desks(found)[:DESKS_SHOWN],
        "more_desks": max(0, len(found.seen.desks) - DESKS_SHOWN),
        "largest": (LARGEST, largest(found.seen)),
        "pairs": _pairs(found),
        "bars": _bars(found.series),
        "explained": circulation.EXPLAINED,
        "is_local_known": is_local_known,
        "k": K,
    }


def table(engine: sa.Engine, moment: Moment, **filters: str) -> bytes | None:
    """Return the month as a table."""
    found = _read(engine, moment, **filters)
    return None if found is None else sheets.table(found.month, found.seen)


def _read(engine: sa.Engine, moment: Moment, **filters: str) -> Insight | None:
    asked = {name: month_named(filters[name]) if filters[name] else None for name in ("month", "change")}
    if any(filters[name] and number is None for name, number in asked.items()):
        return None
    with store.reading(engine) as connection:
        return read(connection, Asked(**asked), moment.now_ms, moment.offset_minutes)


def _shops(found: Insight) -> list[Line]:
    """Return the shops, those of the most yen first."""
    shops = sorted(found.seen.shops.items(), key=lambda one: (-one[1].yen, one[0]))
    most = max((shop.yen for _, shop in shops), default=0)
    return [
        Line(found.names[place], place, shop.yen, shop.people_at_least, _share(shop.yen, most), shop.payments)
        for place, shop in shops
    ]


def _desks(found: Insight) -> list[Line]:
    desks = sorted(found.seen.desks.items(), key=lambda one: (-one[1].yen, one[0]))
    most = max((desk.yen for _, desk in desks), default=0)
    return [
        Line(found.names[place], place, desk.yen, desk.people_at_least, _share(desk.yen, most)) for place, desk in desks
    ]


def _pairs(found: Insight) -> list[tuple[Say, Say, int]]:
    ordered = sorted(found.seen.together.items(), key=lambda one: (-one[1], one[0]))
    return [(found.names[desk], found.names[shop], number) for (desk, shop), number in ordered[:PAIRS_SHOWN]]


def _bars(series: Sequence[circulation.Month]) -> list[Bar]:
    return list(_each_bar(series))[::-1]


def _each_bar(series: Sequence[circulation.Month]) -> Iterator[Bar]:
    most = max((month.paid for month in series), default=0)
    for month in series:
        figures = [(of.name, getattr(month, of.name)) for of in circulation.EXPLAINED]
        yield Bar(month.month, figures, _share(month.paid, most))


def _share(yen: int, most: int) -> int:
    return max(0, 100 * yen // most) if most > 0 else 0


PAGE: Final = Page("circulation", "循環", "Circulation", MONEY, shown, filters=("month", "change"), table=table)
