"""A prize is fetched once: by a touch where one unit was granted it, or at the desk; and an alternate comes after."""

import random
from collections.abc import Iterator

import msgspec
import pytest

from central import ledger
from central.centre import Centre
from drivers.clock.sim import Driver as Clock
from programs.lottery.entries import Prize
from programs.lottery.errors import DrawError
from programs.lottery.giving import Wanted, give
from programs.lottery.prizes import award, collect, hand_out_at, pass_on, prizes
from programs.lottery.running import APART_S, announce, close
from simulation.cards import Mint
from simulation.centre import name_place, open_sim_centre
from simulation.road import Road, Weather
from simulation.unit import SimUnit
from sync.program import Result
from tests.programs.lottery.spring import BEFORE_S, PLAN, ROUND, SIGNATURES, clock_at, draw_winners

DRAW = PLAN.draw


@pytest.fixture
def clock() -> Clock:
    return clock_at(BEFORE_S)


@pytest.fixture
def centre(clock: Clock) -> Iterator[Centre]:
    opened = open_sim_centre(clock, "prizes")
    name_place(opened, "hall")
    yield opened
    opened.engine.dispose()


def drawn(centre: Centre, clock: Clock, places: int, *holders: str) -> None:
    """Draw among holders of one ticket each; all that do not win are alternates."""
    prize = (Prize("ます寿し", "Trout sushi", 3_000, places),)
    announce(centre, msgspec.structs.replace(PLAN, prizes=prize, alternates=len(holders) - places))
    give(centre, DRAW, [Wanted(holder, 1, f"T{number}") for number, holder in enumerate(holders)])
    clock.advance(PLAN.close_at - clock.wall_ms() // 1000)
    close(centre, DRAW, without_silent=True)
    clock.advance(APART_S)
    draw_winners(centre, DRAW, SIGNATURES[ROUND])


def test_a_touch_of_the_winning_card_fetches_the_prize_once_and_without_a_network(centre: Centre, clock: Clock) -> None:
    mint = Mint("prizes")
    card = centre.registrar.card(*mint.identity(1))
    stands = [
        SimUnit(centre, name, "hall", clock, mint.trust(), "prizes", counter="lottery") for name in ("hall01", "hall02")
    ]
    drawn(centre, clock, 3, card, "paper-01", "paper-02")
    with pytest.raises(DrawError, match="no prize"):
        collect(centre, DRAW, "T0")
    award(centre, DRAW)
    award(centre, DRAW)
    assert [one.ticket for one in hand_out_at(centre, DRAW, "hall01")] == ["T0"], "sheets of paper go to the desk"
    assert hand_out_at(centre, DRAW, "hall02") == [], "it has been granted already"
    with pytest.raises(DrawError, match="A unit is to hand it out"):
        collect(centre, DRAW, "T0")
    for stand in stands:
        stand.sync(Road(centre, stand.peer, Weather(), random.Random(1)))  # noqa: S311 - the weather is good
    heard = [stand.tap(mint.resident(1)) for stand in reversed(stands)]
    clock.advance(60)
    heard.append(stands[0].tap(mint.resident(1)))
    assert [one and (one.result, one.message) for one in heard] == [
        (Result.HELP, "LOT-030"),
        (Result.OK_PAY, "LOT-040"),
        (Result.HELP, "LOT-030"),
    ]
    assert heard[1] is not None
    assert "ます寿し" in heard[1].ja
    stands[0].sync(Road(centre, stands[0].peer, Weather(), random.Random(1)))  # noqa: S311 - the weather is good
    collect(centre, DRAW, "T1")
    with pytest.raises(DrawError, match="somebody has it"):
        collect(centre, DRAW, "T1")
    assert [(one.won.ticket, one.by) for one in prizes(centre, DRAW)] == [
        ("T0", "hall01"),
        ("T1", "office"),
        ("T2", ""),
    ]
    with centre.reconciler.counted() as connection:
        assert ledger.balance(connection, "handed/spring") == 2
        assert ledger.total(connection) == ledger.shortfall(connection) == 0
    for stand in stands:
        stand.stop()


def test_where_nobody_comes_the_alternates_follow_in_their_order(centre: Centre, clock: Clock) -> None:
    drawn(centre, clock, 1, "paper-01", "paper-02", "paper-03")
    award(centre, DRAW)
    (first,) = prizes(centre, DRAW)
    second = pass_on(centre, DRAW, first.won.ticket)
    with pytest.raises(DrawError, match="somebody has it"):
        pass_on(centre, DRAW, first.won.ticket)
    third = pass_on(centre, DRAW, second)
    assert {first.won.ticket, second, third} == {"T0", "T1", "T2"}
    with pytest.raises(DrawError, match="no alternates"):
        pass_on(centre, DRAW, third)
    collect(centre, DRAW, third)
    found = {one.won.ticket: (one.by, one.passed_to) for one in prizes(centre, DRAW)}
    assert found == {first.won.ticket: ("", second), second: ("", third), third: ("office", "")}
    with centre.reconciler.counted() as connection:
        found_free = ledger.balances(connection, [f"prize/paper-0{number}/free" for number in (1, 2, 3)])
        assert (sum(found_free.values()), ledger.balance(connection, "issuer/prizes")) == (0, -1)
    before = centre.reconciler.digest()
    centre.reconciler.wipe()
    centre.reconciler.catch_up()
    assert centre.reconciler.digest() == before
