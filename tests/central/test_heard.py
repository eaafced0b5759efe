"""When a unit is missed: not by night, not on its free day, at once in the midst of its hours."""

import random
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central import heard, store
from central.centre import Centre
from central.console.desk import Desk
from central.console.troubles import DAY_MS
from central.heard import HOUR_MS, WEEK, WEEKS, Rhythm, note
from drivers.clock.sim import Driver as Clock
from simulation.centre import name_place, open_sim_centre
from sync.entries import Entry, encode
from sync.messages import Report
from tests.central.pen import Pen, touch

MONDAY = 2954 * WEEK + 99  # a Monday at 12:00 in Japan, in hours since 1970
MINUTE = 60_000


def at(day: int, hour: int, minute: int = 0) -> int:
    """Return a moment so many days behind that Monday, by the clock in Japan."""
    return (MONDAY + day * 24 + hour - 12) * HOUR_MS + minute * MINUTE


def learned(weeks: int = 4, *, opens: range = range(9, 17), days: tuple[int, ...] = (0, 1, 2, 3, 4)) -> Rhythm:
    """Return the rhythm of a hall that is open on weekdays, heard every hour up to Friday at the end of these weeks."""
    found: dict[str, Rhythm] = {}
    for day in range(weeks * 7):
        for hour in opens if day % 7 in days else ():
            found = note(found, {"hall": at(day, hour, 55)})
    return found["hall"]


def test_a_closed_hall_is_not_missed_and_an_open_one_is() -> None:
    hall = learned()
    week = 28
    assert not hall.missed(at(week - 3, 20), is_steady=True)  # Friday night
    assert not hall.missed(at(week - 1, 12), is_steady=True)  # Sunday noon
    assert not hall.missed(at(week, 8, 59), is_steady=True)
    assert not hall.missed(at(week, 9, 30), is_steady=True), "it may open late"
    assert hall.missed(at(week, 10, 0), is_steady=True)
    assert hall.missed(at(week, 23, 0), is_steady=True), "who did not come all day is missed by night, too"
    assert hall.next_ms(at(week - 1, 12)) == at(week, 9)


def test_in_the_midst_of_its_hours_it_is_missed_at_once_if_its_connection_is_good() -> None:
    hall = note({"hall": learned()}, {"hall": at(28, 10, 12)})["hall"]
    assert hall.missed(at(28, 10, 30), is_steady=True)
    assert not hall.missed(at(28, 10, 30), is_steady=False)
    assert not hall.missed(at(28, 11, 30), is_steady=False)
    assert hall.missed(at(28, 12, 1), is_steady=False)
    late = note({"hall": learned()}, {"hall": at(28, 16, 20)})["hall"]
    assert not late.missed(at(28, 16, 50), is_steady=True), "it may close early"


def test_two_weeks_of_four_are_a_habit_and_one_is_none() -> None:
    every_other = {"bus": learned(4, days=(0,))}
    assert every_other["bus"].expects(MONDAY + 28 * 24 - 2)
    once = note({"bus": learned(3, days=(0,))}, {"bus": at(26, 3)})["bus"]
    assert once.expects(MONDAY + 28 * 24 - 2)
    assert not once.expects(MONDAY + 33 * 24 - 9), "one Saturday night is no habit"


def test_who_is_new_is_not_expected_before_every_hour_may_have_been_seen_twice() -> None:
    assert not learned(1).is_learned
    assert not learned(2).is_learned
    assert learned(3).is_learned


def test_while_it_is_silent_nothing_is_forgotten() -> None:
    hall = learned()
    assert all(hall.expects(MONDAY + (28 + 7 * week) * 24 - 2) for week in range(10))
    assert hall.missed(at(28 + 50, 3), is_steady=False)


@given(st.lists(st.integers(0, 5 * WEEK), min_size=1), st.randoms(use_true_random=False))
def test_the_bits_say_exactly_which_hours_it_was_heard(hours: list[int], dice: random.Random) -> None:
    """Against a plain list; a clock that is put back changes nothing."""
    found: dict[str, Rhythm] = {}
    for hour in sorted(hours):
        found = note(found, {"unit": (MONDAY + hour) * HOUR_MS + dice.randrange(HOUR_MS)})
        found = note(found, {"unit": (MONDAY + dice.randint(0, hour)) * HOUR_MS})
    rhythm, last = found["unit"], max(hours)
    assert len(rhythm.hours) <= WEEK * WEEKS // 4, "four weeks, however long it is known"
    for ahead in range(1, WEEK + 1):
        weeks = [last + ahead - WEEK * week for week in range(1, 5)]
        assert rhythm.expects(MONDAY + last + ahead) == (sum(hour in hours for hour in weeks) >= 2)


@pytest.fixture
def pen(url: str) -> Iterator[Pen]:
    centre = open_sim_centre(Clock(), "heard", url)
    name_place(centre, "library")
    yield Pen.enrolled(centre)
    centre.engine.dispose()


def learn(centre: Centre) -> bool:
    with centre.engine.begin() as connection:
        return heard.learn(connection)


def test_what_was_learned_outlives_the_process_and_is_written_once_an_hour(pen: Pen) -> None:
    assert not learn(pen.centre), "nobody has called yet"
    pen.centre.intake.holdings(pen.peer, Report(), "0b")
    assert learn(pen.centre)
    assert not learn(pen.centre)
    hour = pen.centre.town.clock.wall_ms() // HOUR_MS
    with store.reading(pen.centre.engine) as connection:
        assert heard.rhythms(connection) == {"lib01": Rhythm(hour)}


def test_the_certificate_that_a_unit_shows_is_noted_when_it_is_another(pen: Pen) -> None:
    ends_ms = pen.centre.town.clock.wall_ms() + 1
    for shown in (ends_ms, ends_ms, ends_ms + 5):
        pen.centre.intake.holdings(type(pen.peer)("lib01", 1, shown), Report(), "0b")
        with store.reading(pen.centre.engine) as connection:
            assert heard.certificates(connection, ["lib01"]) == {"lib01": shown}
            assert heard.certificates(connection, []) == {}


def test_what_is_known_of_units_is_read_alike_from_both_databases(pen: Pen) -> None:
    now_ms = pen.centre.town.clock.wall_ms()
    pen.centre.intake.holdings(type(pen.peer)("lib01", 1, now_ms + DAY_MS), Report(unsent=2, image="pi 1.4.2"), "0b")
    pen.send(pen.begin())
    pen.send(
        pen.seal([encode(Entry("lib01", pen.boot, 2, now_ms + 600_000, touch()))])
    )  # its clock is ten minutes fast
    pen.centre.reconciler.catch_up()
    learn(pen.centre)
    desk = Desk.of(pen.centre)
    seen = desk.seen()
    (unit,) = seen.units
    assert (unit.arrived_ms, unit.certificate_ms, unit.image) == (now_ms, now_ms + DAY_MS, "pi 1.4.2")
    assert unit.ahead_s == 600
    assert seen.rhythms == {"lib01": Rhythm(now_ms // HOUR_MS)}
    assert (seen.paying, seen.drained, seen.rough) == (frozenset(), frozenset(), frozenset())
    assert [str(one.kind) for one in desk.troubles(seen, desk.moment())] == ["certificate", "clock"]
    assert desk.progress()[1] == 0
