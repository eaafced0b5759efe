"""A touch that should not have been: two officers take its points; the books, the units and the page say the same."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from central import ledger
from programs.coin.entries import Pay, ShopRefund
from programs.points.entries import Booked, Once, Rule, Voided, VoidRefused
from programs.points.explaining import explain
from programs.points.judging import Why
from programs.points.previewing import preview
from programs.points.settling import Lacking, lacking
from programs.points.voiding import NotVoidedError, answer, ask, find, requests
from programs.steps.entries import LIST, PEDOMETER, Walked
from programs.steps.importing import strike, take
from simulation.cards import Mint
from simulation.road import Road, Weather
from simulation.unit import SimUnit
from sync.accounts import Role
from sync.days import written
from sync.entries import EntryId
from tests.central.visiting import Browser
from tests.programs.points.hall import CARD, Hall, entry
from tests.programs.points.test_pages import (
    CONFLICT,
    FORBIDDEN,
    come_as,
    follow,
    plain,
    seen,
)

OTHER = "0b" * 16
NOVEMBER = 2026 * 12 + 10
TEN = Rule("ten", 10)


@pytest.fixture
def hall() -> Hall:
    return Hall()


def made_void(hall: Hall, of: str) -> None:
    ask(hall.centre, of, "試験のタッチ", "山田")
    answer(hall.centre, of, "佐藤", is_yes=True)


# ---- two officers


def test_one_officer_asks_and_another_one_says_yes_or_no(hall: Hall) -> None:
    hall.decide(TEN)
    of = hall.arrives(hall.touched((hall.today, "10:00")))
    with pytest.raises(NotVoidedError, match="Nobody has asked"):
        answer(hall.centre, of, "佐藤", is_yes=True)
    for reason in ("", "  ", "わけ" * 101):
        with pytest.raises(NotVoidedError, match="Say why"):
            ask(hall.centre, of, reason, "山田")
    ask(hall.centre, of, "trial", "山田", is_trial=True)
    assert ask(hall.centre, of, " 試験の  タッチ ", "Yamada").because == "試験の タッチ"
    with pytest.raises(NotVoidedError, match="Yamada has asked for it already"):
        ask(hall.centre, of, "again", "佐藤")
    with pytest.raises(NotVoidedError, match="another officer"):
        answer(hall.centre, of, "YAMADA", is_yes=True)
    answer(hall.centre, of, "佐藤", is_yes=True, is_trial=True)
    answer(hall.centre, of, "Yamada", is_yes=False)
    with hall.centre.reconciler.counted() as connection:
        (one,) = requests(connection)
        assert (one.state, one.answered_by) == ("refused", "Yamada")
    assert hall.settle().used == {"ten": 10}
    made_void(hall, of)
    with pytest.raises(NotVoidedError, match="void already"):
        ask(hall.centre, of, "again", "山田")
    with pytest.raises(NotVoidedError, match="Nobody has asked"):
        answer(hall.centre, of, "佐藤", is_yes=False)
    with hall.centre.reconciler.counted() as connection:
        assert [(one.state, one.by, one.answered_by) for one in requests(connection)] == [("void", "山田", "佐藤")]


def test_only_touches_and_payments_are_made_void(hall: Hall) -> None:
    hall.decide(TEN)
    of = hall.arrives(hall.touched((hall.today, "10:00")))
    (steps,) = hall.wrote("hall01", Walked(CARD, hall.today, 9_000, PEDOMETER, "card"))
    for name, why in (
        (of[:-1] + "1", "gives no points"),
        (of[:-1] + "9", "not arrived"),
        ("library01", "not an entry id"),
        (steps, "steps strike"),
    ):
        with pytest.raises(NotVoidedError, match=why):
            ask(hall.centre, name, "試験", "山田")


def test_what_a_unit_says_of_voids_is_hearsay(hall: Hall) -> None:
    hall.decide(TEN)
    of = hall.arrives(hall.touched((hall.today, "10:00")))
    ask(hall.centre, of, "試験", "山田")
    hall.wrote("hall01", Voided(of, CARD, "山田", "佐藤"), VoidRefused(of, "佐藤"))
    with hall.centre.reconciler.counted() as connection:
        there = find(connection, of)
        assert there
        assert there.is_open
    assert hall.settle().used == {"ten": 10}


# ---- in the books


def test_what_it_gave_is_taken_back_and_the_next_touch_gets_it(hall: Hall) -> None:
    hall.decide(TEN, Rule("new", 50, first_visit=True), Rule("row", 7, streak=2))
    first, _ = (hall.arrives(hall.touched((hall.today + n, "10:00"))) for n in range(2))
    hall.sleep()
    hall.settle()
    assert hall.balance() == 77
    made_void(hall, first)
    assert hall.settle().booked == (Booked(CARD, NOVEMBER, -17),), "the second day is the first one, and makes no row"
    assert hall.balance() == 60
    hall.arrives(hall.touched((hall.today - 1, "15:00")))
    assert hall.settle().used == {"ten": 20, "new": 50, "row": 7}, "another touch of that day is its first now"
    with hall.centre.reconciler.counted() as connection:
        found = explain(connection, hall.centre.town.register, EntryId.parse(first))
        assert (found.is_void, found.points) == (True, 0)
        assert {why for _, why, _ in found.found} == {Why.VOID}


def test_what_was_used_already_is_lacking_and_the_next_points_make_it_good(hall: Hall) -> None:
    """No balance is below zero, and nothing is lost silently: what is lacking stands in the books and on the page."""
    hall.decide(TEN)
    of = hall.arrives(hall.touched((hall.today, "10:00")))
    hall.settle()
    spend(hall, 8)
    made_void(hall, of)
    assert hall.settle().booked == (Booked(CARD, NOVEMBER, -10),)
    assert (hall.balance(), owed(hall)) == (0, Lacking(1, 8))
    assert hall.settle().booked == (), "once"
    hall.sleep()
    hall.arrives(hall.touched((hall.today, "10:00")))
    hall.settle()
    assert (hall.balance(), owed(hall)) == (2, Lacking(0, 0))
    with hall.centre.reconciler.counted() as connection:
        assert ledger.total(connection) == 0


def spend(hall: Hall, points: int) -> None:
    with hall.centre.reconciler.counted() as connection:
        ordered = ledger.Booked(entry(hall.today, unit="desk01"), (_to_tickets(points),))
        ledger.book(connection, [ordered])


def _to_tickets(points: int) -> ledger.Move:
    return ledger.Move(ledger.points(CARD), "tickets/draw", points)


def owed(hall: Hall) -> Lacking:
    with hall.centre.reconciler.counted() as connection:
        return lacking(connection)


@pytest.mark.parametrize(("spent", "balance", "lacks"), [(0, 0, 0), (5, 0, 0), (12, 0, 2), (20, 0, 10)])
def test_what_ran_out_is_not_taken_back_a_second_time(hall: Hall, spent: int, balance: int, lacks: int) -> None:
    """Somebody who should have earned 10 of 20 owes what was used beyond these, and not what had run out."""
    hall.decide(TEN, good_months=1)
    of = hall.arrives(hall.touched((hall.today, "10:00"), (hall.today + 1, "10:00")))
    hall.sleep()
    hall.settle()
    if spent:
        spend(hall, spent)
    hall.sleep(41)
    hall.settle()
    assert hall.balance() == 0, "it is January, and all of November has run out"
    made_void(hall, of)
    hall.settle()
    assert (hall.balance(), owed(hall).points) == (balance, lacks)
    assert hall.settle().booked == (), "and no more comes of it"


def test_a_payment_that_is_taken_back_takes_its_points_with_it(hall: Hall) -> None:
    hall.decide(Rule("fish", 2, ("fish",), from_yen=500, per_yen=100, once=Once.TOUCH))
    day = hall.today
    paid, more = hall.wrote("fish01", Pay(1, CARD, 1_000, "fish", day, "card"), Pay(1, CARD, 700, "fish", day, "card"))
    hall.settle()
    assert hall.balance() == 34
    hall.wrote("fish01", ShopRefund(1, CARD, 300, "fish", day, paid.partition("/")[2]))
    assert [one.points for one in hall.settle().booked] == [-6]
    hall.wrote("fish01", ShopRefund(1, CARD, 700, "fish", day, paid.partition("/")[2]))
    assert [one.points for one in hall.settle().booked] == [-14]
    with hall.centre.reconciler.counted() as connection:
        assert explain(connection, hall.centre.town.register, EntryId.parse(paid)).is_void
    with pytest.raises(NotVoidedError, match="given back"):
        ask(hall.centre, paid, "試験", "山田")
    made_void(hall, more)
    assert [one.points for one in hall.settle().booked] == [-14]
    assert hall.balance() == 0


def test_steps_that_are_imported_late_and_corrected_give_once(hall: Hall) -> None:
    hall.decide(Rule("walk", 10, steps=8_000))
    day = hall.today
    hall.sleep(3)
    (typed,) = hall.wrote("hall01", Walked(CARD, day, 7_000, PEDOMETER, "card"))
    assert hall.settle().booked == ()
    take(hall.centre, LIST, {CARD: {day: 8_200, day + 1: 9_000}, OTHER: {day: 100}})
    assert hall.settle().booked == (Booked(CARD, NOVEMBER, 20),)
    take(hall.centre, LIST, {CARD: {day: 12_000}})
    assert hall.settle().booked == ()
    take(hall.centre, LIST, {CARD: {day: 500}})
    assert hall.settle().booked == (Booked(CARD, NOVEMBER, -10),)
    with hall.centre.reconciler.counted() as connection:
        found = explain(connection, hall.centre.town.register, EntryId.parse(typed))
        assert (found.touch.amount, [why for _, why, _ in found.found]) == (7_000, [Why.AMOUNT])
    strike(hall.centre, CARD, day + 1, LIST, "a slip")
    assert hall.settle().booked == (Booked(CARD, NOVEMBER, -10),)


def test_arriving_in_any_order_gives_the_same_books_and_so_does_a_replay() -> None:
    def books(seed: int) -> int:
        hall, dice = Hall(), random.Random(seed)  # noqa: S311 - not a secret
        hall.decide(TEN, Rule("new", 50, first_visit=True), Rule("row", 7, streak=2), Rule("fish", 3, per_yen=100))
        day = hall.today
        pieces = [
            hall.touched((day + n, "9:00"), (day + n, "17:00"), place=at)
            for n in range(3)
            for at in ("library", "hall")
        ]
        hall.sleep(5)
        by_unit = {unit: [one for one in pieces if one.unit == unit] for unit in ("library01", "hall01")}
        order = [one.unit for one in pieces] + ["fish"] * 2
        dice.shuffle(order)
        arrived: dict[str, list[str]] = {unit: [] for unit in (*by_unit, "fish")}
        for unit in order:
            if unit in by_unit:
                arrived[unit].append(hall.arrives(by_unit[unit].pop(0)))
            else:
                arrived[unit] += hall.wrote("fish01", Pay(1, CARD, 900, "fish", day + len(arrived[unit]), "card"))
            if arrived["library01"] and seed % 2:
                hall.settle()
        hall.wrote("fish01", ShopRefund(1, CARD, 250, "fish", day + 1, arrived["fish"][1].partition("/")[2]))
        made_void(hall, arrived["library01"][0])
        made_void(hall, arrived["hall01"][2])
        hall.settle()
        found = hall.balance()
        before = hall.centre.reconciler.digest()
        hall.centre.reconciler.wipe()
        hall.centre.reconciler.catch_up()
        assert hall.centre.reconciler.digest() == before
        return found

    assert len({books(seed) for seed in range(4)}) == 1


def test_a_trial_looks_at_payments_and_steps_and_leaves_out_what_is_void(hall: Hall) -> None:
    hall.decide(TEN)
    day = hall.today
    of = hall.arrives(hall.touched((day, "10:00"), (day, "11:00")))
    paid, other = hall.wrote("fish01", Pay(1, CARD, 1_000, "fish", day, "card"), Pay(1, OTHER, 80, "fish", day, "card"))
    hall.wrote("hall01", Walked(OTHER, day, 8_000, PEDOMETER, "card"))
    rules = (Rule("come", 3), Rule("fish", 2, per_yen=100), Rule("walk", 10, steps=8_000))
    plan = hall.decide(*rules).plan
    with hall.centre.reconciler.counted() as connection:
        found = preview(connection, plan, day, day)
        assert [(one.points, one.people, one.touches) for one in found.rules] == [(3, 1, 1), (20, 1, 1), (10, 1, 1)]
        assert (found.people, found.cards, found.touches, found.of, found.points) == (2, 2, 3, 5, 33)
    made_void(hall, of)
    made_void(hall, paid)
    made_void(hall, other)
    with hall.centre.reconciler.counted() as connection:
        found = preview(connection, plan, day, day)
        assert [one.points for one in found.rules] == [3, 0, 10], "the second touch of the day is the first now"


# ---- at a unit


@pytest.fixture
def unit(hall: Hall) -> Iterator[SimUnit]:
    unit = SimUnit(hall.centre, "lib01", "library", hall.clock, Mint("points").trust(), "points")
    yield unit
    unit.stop()


def test_a_unit_that_has_heard_of_it_says_what_the_centre_will_book(hall: Hall, unit: SimUnit) -> None:
    card = Mint("points").resident(1)
    road = Road(hall.centre, unit.peer, Weather(), random.Random(1))  # noqa: S311 - the weather is good
    hall.decide(TEN, Rule("yen", 5, from_yen=500))
    unit.sync(road)
    shown = unit.tap(card)
    assert shown
    assert shown.values == {"pt": 10}
    unit.sync(road)
    made_void(hall, shown.entry)
    hall.clock.advance(60)
    unit.sync(road)
    again = unit.tap(card)
    assert again
    assert (again.message, again.values) == ("VIS-020", {"pt": 10}), "the first of the day that stands"
    unit.sync(road)
    assert hall.settle().used == {"ten": 10}


# ---- on the console


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Hall]:
    opened = Hall(f"sqlite:///{tmp_path / 'town.db'}")
    yield opened
    opened.centre.engine.dispose()


def test_two_accounts_make_a_touch_void_on_its_page(desk: Hall) -> None:
    desk.decide(TEN)
    of = desk.arrives(desk.touched((desk.today, "10:00")))
    desk.settle()
    spend(desk, 10)
    with Browser(desk.centre) as browser:
        for role in (Role.CLERK, Role.TREASURER, Role.AUDITOR):
            come_as(browser, "jiro", role)
            assert "ポイントを取り消す" not in seen(browser, f"/points?entry={of}")
            for act in ("void", "confirm", "refuse"):
                assert browser.post(f"/points/{act}", {"entry": of}).status_code == FORBIDDEN
        come_as(browser, "hanako")
        assert "ポイントを取り消す" in seen(browser, f"/points?entry={of}")
        answer_ = browser.post("/points/void", {"entry": of, "because": " "})
        assert answer_.status_code == CONFLICT
        assert "わけを" in plain(answer_)
        page = follow(browser, browser.post("/points/void", {"entry": of, "because": "試験<b>"}))
        assert "試験&lt;b&gt;" in page
        assert "承認は、別の担当者がしてください" in page
        assert 'action="/points/confirm"' not in page
        assert browser.post("/points/confirm", {"entry": of}).status_code == CONFLICT
        come_as(browser, "sato")
        assert "承認を待っている取り消しが 1件" in seen(browser)
        page = follow(browser, browser.post("/points/refuse", {"entry": of}))
        assert "前に頼まれ、sato が断りました" in page
        follow(browser, browser.post("/points/void", {"entry": of, "because": "試験"}))
        come_as(browser, "hanako")
        page = follow(browser, browser.post("/points/confirm", {"entry": of}))
        assert "取り消されています" in page
        assert "このタッチは 0ポイント" in page
        assert 'action="/points/void"' not in page
        assert "取り消されました。" in page
        desk.settle()
        page = seen(browser)
        assert "取り消し(hanako)" in page
        assert "戻してもらう前に使われたポイントが 1人、10ポイント" in page
        assert CARD not in page


def test_the_page_says_of_a_payment_and_of_steps_what_they_are_worth(desk: Hall) -> None:
    desk.decide(TEN, Rule("fish", 2, per_yen=100), Rule("walk", 10, steps=8_000))
    (paid,) = desk.wrote("fish01", Pay(1, CARD, 1_000, "library", desk.today, "card", 100))
    (read,) = desk.wrote("hall01", Walked(CARD, desk.today, 9_000, PEDOMETER, "card"))
    desk.wrote("fish01", ShopRefund(1, CARD, 300, "library", desk.today, paid.partition("/")[2]))
    with Browser(desk.centre) as browser:
        come_as(browser, "hanako")
        page = seen(browser, f"/points?entry={paid}")
        assert "この支払いは 14ポイント" in page
        assert "残り 700円" in page
        assert "支払いそのもののポイント(コインの取り決め)は、ここに入っていません" in page
        assert "タッチに付く規則です。" in page
        assert "お金と、支払いそのもののポイントはそのままです" in page
        page = seen(browser, f"/points?entry={read}")
        assert "この日の歩数は 10ポイント" in page
        assert written(desk.today) in page
        assert "9,000" not in page, "how far somebody walked is said to nobody"
        assert 'action="/points/void"' not in browser.get(f"/points?entry={read}").text
        assert "なぜ何ポイント" in browser.get(f"/entries/{read}").text
