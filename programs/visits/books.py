"""Asks the tables for months: whatever leaves this file has passed `hiding`."""

from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from central.hiding import shared
from central.residents.ages import BANDS, UNKNOWN
from programs.visits.counting import Counted, Visit, by_band, count
from programs.visits.entries import Aged
from programs.visits.hiding import NOBODY, ByAge, Shown, by_age, shared_by_age, shown, totals
from programs.visits.tables import aged, first, visit
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
        ages: those that were counted by age when the month was published.
    """

    month: int
    spots: Mapping[Spot, Shown]
    together: Mapping[tuple[Spot, Spot], int]
    ages: Mapping[Spot, ByAge] = {}

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
_CARDS: Final = sa.select(visit.c.card).distinct().where(_IS_SPOT, _IN_MONTH)
_AGED: Final = sa.select(aged.c.said).where(aged.c.month == sa.bindparam("of_month"))
_TOTALS: Final = sa.select(sa.func.count(), sa.func.count(visit.c.card.distinct())).where(_IS_SPOT, _IN_MONTH)


def spots(connection: sa.Connection) -> list[Spot]:
    """Return every service at every place that was ever used."""
    return [Spot(row.place, row.service) for row in connection.execute(_SPOTS)]


def read_month(
    connection: sa.Connection,
    month: int,
    offset_minutes: int,
    all_spots: Iterable[Spot],
    ages: Mapping[Spot, ByAge] | None = None,
) -> Month:
    """Return what may be shown of a month at some spots, which are all of those that the tables know.

    Args:
        ages: as they were counted just now; None: as they were published, if they were.
    """
    known = read_ages(connection, month) if ages is None else ages
    counted = {spot: _counted(connection, spot, month, offset_minutes) for spot in all_spots}
    used = {spot: one for spot, one in counted.items() if one.visits.people}
    may_be_shown = {spot: shown(one) for spot, one in used.items()}
    open_ones = [spot for spot, one in may_be_shown.items() if not one.is_hidden]
    together = {(one, other): _shared(used, known, one, other) for one, other in combinations(open_ones, 2)}
    return Month(month, may_be_shown, {pair: number for pair, number in together.items() if number is not None}, known)


def read_ages(connection: sa.Connection, month: int) -> dict[Spot, ByAge]:
    """Return what was said of a month by age."""
    rows = connection.execute(_AGED, {"of_month": month}).scalars()
    facts = [msgspec.json.decode(row, type=Aged) for row in rows]
    return {
        Spot(said.place, said.service): _by_age(said)
        for said in sorted(facts, key=lambda one: (one.place, one.service))
    }


def _by_age(said: Aged) -> ByAge:
    return ByAge(said.people, {one.band: one.people for one in said.bands})


def count_ages(
    connection: sa.Connection, month: int, all_spots: Iterable[Spot], bands: Mapping[str, str]
) -> dict[Spot, ByAge]:
    """Count a month by age, by the band of each card; return what may be shown, and of hidden months nothing."""
    names = [band.name for band in BANDS]
    found = {}
    for spot in all_spots:
        cards = connection.execute(_CARDS, _bound(spot, month)).scalars()
        found[spot] = by_age(by_band(cards, bands, UNKNOWN.name), names)
    return {spot: seen for spot, seen in found.items() if seen}


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


def _shared(used: Mapping[Spot, Counted], ages: Mapping[Spot, ByAge], one: Spot, other: Spot) -> int | None:
    of_one, of_other = used[one].cards, used[other].cards
    if one in ages and other in ages:
        return shared_by_age(ages[one], ages[other], len(of_one & of_other))
    return shared(len(of_one), len(of_other), len(of_one & of_other))
