"""Points from the officers' word to the books: two people decide, units say it offline, late touches get theirs."""

import random
from collections.abc import Iterator

import pytest

from central import ledger
from programs.coin.entries import Pay
from programs.points.activating import NotActivatedError, activate, propose
from programs.points.entries import Booked, Once, Plan, Rule
from programs.points.explaining import NoTouchError, explain
from programs.points.judging import Why
from programs.points.previewing import preview
from programs.points.settling import settle
from simulation.cards import Mint
from simulation.road import Road, Weather
from simulation.unit import SimUnit
from sync.entries import EntryId
from sync.program import Result
from tests.programs.points.hall import CARD, Hall, entry

OTHER = "0b" * 16
TEN = Rule("ten", 10)


@pytest.fixture
def hall() -> Hall:
    return Hall()


# ---- two officers


def test_whoever_proposed_a_plan_cannot_activate_it_under_any_spelling(hall: Hall) -> None:
    made = propose(hall.centre, Plan(hall.today + 1, (TEN,)), "Yamada Taro")
    for same in ("Yamada Taro", " yamada  taro ", "YamadaTaro", "\uff39amada Taro"):  # a wide Y
        with pytest.raises(NotActivatedError, match="another officer"):
            activate(hall.centre, made.id, same)
    with pytest.raises(NotActivatedError, match="--by"):
        activate(hall.centre, made.id, " ")
    said = activate(hall.centre, made.id, "佐藤")
    assert (said.proposed_by, said.by, said.proposal) == ("Yamada Taro", "佐藤", made.id)
    with pytest.raises(NotActivatedError, match="activated already"):
        activate(hall.centre, made.id, "鈴木")


def test_a_plan_cannot_change_a_day_that_has_begun(hall: Hall) -> None:
    with pytest.raises(NotActivatedError, match="2026-11-24"):
        propose(hall.centre, Plan(hall.today, (TEN,)), "山田")
    made = propose(hall.centre, Plan(hall.today + 1, (TEN,)), "山田")
    with pytest.raises(NotActivatedError, match="has proposed the same"):
        propose(hall.centre, Plan(hall.today + 1, (TEN,)), "佐藤")
    hall.sleep()
    with pytest.raises(NotActivatedError, match="2026-11-25"):
        activate(hall.centre, made.id, "佐藤")
    with pytest.raises(NotActivatedError, match="no proposal"):
        activate(hall.centre, "0" * 12, "佐藤")


def test_a_trial_writes_nothing(hall: Hall) -> None:
    plan = Plan(hall.today + 1, (TEN,))
    propose(hall.centre, plan, "山田", is_trial=True)
    made = propose(hall.centre, plan, "山田")
    activate(hall.centre, made.id, "佐藤", is_trial=True)
    activate(hall.centre, made.id, "佐藤")
    hall.sleep()
    hall.arrives(hall.touched((hall.today, "10:00")))
    assert settle(hall.centre, is_trial=True).booked == (Booked(CARD, 2026 * 12 + 10, 10),)
    assert hall.balance() == 0
    assert hall.settle().used == {"ten": 10}
    assert hall.balance() == 10


# ---- at a unit


@pytest.fixture
def unit(hall: Hall) -> Iterator[SimUnit]:
    mint = Mint("points")
    unit = SimUnit(hall.centre, "lib01", "library", hall.clock, mint.trust(), "points")
    yield unit
    unit.stop()


def test_a_unit_says_the_points_without_a_network_and_the_centre_books_the_same(hall: Hall, unit: SimUnit) -> None:
    card = Mint("points").resident(1)
    road = Road(hall.centre, unit.peer, Weather(), random.Random(1))  # noqa: S311 - the weather is good
    hall.decide(TEN, Rule("hall", 5, places=("hall",)))
    unit.sync(road)
    shown = unit.tap(card)
    assert shown is not None
    assert (shown.result, shown.message, shown.values) == (Result.OK_POINTS, "VIS-010", {"pt": 10})
    assert shown.ja == "ようこそ。今日の利用を記録しました。 +10ポイント"
    assert shown.en.endswith("+10 points")
    assert shown.short == "+10"
    hall.clock.advance(60)
    again = unit.tap(card)
    assert again is not None
    assert (again.message, again.values) == ("VIS-020", {})
    unit.sync(road)
    (booked,) = hall.settle().booked
    assert (booked.points, hall.balance(booked.card)) == (10, 10)


def test_a_touch_that_was_written_and_not_announced_is_told_with_its_points(hall: Hall, unit: SimUnit) -> None:
    card = Mint("points").resident(1)
    hall.decide(TEN)
    unit.sync(Road(hall.centre, unit.peer, Weather(), random.Random(1)))  # noqa: S311 - the weather is good
    assert unit.tap(card)
    unit.crash()
    unit.start()
    told = unit.tap(card)
    assert told is not None
    assert (told.message, told.values) == ("VIS-011", {"pt": 10})


# ---- in the books


def test_a_late_touch_gets_its_points_by_its_own_time_and_takes_them_from_none_that_stands(hall: Hall) -> None:
    hall.decide(Rule("morning", 10, to_minute=12 * 60), Rule("first", 50, first_visit=True))
    yesterday = hall.today
    hall.sleep()
    late = hall.touched((yesterday, "9:00"), (yesterday, "10:00"), place="hall")
    hall.arrives(hall.touched((hall.today, "9:00"), (hall.today, "13:00")))
    assert hall.settle().used == {"first": 50, "morning": 10}
    assert hall.balance() == 60
    hall.sleep(20)
    hall.arrives(late)
    assert hall.settle().booked == (Booked(CARD, 2026 * 12 + 10, 60),)
    assert hall.balance() == 120
    assert hall.settle().booked == (), "twice does no harm"


def test_a_late_touch_that_was_first_takes_the_points_of_the_one_that_was_thought_to_be(hall: Hall) -> None:
    hall.decide(Rule("first", 50, first_visit=True), Rule("early", 3, to_minute=9 * 60))
    early = hall.touched((hall.today, "8:00"), place="hall")
    pen = hall.pens.pop("hall01")
    hall.arrives(hall.touched((hall.today, "15:00"), place="library"))
    hall.settle()
    hall.pens["hall01"] = pen
    hall.arrives(early)
    assert hall.settle().booked == (Booked(CARD, 2026 * 12 + 10, 3),)
    assert hall.balance() == 53


def test_arriving_in_any_order_gives_the_same_books_and_so_does_a_replay() -> None:
    def books(seed: int) -> tuple[dict[str, str], int]:
        hall = Hall()
        hall.decide(Rule("first", 50, first_visit=True), Rule("row", 20, streak=2), Rule("ten", 10, person_month=20))
        day = hall.today
        pieces = [
            hall.touched((day + n, "9:00"), (day + n, "17:00"), place=place, card=card)
            for n in range(3)
            for place in ("library", "hall")
            for card in (CARD, OTHER)
        ]
        hall.sleep(5)
        by_unit = {unit: [one for one in pieces if one.unit == unit] for unit in ("library01", "hall01")}
        order = [one.unit for one in pieces]
        random.Random(seed).shuffle(order)  # noqa: S311 - not a secret
        for unit in order:
            hall.arrives(by_unit[unit].pop(0))
            if seed % 2:
                hall.settle()
        hall.settle()
        found = hall.balance(), hall.balance(OTHER)
        before = hall.centre.reconciler.digest()
        hall.centre.reconciler.wipe()
        hall.centre.reconciler.catch_up()
        assert hall.centre.reconciler.digest() == before
        return {name: before[name] for name in ("points_touch", "points_first", "points_rules")}, sum(found)

    assert {books(seed)[1] for seed in range(4)} == {2 * (50 + 10 + 20 + 10)}


def test_points_that_a_unit_says_it_booked_are_none(hall: Hall) -> None:
    hall.arrives(hall.touched((hall.today, "10:00")))
    pen = hall.pens["library01"]
    pen.send(pen.write(Booked(CARD, 2026 * 12 + 10, 500)))
    assert hall.balance() == 0
    with hall.centre.reconciler.counted() as connection:
        assert ledger.total(connection) == 0


def test_points_for_touches_and_for_payments_are_one_balance(hall: Hall) -> None:
    hall.decide(TEN)
    hall.arrives(hall.touched((hall.today, "10:00")))
    pen = hall.pens["library01"]
    pen.send(pen.write(Pay(1, CARD, 100, "library", hall.today, "card", 7)))
    hall.settle()
    with hall.centre.reconciler.counted() as connection:
        assert ledger.balance(connection, ledger.points(CARD)) == 17
        assert ledger.balance(connection, ledger.POINTS) == -17
        assert ledger.total(connection) == 0


def test_a_rule_stops_when_its_budget_is_used_up_and_what_was_earned_before_stays(hall: Hall) -> None:
    hall.decide(Rule("ten", 10, once=Once.TOUCH, budget=20))
    day = hall.today
    hall.arrives(hall.touched((day, "8:00"), (day, "8:01")))
    late = hall.touched((day, "8:02"))
    (stopped,) = hall.settle().stopped
    assert stopped.rule == "ten"
    assert hall.settle().stopped == ()
    hall.sleep()
    after = hall.touched((day + 1, "8:00"))
    hall.arrives(late)
    hall.arrives(after)
    assert hall.settle().used == {"ten": 30}, "a late one from before counts"


def test_points_run_out_by_months_and_what_was_used_was_used_first(hall: Hall) -> None:
    hall.decide(TEN, good_months=1)
    november = hall.today
    hall.arrives(hall.touched((november, "10:00"), (november + 1, "10:00")))
    hall.sleep()
    hall.settle()
    with hall.centre.reconciler.counted() as connection:
        spent = ledger.Booked(entry(november, unit="desk01"), (ledger.Move(ledger.points(CARD), "tickets/draw", 5),))
        ledger.book(connection, [spent])
    hall.sleep(31)
    assert hall.settle().expired == (), "December is not over"
    hall.sleep(10)
    (gone,) = hall.settle().expired
    assert (gone.card, gone.points, hall.balance()) == (CARD, 15, 0)
    assert hall.settle().expired == ()


# ---- explained and tried


def test_every_rule_is_explained_of_an_entry(hall: Hall) -> None:
    hall.decide(
        *(TEN, Rule("hall", 5, places=("hall",)), Rule("evening", 5, from_minute=18 * 60), Rule("row", 9, streak=2))
    )
    first = hall.arrives(hall.touched((hall.today, "10:00"), (hall.today, "11:00")))
    with hall.centre.reconciler.counted() as connection:
        register = hall.centre.town.register
        found = explain(connection, register, EntryId.parse(first))
        assert found.points == 10
        assert {rule.id: why for rule, why, _ in found.found} == {
            "ten": Why.GIVEN,
            "hall": Why.PLACE,
            "evening": Why.HOUR,
            "row": Why.STREAK,
        }
        second = EntryId.parse(first.removesuffix("2") + "3")
        assert explain(connection, register, second).found[0] == (TEN, Why.ONCE, 0)
        with pytest.raises(NoTouchError, match="not arrived"):
            explain(connection, register, EntryId("library01", second.boot, 99))
        with pytest.raises(NoTouchError, match="no touch"):
            explain(connection, register, EntryId("library01", second.boot, 1))


def test_a_plan_is_tried_on_what_happened_whatever_its_own_days_are(hall: Hall) -> None:
    hall.decide(TEN)
    day = hall.today
    hall.sleep(30)
    hall.arrives(hall.touched((day - 1, "10:00"), (day, "10:00"), (day + 1, "10:00"), (day + 9, "10:00")))
    hall.arrives(hall.touched((day, "12:00"), place="hall", card=OTHER))
    hall.settle()
    tried = Plan(
        day + 400, (Rule("row", 7, streak=2, first_day=day + 400), Rule("hall", 5, places=("hall",), budget=4))
    )
    with hall.centre.reconciler.counted() as connection:
        found = preview(connection, tried, day, day + 1)
        assert (found.points, found.now, found.people, found.cards) == (12, None, 2, 2)
        assert (found.touches, found.of, found.more_percent()) == (2, 3, None)
        assert [(one.rule, one.points, one.people, one.touches) for one in found.rules] == [
            ("row", 7, 1, 1),
            ("hall", 5, 1, 1),
        ]
        assert "exceeds the budget" in found.warnings()[0].en
        november = preview(connection, tried, 20_758, 20_787)
        assert (found.points, november.now, november.more_percent()) == (12, 30, -60)
        nothing = preview(connection, tried, day + 100, day + 101)
        assert (nothing.points, nothing.more_percent()) == (0, None)
        assert len(nothing.warnings()) == 2


def test_what_anybody_else_says_of_points_moves_nothing(hall: Hall) -> None:
    """Only the office books points: a unit whose software was changed cannot give itself any."""
    hall.decide(TEN)
    hall.arrives(hall.touched((hall.today, "10:00")))
    pen = hall.pens["library01"]
    pen.send(pen.write(Booked(CARD, 24_320, 1_000)))
    assert hall.balance() == 0
    assert [one.points for one in hall.settle().booked] == [10]
