"""What counts of a person's day, whoever says it and in whichever order; and what is shown of all together."""

import random

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from central.centre import Centre
from central.console.moment import Moment
from central.store import open_engine, reading
from drivers.clock.sim import Driver as Clock
from programs.steps import office, pages
from programs.steps.entries import COUNTED_MAX, HEALTHKIT, PEDOMETER, PLAUSIBLE_MAX, SOURCES, Struck, Walked
from programs.steps.importing import LATE_DAYS, Taken, strike, take
from programs.steps.rules import TODAY, YESTERDAY, Day, decide, fold
from simulation.centre import open_sim_centre
from sync.entries import Entry
from sync.facts import CardState
from sync.program import Result, Tap, Wish, town_day

CARD = "0a" * 16
NOON = 1_797_563_600_000
DAY = town_day(NOON, 540)
BOOT = "9f3c0a1b22d4e5f6"


def entry(seq: int, fact: Walked | Struck, at: int = 0) -> Entry:
    return Entry("hall01", BOOT, seq, at or seq, fact)


def walked(steps: int, source: str = PEDOMETER, card: str = CARD, day: int = DAY) -> Walked:
    return Walked(card, day, steps, source, "card")


said = st.lists(
    st.tuples(st.sampled_from(SOURCES), st.integers(1, PLAUSIBLE_MAX), st.booleans(), st.integers(1, 5)), max_size=8
)


@given(said, st.randoms())
def test_the_last_word_of_each_source_and_the_largest_of_all(
    words: list[tuple[str, int, bool, int]], dice: random.Random
) -> None:
    facts = [Struck(CARD, DAY, source, "") if void else walked(steps, source) for source, steps, void, _ in words]
    entries = [entry(seq, fact, word[3]) for seq, (fact, word) in enumerate(zip(facts, words, strict=True), 1)]
    last: dict[str, int] = {}
    for one in sorted(entries, key=lambda one: (one.at, one.seq)):
        fact = one.fact
        assert isinstance(fact, Walked | Struck)
        last[fact.source] = fact.steps if isinstance(fact, Walked) else 0
    dice.shuffle(entries)
    day = Day()
    for one in entries:
        day = fold(day, one)
    assert day.walked == min(max(last.values(), default=0), COUNTED_MAX)


def tap(steps: int = 0, what: str = TODAY) -> Tap:
    return Tap(CARD, "card", "hall01", "hall", NOON, DAY, wish=Wish(what, steps))


@pytest.mark.parametrize(
    ("asked", "result", "message"),
    [
        (tap(4_210), Result.OK_POINTS, "STP-010"),
        (tap(3_000), Result.ALREADY, "STP-020"),
        (tap(2_999), Result.OK_POINTS, "STP-010"),  # somebody mends what was typed before
        (tap(PLAUSIBLE_MAX), Result.OK_POINTS, "STP-010"),
        (tap(PLAUSIBLE_MAX + 1), Result.REFUSED, "STP-030"),
        (tap(0), Result.REFUSED, "STP-030"),
        (tap(-5), Result.REFUSED, "STP-030"),
        (tap(0, ""), Result.ALREADY, "STP-001"),
    ],
)
def test_a_pedometer_at_a_counter(asked: Tap, result: Result, message: str) -> None:
    before = fold(Day(), entry(1, walked(3_000)))
    decision = decide(before, asked)
    assert (decision.result, decision.message) == (result, message)
    written = {fact.steps for fact in decision.facts if isinstance(fact, Walked)}
    assert written == ({asked.wish.amount} if message in ("STP-010", "STP-020") else set())


def test_yesterdays_number_is_yesterdays() -> None:
    (fact,) = decide(Day(), tap(5_000, YESTERDAY)).facts
    assert fact == walked(5_000, day=DAY - 1)
    assert decide(Day(), tap(0, "")).message == "STP-002"


# ---- the centre


@pytest.fixture
def clock() -> Clock:
    return Clock(Clock.Options(wall_ms=NOON))


@pytest.fixture
def centre(clock: Clock) -> Centre:
    return open_sim_centre(clock, "steps")


def of(centre: Centre, card: str, day: int) -> Day:
    with centre.reconciler.counted() as connection:
        return office.of_card(connection, card, day, day).get(day, Day())


def test_a_file_counts_once_and_a_later_one_replaces_it(centre: Centre, clock: Clock) -> None:
    phone = {
        CARD: {DAY: 3_100, DAY - 1: 8_000, DAY - LATE_DAYS: 900, DAY - LATE_DAYS - 1: 7_777, DAY + 1: 50, DAY - 2: 0}
    }
    assert take(centre, HEALTHKIT, phone, dry=True) == Taken(new=3, late=1, ahead=1)
    assert of(centre, CARD, DAY) == Day(), "a rehearsal writes nothing"
    assert take(centre, HEALTHKIT, phone) == Taken(new=3, late=1, ahead=1)
    assert take(centre, HEALTHKIT, phone) == Taken(known=3, late=1, ahead=1)
    clock.advance(3_600)
    assert take(centre, HEALTHKIT, {CARD: {DAY: 9_300, DAY - 3: PLAUSIBLE_MAX + 1}}) == Taken(new=1, implausible=1)
    assert (of(centre, CARD, DAY).walked, of(centre, CARD, DAY - 3).walked) == (9_300, 0)
    centre.registrar.set_card(CARD, CardState.STOPPED)
    assert take(centre, HEALTHKIT, {CARD: {DAY: 9_400}}) == Taken(stopped=1)


def test_of_two_sources_the_larger_counts_and_what_is_struck_stays_struck(centre: Centre, clock: Clock) -> None:
    take(centre, PEDOMETER, {CARD: {DAY: 42_100}})
    take(centre, HEALTHKIT, {CARD: {DAY: 4_300}})
    assert of(centre, CARD, DAY).walked == COUNTED_MAX
    clock.advance(60)
    assert strike(centre, CARD, DAY, PEDOMETER, "one zero too much")
    assert of(centre, CARD, DAY).walked == 4_300
    assert not strike(centre, CARD, DAY, PEDOMETER, "again")
    assert take(centre, PEDOMETER, {CARD: {DAY: 42_100}}) == Taken(struck=1)


def test_fewer_than_five_people_are_not_shown_and_one_more_tells_nothing_of_that_one() -> None:
    engine = open_engine("sqlite://")
    with engine.begin() as connection:
        office.metadata.create_all(connection)
        for day, people in ((DAY, 9), (DAY - 1, 4), (DAY - 2, 5)):
            facts = [walked(5_000 + 10 * one, card=f"{one:032x}", day=day) for one in range(people)]
            office.OFFICE.record(connection, [entry(seq, fact) for seq, fact in enumerate(facts, 1)])
    shown = pages.read(engine, Moment(NOON, 540))["days"]
    assert [(people, mean) for _, people, mean in shown] == [(None, None), (5, 5_000)], "and today is not over"
    with reading(engine) as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(office.table)).scalar() == 18
    engine.dispose()


def test_means_are_rounded() -> None:
    assert office.shown(DAY, 6, 6 * 5_049) == office.Shown(DAY, 6, 5_000)
    assert office.shown(DAY, 4, 4) == office.Shown(DAY, None, None)
