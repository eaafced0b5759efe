"""Touches by the hour, on the first page and by a command: whose day it is, what came late, and of what it is asked."""

import re
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from central import store
from central.centre import Centre, open_centre
from central.console.by_hour import DAYS_BEFORE, HOUR_MS, ByHour, Day, by_hour, hourly
from central.console.heat import FIRST_HOUR, LAST_HOUR, STEPS
from central.console.moment import Moment
from central.console.today import today
from central.world import SystemClock, SystemEntropy
from drivers.clock.sim import Driver as Clock
from programs.visits.entries import Touch
from sync.accounts import Role
from sync.entries import Entry, encode
from sync.program import DAY_MS, day_begins_ms, town_day
from tests.central.pen import Pen, visited
from tests.central.street import CARD
from tests.central.test_commands import NAMES, document, machi
from tests.central.visiting import Browser

OFFSETS = (540, -570, 345)  # Japan; and clocks that stand between UTC's hours, behind it and before it
ROW = re.compile(r'<tr role="row"(?: class="today")?><th role="rowheader" scope="row">(.*?)</th>(.*?)</tr>', re.DOTALL)
CELL = re.compile(r'<td role="cell" class="([^"]*)"[^>]*>([^<]*)</td>')


def touched(pen: Pen, *times_ms: int) -> None:
    """Let a unit tell of touches, by its own clock."""
    facts = enumerate(times_ms, pen.seq + 1)
    bodies = [encode(Entry(pen.unit, pen.boot, n, at, Touch(CARD, "library", 20_780, "card"))) for n, at in facts]
    pen.send(pen.seal(bodies))
    pen.centre.reconciler.catch_up()


def seen(centre: Centre, moment: Moment) -> ByHour:
    with store.reading(centre.engine) as connection:
        return by_hour(connection, moment)


def midnight(clock: Clock, offset: int) -> int:
    return day_begins_ms(town_day(clock.wall_ms(), offset), offset)


@pytest.mark.parametrize("offset", OFFSETS)
def test_hours_are_the_towns_from_a_week_ago_on(centre: Centre, pen: Pen, clock: Clock, offset: int) -> None:
    day = midnight(clock, offset)
    first, now = day - DAYS_BEFORE * DAY_MS, day + 9 * HOUR_MS + 40 * 60_000
    pen.send(pen.begin())
    touched(pen, first - 1, first, first + HOUR_MS - 1, first + HOUR_MS, day - 1, day, now, now + 1, day + DAY_MS - 1)
    touched(pen, day + DAY_MS)
    found = seen(centre, Moment(now, offset))
    assert len(found.days) == DAYS_BEFORE + 1
    assert {(back, hour): n for back, one in enumerate(found.days) for hour, n in enumerate(one.hours) if n} == {
        (7, 0): 2,
        (7, 1): 1,
        (1, 23): 1,
        (0, 0): 1,
        (0, 9): 2,
        (0, 23): 1,
    }
    assert [one.until_now for one in found.days] == [2, 0, 0, 0, 0, 0, 0, 3]
    assert found.last_ms == now
    assert [one.date for one in found.days[:2]] == [Moment(now, offset).iso(at)[:10] for at in (day, day - 1)]


def test_a_row_comes_to_the_days_number_and_what_comes_late_is_added(centre: Centre, pen: Pen, clock: Clock) -> None:
    day = midnight(clock, 540)
    moment = Moment(day + 12 * HOUR_MS, 540)
    pen.send(pen.begin())
    touched(pen, day + HOUR_MS, day + 13 * HOUR_MS)
    before = seen(centre, moment)
    touched(pen, day - 3 * DAY_MS + 8 * HOUR_MS)
    after = seen(centre, moment)
    assert (sum(before.days[3].hours), after.days[3].hours[8]) == (0, 1)
    with store.reading(centre.engine) as connection:
        assert sum(after.days[0].hours) == today(connection, moment).touches == 2


def test_it_is_asked_of_an_index_alone(tmp_path: Path) -> None:
    """In SQLite: a town has years of touches in its books, and the page is made anew with every one that comes."""
    asked = list[tuple[str, Any]]()
    with visited(tmp_path) as (centre, _):

        def note(_connection: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
            asked.append((statement, parameters))

        sa.event.listen(centre.engine, "before_cursor_execute", note)
        assert sum(map(sum, (day.hours for day in seen(centre, Moment(centre.town.clock.wall_ms(), 540)).days))) == 2
        ((statement, parameters),) = [one for one in asked if "until_now" in one[0]]
        with store.reading(centre.engine) as connection:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
    assert "USING COVERING INDEX entry_by_kind" in plan[0][3]


# ---- what the page shows of it

COUNTS = st.lists(st.tuples(*[st.sampled_from((0, 0, 0, 1, 7, 2_000))] * 24), min_size=8, max_size=8)
AT = Moment(1_796_002_800_000, 540)  # Monday 2026-11-30, 10:40 in Japan


def days(counts: list[tuple[int, ...]]) -> ByHour:
    begins = [day_begins_ms(town_day(AT.now_ms, 540) - back, 540) for back in range(8)]
    shown = [Day(AT.iso(at)[:10], at, hours, sum(hours[:11])) for at, hours in zip(begins, counts, strict=True)]
    return ByHour(AT.now_ms, AT.now_ms - 60_000, tuple(shown))


@given(COUNTS)
def test_whatever_there_was_is_in_the_table_and_nothing_is_coloured_without_a_number(
    counts: list[tuple[int, ...]],
) -> None:
    table = hourly(days(counts), AT)
    if table is None:
        assert not any(map(any, counts))
        return
    for row, hours in zip(table.rows, counts, strict=False):
        assert row.touches == sum(hours) == sum(one.number or 0 for one in row.hours)
        assert len(row.hours) == len(table.hours)
        assert [one.step for one in row.hours if not one.number] == [0] * sum(not one.number for one in row.hours)
        assert all(0 < one.step <= STEPS for one in row.hours if one.number)
    assert not any(any(hours) for hours in counts[len(table.rows) :])
    assert {FIRST_HOUR, LAST_HOUR, 10} <= set(table.hours)
    assert [(at, one) for at, row in enumerate(table.rows) for one in row.hours if one.is_now] == [
        (0, table.rows[0].hours[table.hours.index(10)])
    ]


def test_an_hour_that_has_not_come_is_empty_and_no_naught() -> None:
    table = hourly(days([(0,) * 8 + (4, 0, 1) + (0,) * 13] + [(0,) * 24] * 6 + [(0,) * 9 + (3,) * 2 + (0,) * 13]), AT)
    assert table
    told = dict(zip(table.hours, (one.number for one in table.rows[0].hours), strict=True))
    assert [told[hour] for hour in (8, 9, 10, 11, 20)] == [4, 0, 1, None, None]
    assert table.finding.ja == (
        "10:40までに5回。前の7日は、この時刻まで、0回から6回(先週の同じ曜日は6回)。最後のタッチは10:39。"
    )
    assert [row.name.ja for row in table.rows[1:]] == [
        *("11/29 日", "11/28 土", "11/27 金", "11/26 木", "11/25 水", "11/24 火", "11/23 月"),
    ]


def test_the_page_has_the_very_numbers_of_the_command(tmp_path: Path) -> None:
    """And without touches it has no table. Whoever may not see where people were sees how many there were."""
    folder = tmp_path / "town"
    machi("init", folder, *NAMES)
    centre = open_centre(folder, SystemClock(), SystemEntropy())
    pen = Pen.enrolled(centre)
    pen.send(pen.begin())
    with Browser(centre) as browser:
        browser.come_as(Role.TECHNICIAN)
        assert "<table" not in browser.get("/").text.partition('id="hours"')[2].partition('id="units"')[0]
        now = centre.town.clock.wall_ms()
        back = range(0, 9 * DAY_MS, 7 * HOUR_MS)
        touched(pen, *(now - ms for ms in back for _ in range(1 + ms // DAY_MS)))
        told = document("status", folder)
        page = browser.get("/").text
    first, hours = _columns(page)
    rows = [_numbers(cells) for _, cells in ROW.findall(page)]
    assert len(rows) == len(told["by_hour"]["days"]) == DAYS_BEFORE + 1
    for shown, day in zip(rows, told["by_hour"]["days"], strict=True):
        assert shown == [*day["hours"][first : first + hours], sum(day["hours"])]
    assert sum(told["by_hour"]["days"][0]["hours"]) == told["today"]["touches"]
    assert f'data-figure="touches">{told["today"]["touches"]}<' in page
    assert CARD[:8] not in page
    centre.engine.dispose()


def _columns(page: str) -> tuple[int, int]:
    """Return the first hour of the table, and how many there are."""
    hours = re.findall(r'<th role="columnheader" scope="col"[^>]*>(\d+)<small>時', page)
    return int(hours[0]), len(hours)


def _numbers(cells: str) -> list[int]:
    return [int(number.replace(",", "") or 0) for _, number in CELL.findall(cells)]
