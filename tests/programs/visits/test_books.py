"""What is counted of a month: by the town's clock, by people and hours, for each service, in any order of arrival."""

import random
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from central.store import open_engine
from central.weekly import days_of, weekday
from programs.visits.books import Spot, read_month, read_spot, read_totals, spots
from programs.visits.hiding import NOBODY
from programs.visits.office import OFFICE
from sync.entries import Entry
from sync.months import first_day
from tests.programs.visits.hall import DECEMBER, NOVEMBER, OCTOBER, OFFSET, Story, at, came, record, touch

LIBRARY, HALL, STORY = Spot("library", "visits"), Spot("hall", "visits"), Spot("library", "story")
MONDAY = 0


@pytest.fixture
def books() -> Iterator[sa.Connection]:
    engine = open_engine("sqlite://")
    with engine.begin() as connection:
        OFFICE.metadata.create_all(connection)
        yield connection
    engine.dispose()


def test_taps_are_not_visits(books: sa.Connection) -> None:
    """Ten people come on a Monday at nine; six of them also touch on going. Ten visits, sixteen touches."""
    record(books, came("2026-11-02T09:59", range(10)), came("2026-11-02T11:00", range(6)))
    seen = read_spot(books, LIBRARY, NOVEMBER, OFFSET)
    assert (seen.visits, seen.people, seen.touches) == (10, 10, 16)
    assert {when: number for when, number in seen.at.items() if number} == {(MONDAY, 9): 10}


def test_hours_and_months_are_those_of_the_town(books: sa.Connection) -> None:
    """Half past midnight on the first of November in Japan is still October in Greenwich."""
    record(books, came("2026-11-01T00:30", range(5)), came("2026-11-30T23:30", range(7)))
    seen = read_spot(books, LIBRARY, NOVEMBER, OFFSET)
    assert {when: number for when, number in seen.at.items() if number} == {(6, 0): 5, (MONDAY, 23): 7}
    assert read_spot(books, LIBRARY, OCTOBER, OFFSET) == NOBODY


def test_who_came_before_is_not_new_whenever_it_arrives(books: sa.Connection) -> None:
    record(books, came("2026-11-02T10:00", range(20)))
    assert read_spot(books, LIBRARY, NOVEMBER, OFFSET).new == 20
    record(books, came("2026-10-05T10:00", range(8)))
    seen = read_spot(books, LIBRARY, NOVEMBER, OFFSET)
    assert (seen.new, seen.returning) == (12, 8)
    assert read_spot(books, LIBRARY, OCTOBER, OFFSET).new == 8


def test_each_service_of_a_place_stands_for_itself_and_beside_the_others(books: sa.Connection) -> None:
    record(books, came("2026-11-02T10:00", range(30)), came("2026-11-02T10:05", range(12), kind=Story))
    record(books, came("2026-11-03T10:00", range(10, 40), "hall"))
    assert spots(books) == [HALL, STORY, LIBRARY]
    month = read_month(books, NOVEMBER, OFFSET, spots(books))
    assert [month.at(spot).visits for spot in (LIBRARY, STORY, HALL)] == [30, 12, 30]
    assert month.beside(LIBRARY) == [(HALL, 20), (STORY, 10)], "rounded down to fives"
    assert month.beside(HALL) == [(LIBRARY, 20)], "of two people who were at both nobody hears"


def test_totals_alone_are_those_of_the_whole(books: sa.Connection) -> None:
    record(books, came("2026-10-05T10:00", range(4)), came("2026-11-02T10:00", range(20)))
    found = read_totals(books, LIBRARY, [OCTOBER, NOVEMBER, DECEMBER])
    assert found[OCTOBER].is_hidden
    assert (found[NOVEMBER].visits, found[NOVEMBER].people) == (20, 20)
    assert found[DECEMBER] == NOBODY


touches = st.builds(
    touch,
    st.sampled_from(["2026-10-31T23:59", "2026-11-01T00:00", "2026-11-02T12:00", "2026-11-02T09:00"]),
    st.integers(0, 7),
    st.sampled_from(["library", "hall"]),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(touches, max_size=30), st.randoms(use_true_random=False), st.integers(0, 30))
def test_a_month_is_the_same_in_any_order_and_cut(entries: list[Entry], dice: random.Random, cut: int) -> None:
    def added_up(heard: list[Entry], cut: int) -> object:
        engine = open_engine("sqlite://")
        with engine.begin() as connection:
            OFFICE.metadata.create_all(connection)
            record(connection, heard[:cut])
            record(connection, heard[cut:])
            found = read_month(connection, NOVEMBER, OFFSET, spots(connection))
        engine.dispose()
        return found

    mixed = entries.copy()
    dice.shuffle(mixed)
    assert added_up(mixed, cut) == added_up(entries, len(entries))


def test_weekdays_come_four_or_five_times_a_month() -> None:
    since, days = first_day(NOVEMBER), first_day(DECEMBER) - first_day(NOVEMBER)
    assert weekday(since) == 6, "the first of November 2026 is a Sunday"
    assert [days_of(day, since, days) for day in range(7)] == [5, 4, 4, 4, 4, 4, 5]
    assert at("2026-11-01T00:00") == since * 86_400_000 - 9 * 3_600_000
