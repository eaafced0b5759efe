"""A visit is a card's first touch at a place on a day of the town's calendar, whenever and however it is heard of."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from central.store import open_engine
from programs.visits.entries import Touch
from programs.visits.office import OFFICE
from programs.visits.rules import PROGRAM, Day, asks, decide, fold
from programs.visits.tables import visit
from programs.visits.terminal import COUNTERS
from sync.entries import Entry
from sync.facts import Applied, Place
from sync.program import Decision, Result, Tap, town_day

JST = timezone(timedelta(hours=9))
OFFSET = 540
CARD, OTHER = "0a" * 16, "0b" * 16
UNITS = {"lib01": "9f3c0a1b22d4e5f6", "lib02": "04c1d2e3f4a5b697"}
APPLIED = Entry("lib01", UNITS["lib01"], 1, 0, Applied("town", Place(UNITS["lib02"], 1, "ab" * 32)))


def at(text: str) -> int:
    """Return a moment by the clock on the wall of the town hall, as Unix milliseconds."""
    return int(datetime.fromisoformat(text).replace(tzinfo=JST).timestamp() * 1000)


def tap(text: str, card: str = CARD, place: str = "library") -> Tap:
    return Tap(card, "card", "lib01", place, at(text), town_day(at(text), OFFSET))


def touched(text: str, card: str = CARD, place: str = "library", unit: str = "lib01", seq: int = 1) -> Entry:
    fact = Touch(card=card, place=place, day=town_day(at(text), OFFSET), proof="card")
    return Entry(unit, UNITS[unit], seq, at(text), fact)


def served(*taps: Tap) -> list[Decision]:
    """Serve touches one after the other at one unit, each with the state that the ones before left."""
    states: dict[str, Day] = {}
    decisions = []
    for seq, one in enumerate(taps, 1):
        decision = decide(states.get(asks(one), Day()), one)
        for fact in decision.facts:
            states[asks(one)] = fold(states.get(asks(one), Day()), Entry("lib01", UNITS["lib01"], seq, one.at_ms, fact))
        decisions.append(decision)
    return decisions


def results(*taps: Tap) -> list[Result]:
    return [decision.result for decision in served(*taps)]


# ---- the town's calendar


@given(st.integers(-(10**12), 10**13))
def test_a_day_is_a_day_of_the_towns_calendar(wall_ms: int) -> None:
    since = datetime(1970, 1, 1, tzinfo=UTC)
    on_the_wall = (since + timedelta(milliseconds=wall_ms)).astimezone(JST)
    assert town_day(wall_ms, OFFSET) == (on_the_wall.date() - since.date()).days


def test_the_day_changes_at_midnight_in_japan() -> None:
    late, early = tap("2026-11-23T23:59:59.999"), tap("2026-11-24T00:00:00.000")
    assert early.day == late.day + 1
    assert results(late, early) == [Result.OK_POINTS, Result.OK_POINTS]


def test_midnight_in_greenwich_is_nothing_special() -> None:
    before, after = tap("2026-11-23T08:59:59"), tap("2026-11-23T09:00:01")
    assert results(before, after) == [Result.OK_POINTS, Result.ALREADY]
    assert results(tap("2026-11-23T00:00"), tap("2026-11-23T23:59")) == [Result.OK_POINTS, Result.ALREADY]


# ---- at a counter


def test_the_same_card_again_at_the_same_place_is_noted_and_counts_once() -> None:
    first, again = served(tap("2026-11-23T10:00"), tap("2026-11-23T15:00"))
    assert (first.result, first.message) == (Result.OK_POINTS, "VIS-010")
    assert (again.result, again.message) == (Result.ALREADY, "VIS-020")
    assert again.facts == first.facts, "the second touch is in the journal too"


def test_the_same_card_at_two_places_counts_at_both() -> None:
    taps = [tap(f"2026-11-23T1{hour}:00", place=place) for hour, place in enumerate(["library", "hall", "library"])]
    assert results(*taps) == [Result.OK_POINTS, Result.OK_POINTS, Result.ALREADY]


def test_another_card_is_another_visit() -> None:
    assert results(tap("2026-11-23T10:00"), tap("2026-11-23T10:00", OTHER)) == [Result.OK_POINTS] * 2


def test_a_touch_that_nobody_heard_of_is_told_afterwards() -> None:
    counter = COUNTERS["facility"]
    told = counter.recorded(touched("2026-11-23T10:00"))
    assert told == Decision(Result.OK_POINTS, "VIS-011")
    assert counter.recorded(APPLIED) is None


# ---- in the town's books


@pytest.fixture
def books() -> Iterator[sa.Connection]:
    engine = open_engine("sqlite://")
    with engine.begin() as connection:
        OFFICE.metadata.create_all(connection)
        yield connection
    engine.dispose()


def rows(books: sa.Connection) -> list[tuple[object, ...]]:
    asked = sa.select(visit.c.card, visit.c.day, visit.c.place, visit.c.touches, visit.c.first_at)
    return [tuple(row) for row in books.execute(asked.order_by(*visit.primary_key))]


def test_two_units_at_one_place_make_one_visit(books: sa.Connection) -> None:
    OFFICE.record(books, [touched("2026-11-23T10:00")])
    OFFICE.record(books, [touched("2026-11-23T09:30", unit="lib02"), touched("2026-11-23T11:00", unit="lib02", seq=2)])
    day = town_day(at("2026-11-23T10:00"), OFFSET)
    assert rows(books) == [(CARD, day, "library", 3, at("2026-11-23T09:30"))]
    assert OFFICE.figures(books) == {"visits": 1, "touches": 3}


def test_an_entry_that_arrives_late_counts_on_its_own_day(books: sa.Connection) -> None:
    today, yesterday = touched("2026-11-24T08:00", seq=9), touched("2026-11-23T20:00", unit="lib02")
    OFFICE.record(books, [today])
    OFFICE.record(books, [yesterday])
    day = town_day(at("2026-11-24T08:00"), OFFSET)
    assert [(row[1], row[3]) for row in rows(books)] == [(day - 1, 1), (day, 1)]
    assert OFFICE.state(books, f"{CARD}/{day - 1}") == OFFICE.state(books, f"{CARD}/{day}") == Day(("library",))
    assert OFFICE.state(books, f"{CARD}/{day + 1}") == PROGRAM.empty


@pytest.mark.parametrize("wall_ms", [0, 5, -86_400_000 * 300, 2**53 - 1, -(2**53) + 1])
def test_a_unit_that_did_not_know_the_time_is_believed_its_day(books: sa.Connection, wall_ms: int) -> None:
    """Its touches are real; they stand under the day that it saw, and disturb no other."""
    OFFICE.record(books, [touched("2026-11-23T10:00")])
    lost = Touch(card=CARD, place="library", day=town_day(wall_ms, OFFSET), proof="card")
    for seq in (2, 3):
        OFFICE.record(books, [Entry("lib02", UNITS["lib02"], seq, wall_ms, lost)])
    assert OFFICE.figures(books) == {"visits": 2, "touches": 3}
    assert OFFICE.state(books, f"{CARD}/{lost.day}") == Day(("library",))
    assert OFFICE.state(books, f"{CARD}/{town_day(at('2026-11-23T10:00'), OFFSET)}") == Day(("library",))


def test_the_day_counts_and_not_the_time_beside_it(books: sa.Connection) -> None:
    """A clock that was set right between the touch and the commit changes nothing about the day."""
    fact = Touch(card=CARD, place="library", day=20_780, proof="card")
    OFFICE.record(books, [Entry("lib01", UNITS["lib01"], seq, wall, fact) for seq, wall in ((1, 5), (2, 10**12))])
    assert [row[1:4] for row in rows(books)] == [(20_780, "library", 2)]


def test_entries_of_other_kinds_leave_no_trace(books: sa.Connection) -> None:
    OFFICE.record(books, [])
    OFFICE.record(books, [APPLIED])
    assert rows(books) == []
    assert OFFICE.figures(books) == {"visits": 0, "touches": 0}


touches = st.builds(
    touched,
    st.sampled_from(["2026-11-23T23:59", "2026-11-24T00:00", "2026-11-24T12:00", "2026-12-01T06:00"]),
    st.sampled_from([CARD, OTHER]),
    st.sampled_from(["library", "hall"]),
    st.sampled_from(sorted(UNITS)),
)


@given(st.lists(touches, max_size=12), st.randoms(use_true_random=False), st.integers(0, 12))
def test_any_order_and_any_cut_into_deliveries_gives_the_same_books(
    entries: list[Entry], dice: random.Random, cut: int
) -> None:
    def added_up(heard: list[Entry], cut: int) -> list[tuple[object, ...]]:
        engine = open_engine("sqlite://")
        with engine.begin() as connection:
            OFFICE.metadata.create_all(connection)
            OFFICE.record(connection, heard[:cut])
            OFFICE.record(connection, heard[cut:])
            found = rows(connection)
        engine.dispose()
        return found

    mixed = entries.copy()
    dice.shuffle(mixed)
    books = added_up(entries, len(entries))
    assert added_up(mixed, cut) == books
    assert sum(int(str(row[3])) for row in books) == len(entries), "every touch is somewhere"
