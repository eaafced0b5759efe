"""Everything that the page, the command and the spreadsheet say of a month: one answer for all three."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import sqlalchemy as sa

from central.console.moment import Say
from central.reconcile import statements
from programs.visits.books import Month, Spot, read_month, read_totals, spots
from programs.visits.coverage import Coverage, coverage
from programs.visits.entries import Touch
from programs.visits.findings import Change, change, of_change, of_coverage, of_spot, of_town
from programs.visits.hiding import NOBODY, Shown
from programs.visits.tables import published
from sync.directory import place_key
from sync.entries import kind_of
from sync.facts import PlaceNamed
from sync.months import first_day, month_of, written
from sync.program import day_begins_ms, town_day

MONTHS: Final = 13  # a year, and the same month of the year before
AROUND: Final = 3  # months on either side of a change
FIRST_MONTH: Final = 1970 * 12
VISITS: Final = kind_of(Touch).partition(".")[0]


class Asked(msgspec.Struct, frozen=True):
    """What somebody wants to see.

    Attributes:
        month: or None for the last one that is over.
        spot: of one service at one place, or None for all.
        change: the first month after a change, to compare with those before; or None.
    """

    month: int | None = None
    spot: Spot | None = None
    change: int | None = None


class Insight(msgspec.Struct, frozen=True):
    """What is known of a month, as far as it may be shown.

    Attributes:
        is_over: the month; what is said of one that is not is not the end of it.
        is_published: with what was known then; what is here may be newer.
        names: of places.
        seen, series, change: of the spot that was asked for; the series of some months, the oldest first.
    """

    month: int
    is_over: bool
    is_published: bool
    all: Month
    names: Mapping[str, Say]
    coverage: Coverage
    covered: Say
    findings: Sequence[Say]
    spot: Spot | None = None
    seen: Shown = NOBODY
    beside: Sequence[tuple[Spot, int]] = ()
    series: Mapping[int, Shown] = {}
    change: Change | None = None


def read(connection: sa.Connection, asked: Asked, now_ms: int, offset_minutes: int) -> Insight | None:
    """Return what may be shown; None if there is no such spot."""
    all_spots = spots(connection)
    if asked.spot and asked.spot not in all_spots:
        return None
    this = month_of(town_day(now_ms, offset_minutes))
    month = this - 1 if asked.month is None else asked.month
    found = read_month(connection, month, offset_minutes, all_spots)
    if asked.month is None and not found.spots:
        month, found = this, read_month(connection, this, offset_minutes, all_spots)
    names = place_names(connection, {spot.place for spot in all_spots})
    covered = covered_of(connection, month, now_ms, offset_minutes, asked.spot.place if asked.spot else None)
    answer = Insight(
        month=month,
        is_over=month < this,
        is_published=is_published(connection, month),
        all=found,
        names=names,
        coverage=covered,
        covered=of_coverage(covered),
        findings=of_town(found, names),
    )
    return _with_spot(connection, answer, asked.spot, asked.change, this) if asked.spot else answer


def _with_spot(connection: sa.Connection, answer: Insight, spot: Spot, since: int | None, this: int) -> Insight:
    seen, beside = answer.all.at(spot), answer.all.beside(spot)
    months = range(max(FIRST_MONTH, answer.month - MONTHS + 1), answer.month + 1)
    findings = of_spot(answer.month, seen, answer.all.ages.get(spot), beside, answer.names)
    compared = _compare(connection, spot, since, this)
    if compared:
        findings.append(of_change(compared))
    return msgspec.structs.replace(
        answer,
        spot=spot,
        seen=seen,
        beside=beside,
        series=read_totals(connection, spot, months),
        change=compared,
        findings=findings,
    )


def _compare(connection: sa.Connection, spot: Spot, since: int | None, this: int) -> Change | None:
    if since is None:
        return None
    around = range(since - AROUND, min(this, since + AROUND))
    return change(read_totals(connection, spot, around), since, AROUND)


def place_names(connection: sa.Connection, places: set[str]) -> dict[str, Say]:
    """Return what the town calls places; those that it has not named by their ids."""
    said = statements(connection, [place_key(place) for place in places])
    facts = {place: said[place_key(place)].fact for place in places if place_key(place) in said}
    return {
        place: Say(fact.name, fact.name_en) if isinstance(fact := facts.get(place), PlaceNamed) else Say(place, place)
        for place in places
    }


def covered_of(
    connection: sa.Connection, month: int, now_ms: int, offset_minutes: int, place: str | None = None
) -> Coverage:
    """Return how much of a month has arrived."""
    return coverage(connection, end_ms(month, offset_minutes), now_ms, place)


def end_ms(month: int, offset_minutes: int) -> int:
    """Return when a month is over, in Unix milliseconds."""
    return day_begins_ms(first_day(month + 1), offset_minutes)


def is_published(connection: sa.Connection, month: int) -> bool:
    return connection.execute(sa.select(published.c.month).where(published.c.month == month)).first() is not None


def month_named(text: str) -> int | None:
    """Read a month as people write it, 2026-12; None for anything else."""
    year, _, number = text.partition("-")
    if not (year.isascii() and year.isdigit() and number.isascii() and number.isdigit()):
        return None
    month = int(year[:5]) * 12 + int(number[:3]) - 1
    return month if written(month) == text and month >= FIRST_MONTH else None
