"""Everything that the page, the command and the spreadsheet say of a month: one answer for all three."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import sqlalchemy as sa

from central.change import Change, change
from central.console.books import place_names
from central.console.coverage import Coverage, coverage, of_coverage
from central.console.moment import Say
from programs.visits.books import Month, Spot, read_month, read_totals, spots
from programs.visits.entries import Touch
from programs.visits.findings import of_change, of_spot, of_town
from programs.visits.hiding import NOBODY, Shown
from programs.visits.rules import COUNTER
from programs.visits.tables import published
from sync.entries import kind_of
from sync.months import FIRST_MONTH, first_day, month_of
from sync.program import day_begins_ms, town_day

MONTHS: Final = 13  # a year, and the same month of the year before
AROUND: Final = 3  # months on either side of a change
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
        is_published=published.has(connection, month),
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
    totals = read_totals(connection, spot, around)
    return change({month: seen.visits for month, seen in totals.items()}, since, AROUND)


def covered_of(
    connection: sa.Connection, month: int, now_ms: int, offset_minutes: int, place: str | None = None
) -> Coverage:
    """Return how much of a month has arrived."""
    return coverage(connection, end_ms(month, offset_minutes), now_ms, {COUNTER}, place)


def end_ms(month: int, offset_minutes: int) -> int:
    """Return when a month is over, in Unix milliseconds."""
    return day_begins_ms(first_day(month + 1), offset_minutes)
