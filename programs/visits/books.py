"""Asks the tables for months: whatever leaves this file has passed `hiding`."""

from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from central.hiding import shared
from programs.visits.counting import Counted, Visit, count
from programs.visits.hiding import NOBODY, Shown, shown, totals
from programs.visits.tables import first, visit
from sync.months import first_day


class Spot(msgspec.Struct, frozen=True, order=True):
    """A service at a place."""

    place: str
    service: str


class Month(msgspec.Struct, frozen=True):
    """What may be shown of one month.

    Attributes:
        month: as `sync.months` counts them.
        spots: those that somebody used.
        together: for two of them how many people used both, at least; what is not in it is hidden, or nobody did.
    """

    month: int
    spots: Mapping[Spot, Shown]
    together: Mapping[tuple[Spot, Spot], int]

    def at(self, spot: Spot) -> Shown:
        return self.spots.get(spot, NOBODY)

    def beside(self, spot: Spot) -> list[tuple[Spot, int]]:
        """Return which others its people used, those of most people first."""
        found = [(pair[pair[0] == spot], number) for pair, number in self.together.items() if spot in pair]
        return sorted(found, key=lambda one: (-one[1], one[0]))


_IS_SPOT: Final = sa.and_(visit.c.place == sa.bindparam("at"), visit.c.service == sa.bindparam("of"))
_IN_MONTH: Final = visit.c.day.between(sa.bindparam("since"), sa.bindparam("until"))
_VISITS: Final = sa.select(visit.c.card, visit.c.day, visit.c.touches, visit.c.first_at).where(_IS_SPOT, _IN_MONTH)
_FIRSTS: Final = sa.select(first.c.card, first.c.day).where(
    first.c.place == sa.bindparam("at"), first.c.service == sa.bindparam("of"), first.c.day <= sa.bindparam("until")
)
_SPOTS: Final = sa.select(first.c.place, first.c.service).distinct().order_by(first.c.place, first.c.service)
_TOTALS: Final = sa.select(sa.func.count(), sa.func.count(visit.c.card.distinct())).where(_IS_SPOT, _IN_MONTH)


def spots(connection: sa.Connection) -> list[Spot]:
    """Return every service at every place that was ever used."""
    return [Spot(row.place, row.service) for row in connection.execute(_SPOTS)]


def read_month(connection: sa.Connection, month: int, offset_minutes: int, all_spots: Iterable[Spot]) -> Month:
    """Return what may be shown of a month at some spots, which are all of those that the tables know."""
    counted = {spot: _counted(connection, spot, month, offset_minutes) for spot in all_spots}
    used = {spot: one for spot, one in counted.items() if one.visits.people}
    may_be_shown = {spot: shown(one) for spot, one in used.items()}
    open_ones = [spot for spot, one in may_be_shown.items() if not one.is_hidden]
    together = {(one, other): _shared(used, one, other) for one, other in combinations(open_ones, 2)}
    return Month(month, may_be_shown, {pair: number for pair, number in together.items() if number is not None})


def read_spot(connection: sa.Connection, spot: Spot, month: int, offset_minutes: int) -> Shown:
    """Return what may be shown of one spot in a month; the same as in `read_month`."""
    return shown(_counted(connection, spot, month, offset_minutes))


def read_totals(connection: sa.Connection, spot: Spot, months: Iterable[int]) -> dict[int, Shown]:
    """Return of some months no more than how many visits there were, and of how many people."""
    found = {}
    for month in months:
        visits, people = connection.execute(_TOTALS, _bound(spot, month)).one()
        found[month] = totals(int(visits), int(people))
    return found


def _bound(spot: Spot, month: int) -> dict[str, Any]:
    return {"at": spot.place, "of": spot.service, "since": first_day(month), "until": first_day(month + 1) - 1}


def _counted(connection: sa.Connection, spot: Spot, month: int, offset_minutes: int) -> Counted:
    bound = _bound(spot, month)
    rows: Any = connection.execute(_VISITS, bound)
    visits = [Visit(*row) for row in rows]
    firsts: Any = connection.execute(_FIRSTS, bound) if visits else ()
    return count(visits, dict(map(tuple, firsts)), first_day(month), offset_minutes)


def _shared(used: Mapping[Spot, Counted], one: Spot, other: Spot) -> int | None:
    of_one, of_other = used[one].cards, used[other].cards
    return shared(len(of_one), len(of_other), len(of_one & of_other))
