"""Tickets for points: ordered at a stand without a network, given out by the office, and each point used once."""

import random
from collections.abc import Iterator

import pytest

from central import ledger
from programs.lottery.entries import Opened, Tickets
from programs.lottery.errors import DrawError
from programs.lottery.giving import Wanted, give
from programs.lottery.lists import proven, tag_of
from programs.lottery.office import orders_of
from programs.lottery.ordering import Why, take_orders
from programs.lottery.publishing import prove_ticket
from programs.lottery.rules import PROGRAM, Held, Openings, Prizes, Said
from programs.lottery.rules import decide as decide_all
from programs.lottery.running import announced_in, close
from simulation.cards import Mint
from simulation.road import Road, Weather
from simulation.unit import SimUnit
from sync.entries import Entry
from sync.facts import CardState, UnitSet
from sync.program import Decision, Result, Tap, Wish
from sync.rights import Right
from tests.programs.lottery.stand import ANNE, BERT, DAY_S, DRAW, Fair


@pytest.fixture
def fair() -> Fair:
    return Fair()


@pytest.fixture
def stand(fair: Fair) -> Iterator[SimUnit]:
    unit = SimUnit(fair.centre, "stand01", "hall", fair.clock, Mint("fair").trust(), "fair", counter="lottery")
    yield unit
    unit.stop()


def test_a_ticket_is_ordered_by_a_touch_without_a_network_and_stands_in_the_frozen_list(
    fair: Fair, stand: SimUnit
) -> None:
    card = Mint("fair").resident(1)
    road = Road(fair.centre, stand.peer, Weather(), random.Random(1))  # noqa: S311 - the weather is good
    stand.sync(road)
    for mine in (1, 2, 3):
        fair.clock.advance(60)
        shown = stand.tap(card)
        assert shown is not None
        assert (shown.result, shown.message) == (Result.OK_PAY, "LOT-021")
        assert (shown.values["mine"], shown.values["cost"]) == (mine, 100)
    assert shown is not None
    assert shown.ja.startswith("「冬の抽選会」に 1口 申し込みました(ここで 3口)")
    fair.clock.advance(60)
    shown = stand.tap(card)
    assert shown is not None
    assert (shown.result, shown.message) == (Result.ALREADY, "LOT-020")
    fair.clock.advance(fair.close_s - fair.clock.wall_ms() // 1000)
    closed = stand.tap(card)
    assert closed is not None
    assert closed.message == "LOT-030"
    with pytest.raises(DrawError, match=r"LOT-010.*stand01"):
        close(fair.centre, DRAW)
    for _ in range(2):  # with the second contact it says that it has nothing more to send
        stand.sync(road)
    name = _who_ordered(fair)
    fair.centre.registrar.set_card(name, CardState.ACTIVE)
    fair.earn(name, 250)
    frozen = close(fair.centre, DRAW)
    assert (frozen.tickets, frozen.people, fair.points(name)) == (2, 1, 50)
    with fair.centre.reconciler.counted() as connection:
        key = bytes.fromhex(announced_in(connection, DRAW).key)
        found = prove_ticket(connection, DRAW, "P00002")
        assert found.proof.line == f"P00002,{tag_of(key, name)}"
        assert proven(found.proof).hex() == frozen.root
        assert ledger.balance(connection, "tickets/winter") == 200


def _who_ordered(fair: Fair) -> str:
    with fair.centre.reconciler.counted() as connection:
        (name,) = {one.card for one in orders_of(connection, DRAW)}
    return name


def test_a_touch_that_was_written_and_not_announced_is_told_and_is_one_order(fair: Fair, stand: SimUnit) -> None:
    card = Mint("fair").resident(1)
    road = Road(fair.centre, stand.peer, Weather(), random.Random(1))  # noqa: S311 - the weather is good
    stand.sync(road)
    assert stand.tap(card)
    stand.crash()
    stand.start()
    told = stand.tap(card)
    assert told is not None
    assert told.message == "LOT-022"
    stand.sync(road)
    assert sum(one.why is Why.CARD for one in take_orders(fair.centre, DRAW).waiting) == 1


# ---- the office's word


def test_an_order_waits_for_points_and_each_point_is_used_once(fair: Fair) -> None:
    fair.earn(ANNE, 150)
    fair.arrives(fair.ordered((ANNE, 1), (ANNE, 1), (BERT, 1)))
    trial = take_orders(fair.centre, DRAW, is_trial=True)
    assert (len(trial.tickets), fair.points(ANNE)) == (1, 150)
    taken = take_orders(fair.centre, DRAW)
    assert [(one.ref, one.holder, one.points) for one in taken.tickets] == [("P00001", ANNE, 100)]
    assert [one.why for one in taken.waiting] == [Why.POINTS, Why.POINTS]
    assert take_orders(fair.centre, DRAW).tickets == (), "twice does no harm"
    fair.earn(BERT, 100)
    assert [one.holder for one in take_orders(fair.centre, DRAW).tickets] == [BERT]
    assert (fair.points(ANNE), fair.points(BERT)) == (50, 0)


def test_of_two_stands_the_older_order_comes_first_and_the_cap_holds_for_the_whole_town(fair: Fair) -> None:
    fair.earn(ANNE, 1_000)
    now = fair.clock.wall_ms() // 1000
    fair.arrives(fair.ordered((ANNE, 2), at_s=now + 600))
    fair.arrives(fair.ordered((ANNE, 2), at_s=now, unit="stand02"))
    taken = take_orders(fair.centre, DRAW)
    assert [one.order.partition("/")[0] for one in taken.tickets] == ["stand02"]
    assert [one.why for one in taken.waiting] == [Why.CAP]
    assert fair.points(ANNE) == 800
    with pytest.raises(DrawError, match="would have 4"):
        give(fair.centre, DRAW, [Wanted(ANNE, 2)])


def test_what_arrives_after_the_freezing_is_no_ticket_and_costs_nothing(fair: Fair) -> None:
    fair.earn(ANNE, 300)
    fair.earn(BERT, 300)
    fair.arrives(fair.ordered((ANNE, 1)))
    late = fair.ordered((BERT, 1))
    fair.arrives(fair.ordered((BERT, 1), at_s=fair.close_s, unit="stand02"))
    fair.clock.advance(DAY_S)
    for unit in ("stand01", "stand02"):
        fair.centre.registrar.say([UnitSet(unit, "hall", "lottery")])
    with pytest.raises(DrawError, match=r"LOT-010.*stand01"):
        close(fair.centre, DRAW)
    frozen = close(fair.centre, DRAW, without_silent=True)
    assert (frozen.tickets, fair.points(ANNE), fair.points(BERT)) == (1, 200, 300)
    fair.arrives(late)
    with pytest.raises(DrawError, match="No tickets"):
        take_orders(fair.centre, DRAW)
    assert [one.holder for one in fair.tickets()] == [ANNE]
    assert fair.points(BERT) == 300


def test_the_desk_takes_points_too_and_never_more_than_there_are(fair: Fair) -> None:
    fair.earn(ANNE, 250)
    (given,) = give(fair.centre, DRAW, [Wanted(ANNE, 2)], for_points=True)
    assert (given.points, fair.points(ANNE)) == (200, 50)
    with pytest.raises(DrawError, match="100 are needed"):
        give(fair.centre, DRAW, [Wanted(ANNE, 1)], for_points=True)
    give(fair.centre, DRAW, [Wanted(ANNE, 1)])
    assert fair.points(ANNE) == 50


def test_books_that_are_made_anew_say_the_same(fair: Fair) -> None:
    fair.earn(ANNE, 250)
    fair.arrives(fair.ordered((ANNE, 1), (BERT, 1), (ANNE, 2)))
    take_orders(fair.centre, DRAW)
    points, before = fair.points(ANNE), fair.centre.reconciler.digest()
    fair.centre.reconciler.wipe()
    fair.centre.reconciler.catch_up()
    assert (points, fair.centre.reconciler.digest()) == (150, before)


def test_tickets_that_a_unit_says_it_gave_take_no_points_and_are_in_no_list(fair: Fair) -> None:
    fair.earn(ANNE, 500)
    fair.arrives(fair.ordered((BERT, 1)))
    pen = fair.pens["stand01"]
    pen.send(pen.write(Tickets(DRAW, "P00001", ANNE, 1, 100)))
    assert (fair.points(ANNE), fair.tickets()) == (500, [])


# ---- what a stand decides


def _said(at: int, opened: Opened) -> tuple[Said, Opened]:
    return Said(at, "9f3c0a1b22d4e5f6", 1, "town"), opened


SOON = Opened("soon", "すぐ", "Soon", 100, 2, 2_000)
LATER = Opened("later", "あと", "Later", 50, 9, 3_000)
OPENINGS = Openings((_said(2, LATER), _said(1, SOON)))


def tap(at_s: int, *, proof: str = "card", wish: Wish | None = None) -> Tap:
    return Tap(ANNE, proof, "stand01", "hall", at_s * 1000, 20_780, wish=wish or Wish())


def decide(held: Held, openings: Openings, touch: Tap, *, rights: int = 0) -> Decision:
    won = Prizes(((DRAW, "P00001", "ます寿し", "Trout sushi"),))
    return decide_all(held, openings, Right(rights), won, touch)


def test_a_prize_is_handed_out_only_where_the_right_to_it_is() -> None:
    for rights, message in ((0, "LOT-021"), (1, "LOT-040")):
        assert decide(Held(), OPENINGS, tap(0), rights=rights).message == message
    handed = Held(handed=((DRAW, "P00001"),))
    assert decide(handed, OPENINGS, tap(0), rights=1).message == "LOT-021", "once"
    refused = decide(Held(), OPENINGS, tap(0, proof="token"), rights=1)
    assert (refused.message, refused.facts) == ("LOT-031", ())


def test_the_draw_that_closes_first_is_ordered_until_it_closes() -> None:
    assert [decide(Held(), OPENINGS, tap(at)).values.get("title_en") for at in (0, 1_999, 2_000, 3_000)] == [
        "Soon",
        "Soon",
        "Later",
        None,
    ]
    assert decide(Held(), OPENINGS, tap(0, wish=Wish(about="later", amount=3))).values["cost"] == 150


def test_a_picture_of_a_code_spends_no_points() -> None:
    for proof in ("token", "none"):
        refused = decide(Held(), OPENINGS, tap(0, proof=proof))
        assert (refused.result, refused.message, refused.facts) == (Result.REFUSED, "LOT-031", ())


def test_the_cap_counts_the_orders_of_this_draw_only() -> None:
    held = Held()
    for seq, expected in enumerate(["LOT-021", "LOT-021", "LOT-020"], 1):
        decision = decide(held, OPENINGS, tap(0))
        assert decision.message == expected
        for fact in decision.facts:
            held = PROGRAM.fold(held, Entry("stand01", "9f3c0a1b22d4e5f6", seq, 0, fact))
    assert decide(held, OPENINGS, tap(2_500)).message == "LOT-021"
