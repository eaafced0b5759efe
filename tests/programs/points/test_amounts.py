"""Rules by yen and by steps, and what is given back or void: each by itself, and in whatever order things are heard."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from central.store import open_engine
from programs.coin.entries import Pay
from programs.coin.online.facts import PaidOnline
from programs.coin.refunds.facts import Refund
from programs.points.book import BOOK, Book, activated
from programs.points.entries import Activated, ActivatedAmounts, Of, Once, Plan, Rule, Stopped, Voided
from programs.points.heard import days_of
from programs.points.judging import TOUCHES_A_DAY, Calendar, judged, worth
from programs.points.office import OFFICE
from programs.points.rules import PROGRAM, History, says
from programs.points.rules import given as points_of
from programs.points.tables import standing_of
from programs.steps.rules import PROGRAM as STEPS
from programs.steps.rules import Day
from sync.entries import Entry
from sync.messages import OFFICE_STREAM, TOWN_STREAM
from sync.program import Remark
from sync.touches import Measuring
from tests.programs.points.hall import BOOT, CARD, back, book, entry, pay, said, struck, void, walked

DAY = 20_788  # Tuesday, 2026-12-01
PAYMENTS = [
    pay(DAY, "9:00", 499),
    pay(DAY, "10:00", 500),
    pay(DAY, "11:00", 1_250, "shop"),
    pay(DAY, "12:00", 80),
    pay(DAY + 1, "9:00", 10_000),
]


@pytest.mark.parametrize(
    ("rule", "points"),
    [
        (Rule("r", 10, from_yen=500), [0, 10, 0, 0, 10]),
        (Rule("r", 10, from_yen=500, once=Once.TOUCH), [0, 10, 10, 0, 10]),
        (Rule("r", 10, from_yen=500, once=Once.PLACE), [0, 10, 10, 0, 10]),
        (Rule("r", 10, from_yen=1), [10, 0, 0, 0, 10]),
        (Rule("r", 2, per_yen=100, once=Once.TOUCH), [8, 10, 24, 0, 200]),
        (Rule("r", 2, from_yen=500, per_yen=100, once=Once.TOUCH), [0, 10, 24, 0, 200]),
        (Rule("r", 2, per_yen=100, once=Once.TOUCH, person_day=30), [8, 10, 12, 0, 30]),
        (Rule("r", 2, per_yen=100, once=Once.TOUCH, person_month=60), [8, 10, 24, 0, 18]),
        (Rule("r", 10, from_yen=1, once=Once.TOUCH, person_day=25), [10, 10, 0, 0, 10]),
        (Rule("r", 10, from_yen=1, once=Once.TOUCH, person_day=25, person_month=20), [10, 10, 0, 0, 0]),
        (Rule("r", 2, ("shop",), per_yen=100), [0, 0, 24, 0, 0]),
        (Rule("r", 2, per_yen=100, from_minute=600, to_minute=660), [0, 10, 0, 0, 0]),
        (Rule("r", 5, from_yen=1, first_visit=True, once=Once.PLACE), [5, 0, 5, 0, 0]),
        (Rule("r", 5, from_yen=400, streak=2), [0, 0, 0, 0, 5]),
        (Rule("r", 5, services=("coin",), from_yen=1_000), [0, 0, 5, 0, 5]),
        (Rule("r", 5, services=("visits",), from_yen=1), [0, 0, 0, 0, 0]),
        (Rule("r", 5), [0, 0, 0, 0, 0]),
    ],
)
def test_a_rule_for_payments_by_itself(rule: Rule, points: list[int]) -> None:
    assert said(book(rule), PAYMENTS) == points


def test_a_touch_gets_nothing_by_a_rule_for_payments_and_counts_for_none_of_its_limits() -> None:
    rules = book(Rule("pay", 10, from_yen=100), Rule("come", 3))
    assert said(rules, [entry(DAY), pay(DAY, "11:00", 100, seq=7), entry(DAY, "12:00", seq=8)]) == [3, 10, 0]


def test_a_unit_says_of_a_payment_that_there_is_more_and_of_steps_what_the_day_has() -> None:
    paid, read = pay(DAY, "9:00", 1_000), walked(DAY, 9_000)
    rules = book(Rule("r", 2, per_yen=100), Rule("s", 10, steps=8_000))
    assert says(PROGRAM.fold(History(), paid), rules, paid) == Remark("PTS-011", {"pt": 20})
    assert says(PROGRAM.fold(History(), read), rules, read) == Remark("PTS-012", {"pt": 10})
    refunded = back(paid, 1)
    assert says(PROGRAM.fold(PROGRAM.fold(History(), paid), refunded), rules, refunded) is None


def test_what_nobody_paid_gives_nothing() -> None:
    """A payment from a page counts in the centre's journal for that unit; a unit may forge the kind."""
    fact = PaidOnline("0d" * 16, CARD, "0b" * 16, 1_280, "fish", "shop01", DAY, 120)
    rules = book(Rule("r", 10, from_yen=1))
    assert said(rules, [Entry("to-shop01", BOOT, 1, 0, fact)]) == [10]
    assert said(rules, [Entry("shop01", BOOT, 1, 0, fact)]) == [0]
    assert said(rules, [Entry("to-shop02", BOOT, 1, 0, fact)]) == [0]


# ---- given back, and void


def final(rules: Book, entries: list[Entry], of: Of = Of.PAYMENT) -> list[int]:
    """Return what each payment, touch or day gives in the end, in the order of their own time."""
    engine = open_engine("sqlite://")
    with engine.begin() as connection:
        OFFICE.metadata.create_all(connection)
        OFFICE.record(connection, entries)
        found = [worth(some) for _, some, _ in judged(Calendar(rules, of), *standing_of(connection, of, CARD))]
    engine.dispose()
    return found


@pytest.mark.parametrize("backwards", [False, True])
def test_what_is_given_back_earns_nothing_and_what_is_back_whole_was_not(backwards: bool) -> None:
    first, second = pay(DAY, "9:00", 1_000), pay(DAY, "10:00", 700)
    each, once = book(Rule("r", 1, per_yen=100, once=Once.TOUCH)), book(Rule("r", 10, from_yen=500))
    heard = [first, second, back(first, 450), back(first, 100, 2)]
    in_order = heard[::-1] if backwards else heard
    assert final(each, in_order) == [4, 7]
    assert final(once, in_order) == [0, 10], "what is left is too little"
    gone = [*in_order, back(first, 450, 3)]
    assert final(book(Rule("r", 50, from_yen=1, first_visit=True)), gone) == [0, 50], "then the second is the first"


def test_nobody_gives_back_what_another_unit_took_but_the_office() -> None:
    paid = pay(DAY, "9:00", 1_000)
    rules = book(Rule("r", 1, per_yen=100))
    refund = Refund(str(paid.id), CARD, "fish", 400, 0, "broken")
    assert final(rules, [paid, Entry(OFFICE_STREAM, BOOT, 1, paid.at, refund)]) == [6]
    assert final(rules, [paid, Entry("hall01", BOOT, 1, paid.at, refund)]) == [10]
    assert final(rules, [paid, msgspec.structs.replace(back(paid, 400), unit="hall01")]) == [10]
    elsewhere = msgspec.structs.replace(void(paid), unit="hall01")
    assert final(rules, [paid, elsewhere]) == [10], "nor does another unit make it void"


def test_a_void_touch_is_as_if_it_had_not_been() -> None:
    touches = [entry(DAY, "9:00"), entry(DAY, "10:00"), entry(DAY + 1), entry(DAY + 2)]
    rules = book(Rule("once", 1), Rule("row", 20, streak=2), Rule("new", 50, first_visit=True))
    assert final(rules, touches, Of.TOUCH) == [51, 0, 21, 1]
    assert final(rules, [*touches, void(touches[0])], Of.TOUCH) == [0, 51, 21, 1]
    assert final(rules, [void(touches[2]), *touches], Of.TOUCH) == [51, 0, 0, 1]


# ---- steps


DAYS = [walked(DAY, 7_999), walked(DAY + 1, 8_000), walked(DAY + 2, 20_000), walked(DAY + 3, 60_000)]


@pytest.mark.parametrize(
    ("rule", "points"),
    [
        (Rule("r", 10, steps=8_000), [0, 10, 10, 10]),
        (Rule("r", 10, steps=20_000), [0, 0, 10, 10]),
        (Rule("r", 10, steps=8_000, weekdays=(1, 2)), [0, 10, 0, 0]),
        (Rule("r", 10, steps=1, first_day=DAY + 2, last_day=DAY + 2), [0, 0, 10, 0]),
        (Rule("r", 10, steps=8_000, streak=2), [0, 0, 10, 0]),
        (Rule("r", 10, steps=8_000, person_month=20), [0, 10, 10, 0]),
        (Rule("r", 10, steps=8_000, days=(DAY + 3,), event="まつり"), [0, 0, 0, 10]),
    ],
)
def test_a_rule_for_steps_by_itself(rule: Rule, points: list[int]) -> None:
    assert said(book(rule), DAYS) == points
    assert final(book(rule), DAYS[::-1], Of.DAY) == points


def test_a_day_gives_once_however_often_it_is_read_and_by_the_largest_reading() -> None:
    rules = book(Rule("r", 10, steps=8_000))
    read = [walked(DAY, 8_100), walked(DAY, 9_000, at=1), walked(DAY, 8_500, "healthkit", at=2)]
    assert final(rules, read, Of.DAY) == [10]
    corrected = [*read, walked(DAY, 800, at=3), walked(DAY, 7_000, "healthkit", at=4)]
    assert final(rules, corrected, Of.DAY) == final(rules, corrected[::-1], Of.DAY) == [0]
    assert said(rules, corrected)[-2:] == [10, 0], "the phone had said more"
    assert final(rules, [walked(DAY, 8_100), struck(DAY, at=9)], Of.DAY) == []


def test_a_day_counts_on_which_its_rule_was_stopped_and_none_after_it() -> None:
    stop = Entry(TOWN_STREAM, BOOT, 2, 5, Stopped("r", entry(DAY + 2, "3:00").at))
    stopped = BOOK.fold(book(Rule("r", 10, steps=8_000)), stop)
    assert final(stopped, DAYS, Of.DAY) == [0, 10, 10, 0]


READINGS = st.builds(
    walked,
    st.integers(DAY, DAY + 1),
    st.sampled_from([1, 7_000, 8_000, 25_000]),
    st.sampled_from(["pedometer", "healthkit", "list"]),
    at=st.integers(0, 3),
) | st.builds(struck, st.integers(DAY, DAY + 1), st.sampled_from(["pedometer", "healthkit"]), at=st.integers(0, 3))


@settings(max_examples=200, deadline=None)
@given(st.lists(READINGS, max_size=8, unique_by=lambda one: (one.unit, one.seq)))
def test_the_steps_that_points_look_at_are_those_that_count(read: list[Entry]) -> None:
    """Points read them by themselves; programs do not know each other, so this holds the two together."""
    days: dict[int, Day] = {}
    history = History()
    for one in read:
        assert isinstance(one.fact, Measuring)
        day = one.fact.measure.day
        days[day] = STEPS.fold(days.get(day, Day()), one)
        history = PROGRAM.fold(history, one)
    counting = {day: state.walked for day, state in days.items() if state.walked}
    assert {one.day: one.amount for one in days_of(history.counts)} == counting


# ---- units, the centre, and any order


RULES = (
    Rule("come", 1),
    Rule("new", 50, first_visit=True, once=Once.PLACE),
    Rule("row", 20, streak=2),
    Rule("many", 3, once=Once.TOUCH, person_day=6),
    Rule("yen", 2, from_yen=300, per_yen=100, once=Once.TOUCH, person_day=12, person_month=40),
    Rule("first", 30, ("fish",), from_yen=1, first_visit=True),
    Rule("paid-row", 7, from_yen=200, streak=2),
    Rule("walk", 10, steps=8_000, person_month=20),
    Rule("walk-row", 15, steps=7_000, streak=2),
)
PLACES = st.sampled_from(["library", "fish"])
CLOCKS = st.sampled_from(["9:00", "9:01", "15:30"])
WHEN = st.integers(DAY, DAY + 3)


@st.composite
def towns(draw: st.DrawFn) -> list[Entry]:
    """Invent what one card did, and what of it was given back or made void; each entry with an id of its own."""
    did: list[Entry] = draw(
        st.lists(
            st.builds(entry, WHEN, CLOCKS, PLACES)
            | st.builds(pay, WHEN, CLOCKS, st.sampled_from([100, 300, 1_050]), PLACES)
            | st.builds(walked, WHEN, st.sampled_from([7_000, 8_000]), st.sampled_from(["pedometer", "list"])),
            max_size=12,
        )
    )
    did = [msgspec.structs.replace(one, seq=seq) for seq, one in enumerate(did, 1)]
    undone: list[Entry] = []
    for seq, one in enumerate(did, 100):
        if draw(st.integers(0, 3)) == 0 and not isinstance(one.fact, Measuring):
            is_refund = isinstance(one.fact, Pay) and draw(st.booleans())
            some = back(one, draw(st.sampled_from([50, 100, 300]))) if is_refund else void(one)
            undone.append(msgspec.structs.replace(some, seq=seq))
    return [*did, *undone]


@settings(max_examples=150, deadline=None)
@given(towns(), st.data())
def test_unit_and_centre_give_the_same_for_every_entry_in_whatever_order_they_hear(
    heard: list[Entry], data: st.DataObject
) -> None:
    rules, mixed = book(*RULES), data.draw(st.permutations(heard))
    history, other = History(), History()
    for one, another in zip(heard, mixed, strict=True):
        history, other = PROGRAM.fold(history, one), PROGRAM.fold(other, another)
    assert history == other
    engine = open_engine("sqlite://")
    with engine.begin() as connection:
        OFFICE.metadata.create_all(connection)
        cut = data.draw(st.integers(0, len(mixed)))
        for some in (mixed[:cut], mixed[cut:]):
            OFFICE.record(connection, some)
        assert OFFICE.state(connection, CARD) == history
        at_centre = {
            (of, touch.unit, touch.seq) if of is not Of.DAY else (of, "", touch.day): worth(some)
            for of in Of
            for touch, some, _ in judged(Calendar(rules, of), *standing_of(connection, of, CARD))
        }
    engine.dispose()
    for one in heard:
        if (points := points_of(history, rules, one)) is not None:
            day = one.fact.measure.day if isinstance(one.fact, Measuring) else None
            keys = [(Of.TOUCH, one.unit, one.seq), (Of.PAYMENT, one.unit, one.seq), (Of.DAY, "", day)]
            assert [points] == [at_centre[key] for key in keys if key in at_centre]


@settings(max_examples=150, deadline=None)
@given(towns())
def test_what_is_void_changes_the_others_as_if_it_had_not_been(heard: list[Entry]) -> None:
    rules, gone = book(*RULES), {one.fact.of for one in heard if isinstance(one.fact, Voided)}
    without = [one for one in heard if str(one.id) not in gone and not isinstance(one.fact, Voided)]
    for of in Of:
        assert sum(final(rules, heard, of)) == sum(final(rules, without, of))


def test_what_is_void_is_still_one_of_the_first_so_many_of_a_day() -> None:
    """A unit forgets those beyond, so it could not give points to one of them when it hears that another is void."""
    many = [entry(DAY, f"10:{minute:02}") for minute in range(TOUCHES_A_DAY + 2)]
    rules = book(Rule("r", 1, once=Once.TOUCH))
    points = final(rules, [*many, void(many[0])], Of.TOUCH)
    assert sum(points) == TOUCHES_A_DAY - 1
    history = History()
    for one in [*many, void(many[0])]:
        history = PROGRAM.fold(history, one)
    assert [points_of(history, rules, one) for one in many] == [*points[:TOUCHES_A_DAY], None, None]
    with open_engine("sqlite://").begin() as connection:
        OFFICE.metadata.create_all(connection)
        OFFICE.record(connection, [*many[::-1], void(many[0])])
        assert OFFICE.state(connection, CARD) == history


# ---- units of before


def test_a_plan_that_older_units_cannot_spell_is_of_a_kind_that_they_do_not_know() -> None:
    """They would refuse all that comes with it; a kind that they do not know they pass over."""
    about = ("0a" * 6, "山田", "佐藤")
    assert type(activated(Plan(DAY, (Rule("r", 5),)), *about)) is Activated
    for rule in (Rule("r", 5, from_yen=1), Rule("r", 5, per_yen=1), Rule("r", 5, steps=1), Rule("r", 5, person_day=9)):
        newer = activated(Plan(DAY, (Rule("o", 5), rule)), *about)
        assert type(newer) is ActivatedAmounts
        plans = BOOK.fold(Book(), Entry(TOWN_STREAM, BOOT, 1, 1, newer))
        assert msgspec.json.decode(msgspec.json.encode(plans), type=Book) == plans
        assert plans.on(DAY) == Activated(newer.plan, *about)


def test_a_unit_keeps_weeks_enough_whatever_the_centre_says_meanwhile() -> None:
    """A row that ends on the first of a month counts for its last day, though words of the centre come in between."""
    first = 20_788  # of a month of 31 days
    rules = book(Rule("row", 5, streak=14, person_month=5), Rule("walk", 7, steps=1, streak=14, person_month=7))
    history, so_far, said_of = History(), list[Entry](), list[tuple[int | None, ...]]()
    for day in (*range(first - 13, first + 1), *range(first + 17, first + 32), *range(first + 40, first + 80)):
        heard = [entry(day), walked(day - 1, 8_000)]
        gone = [entry(day, "11:00")] * (day % 7 == 0) + [entry(day - 30)] * (day == first + 75)
        at = entry(day, "23:00").at
        heard += [msgspec.structs.replace(void(one, day * 2 + n), at=at) for n, one in enumerate(gone)]
        for one in heard:
            history = PROGRAM.fold(history, one)
        so_far += heard
        points = tuple(points_of(history, rules, one) for one in heard[:2])
        assert points == (final(rules, so_far, Of.TOUCH)[-1], final(rules, so_far, Of.DAY)[-1])
        said_of.append(points)
    assert said_of[13] == (5, 7), "the first of the month, and the last of the one before"
    assert said_of[27] == (0, 7), "the month has its 5 already"
    assert history.touched.touches[0].day > first, "and no more than that is kept"
