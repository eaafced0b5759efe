"""Everything that the page and the command say of how coin goes round in a month: one answer for both."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import sqlalchemy as sa

from central.change import Change, change
from central.console.books import place_names
from central.console.coverage import Coverage, coverage, of_coverage
from central.console.moment import Say
from programs.coin.counter.deciding import COUNTERS
from programs.coin.findings import of_change, of_flow, of_shown
from programs.coin.procedures.circulation import Month, months_done
from programs.coin.turnover.books import calendar_of, read_month
from programs.coin.turnover.hiding import Shown
from programs.coin.turnover.tables import published
from sync.months import month_of
from sync.program import town_day

MONTHS: Final = 13  # a year, and the same month of the year before
AROUND: Final = 3  # months on either side of a change
HISTORY: Final = 20 * 12  # months of which the account is made, at most


class Asked(msgspec.Struct, frozen=True):
    """What somebody wants to see.

    Attributes:
        month: or None for the last one that is over.
        change: the first month after a change, to compare with those before; or None.
    """

    month: int | None = None
    change: int | None = None


class Insight(msgspec.Struct, frozen=True):
    """What is known of a month.

    Attributes:
        is_over: the month; what is said of one that is not is not the end of it.
        is_published: with what was known then; what is here may be newer.
        seen: who paid where and when, as far as it may be shown.
        flow: what came in, went round and left, as the ledger has it; of the month, the last of `series`.
        names: of places.
    """

    month: int
    is_over: bool
    is_published: bool
    seen: Shown
    series: Sequence[Month]
    names: Mapping[str, Say]
    coverage: Coverage
    covered: Say
    findings: Sequence[Say]
    change: Change | None = None

    @property
    def flow(self) -> Month | None:
        return self.series[-1] if self.series else None


def read(connection: sa.Connection, asked: Asked, now_ms: int, offset_minutes: int) -> Insight:
    """Return what may be shown of the month that was asked for, or of the last one in which something happened."""
    this = month_of(town_day(now_ms, offset_minutes))
    month = this - 1 if asked.month is None else asked.month
    last = max(month, this)
    done = months_done(connection, last, HISTORY)
    history = dict(zip(range(last - len(done) + 1, last + 1), done, strict=True))
    if asked.month is None and month not in history:
        month = this
    series = [history[one] for one in range(month - MONTHS + 1, month + 1) if one in history]
    seen = read_month(connection, month, offset_minutes)
    names = place_names(connection, {*seen.shops, *seen.desks})
    covered = covered_of(connection, month, now_ms, offset_minutes)
    found = Insight(
        month=month,
        is_over=month < this,
        is_published=published.has(connection, month),
        seen=seen,
        series=series,
        names=names,
        coverage=covered,
        covered=of_coverage(covered),
        findings=[*of_flow(series), *of_shown(month, seen, names)],
    )
    over = {month: one.paid for month, one in history.items() if month < this}
    compared = None if asked.change is None else change(over, asked.change, AROUND)
    if compared is None:
        return found
    return msgspec.structs.replace(found, change=compared, findings=[*found.findings, of_change(compared)])


def covered_of(connection: sa.Connection, month: int, now_ms: int, offset_minutes: int) -> Coverage:
    """Return how much of a month has arrived, of units at shops and desks."""
    return coverage(connection, calendar_of(month, offset_minutes).ends_ms, now_ms, COUNTERS)
