"""How many touches there were in each hour of today and of the days before.

By the town's calendar and the units' clocks, and as far as it has arrived: what a unit without a network holds back
comes later. So a day that is over may still grow, and nothing of it is kept between two looks.
"""

from typing import Final

import msgspec
import sqlalchemy as sa

from central.console.heat import hours_with, step
from central.console.moment import Moment, Say
from central.console.today import TOUCHES
from central.reconcile import entry
from sync.program import DAY_MS, day_begins_ms, town_day

DAYS_BEFORE: Final = 7
"""The first of them in the calendar is the same day of the week as today."""

HOUR_MS: Final = 3_600_000
_HOURS: Final = DAY_MS // HOUR_MS


class Day(msgspec.Struct, frozen=True):
    """Touches of one day of the town's calendar.

    Attributes:
        date: as in 2026-11-30; `begins_ms`: its midnight.
        hours: of each of its 24 hours.
        until_now: of them, those until the time of day that it is now.
    """

    date: str
    begins_ms: int
    hours: tuple[int, ...]
    until_now: int


class ByHour(msgspec.Struct, frozen=True):
    """Today and the days before it, the newest first.

    Attributes:
        now_ms: up to when; a touch that a unit dates later is in the hours and not in `until_now`.
        last_ms: when the last touch until then was, if there was one on any of these days.
    """

    now_ms: int
    last_ms: int | None
    days: tuple[Day, ...]


class Hour(msgspec.Struct, frozen=True):
    """One hour in the table: how many touches, None where it has not come yet; `step`: of colour, 0 for none."""

    number: int | None
    step: int
    is_now: bool


class Row(msgspec.Struct, frozen=True):
    """One day in the table."""

    name: Say
    hours: tuple[Hour, ...]
    touches: int


class Hourly(msgspec.Struct, frozen=True):
    """What the page shows.

    Attributes:
        finding: the sentence above the table.
        hours, hour: the table's columns, and that of now.
        rows: today, and the days before it back to the first on which there was a touch.
    """

    finding: Say
    hours: range
    hour: int
    rows: tuple[Row, ...]


def by_hour(connection: sa.Connection, moment: Moment) -> ByHour:
    """Count the touches of the day in which a moment is, and of the days before."""
    today = town_day(moment.now_ms, moment.offset_minutes)
    begins_ms = [day_begins_ms(today - back, moment.offset_minutes) for back in range(DAYS_BEFORE + 1)]
    first_ms = begins_ms[-1]
    since = entry.c.at - first_ms
    number = (since // HOUR_MS).label("number")
    is_so_far = since % DAY_MS <= moment.now_ms - begins_ms[0]
    asked = sa.select(
        number,
        sa.func.count().label("touches"),
        sa.func.sum(sa.case((is_so_far, 1), else_=0)).label("until_now"),
        sa.func.max(sa.case((entry.c.at <= moment.now_ms, entry.c.at))).label("last_ms"),
    ).where(entry.c.kind.in_(TOUCHES), entry.c.at.between(first_ms, begins_ms[0] + DAY_MS - 1))
    found = {int(row.number): row for row in connection.execute(asked.group_by("number"))}
    days = []
    for at_ms in begins_ms:
        start = (at_ms - first_ms) // HOUR_MS
        rows = [found.get(hour) for hour in range(start, start + _HOURS)]
        hours = tuple(int(row.touches) if row else 0 for row in rows)
        until_now = sum(int(row.until_now) for row in rows if row)
        days.append(Day(moment.iso(at_ms)[:10], at_ms, hours, until_now))
    last = max((int(row.last_ms) for row in found.values() if row.last_ms is not None), default=None)
    return ByHour(moment.now_ms, last, tuple(days))


def hourly(found: ByHour, moment: Moment) -> Hourly | None:
    """Return what the page shows of it; None where nobody touched anything on any of these days."""
    with_touches = [back for back, day in enumerate(found.days) if any(day.hours)]
    if not with_touches:
        return None
    shown = found.days[: max(with_touches) + 1]  # before that, perhaps no unit stood there yet
    hours = hours_with([moment.hour, *(hour for day in shown for hour, number in enumerate(day.hours) if number)])
    most = max(max(day.hours) for day in shown)
    rows = [Row(moment.day(day.begins_ms), _hours(day, hours, most, moment), sum(day.hours)) for day in shown]
    return Hourly(_finding(found, moment), hours, moment.hour, tuple(rows))


def _hours(day: Day, hours: range, most: int, moment: Moment) -> tuple[Hour, ...]:
    made = []
    for hour in hours:
        gone_ms, number = moment.now_ms - day.begins_ms - hour * HOUR_MS, day.hours[hour]
        made.append(Hour(number if gone_ms >= 0 or number else None, step(number, most), 0 <= gone_ms < HOUR_MS))
    return tuple(made)


def _finding(found: ByHour, moment: Moment) -> Say:
    """Say how today compares with the same time of day before, and when the last touch was: it is no judgement."""
    now, today, before = moment.minute(found.now_ms), found.days[0], [day.until_now for day in found.days[1:]]
    low, high, week = min(before), max(before), before[-1]
    ja, en = f"{now}までに{today.until_now:,}回。", f"{today.until_now:,} by {now}."
    if high:
        span = f"{low:,}回から{high:,}回" if low < high else f"どの日も{low:,}回"
        ja += f"前の{DAYS_BEFORE}日は、この時刻まで、{span}(先週の同じ曜日は{week:,}回)。"
        en += f" By this time on the {DAYS_BEFORE} days before: {low:,} to {high:,} ({week:,} a week ago)."
    if found.last_ms is None:
        return Say(ja, en)
    last = moment.minute(found.last_ms)
    return Say(f"{ja}最後のタッチは{last}。", f"{en} Last touch: {last}.")
