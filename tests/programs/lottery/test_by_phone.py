"""Tickets that residents get with their own phones: once for each number, for points that are there, up to the cap."""

import pytest

from central.resident.draws import Draw, Wanted
from central.resident.purse import NotPaidError
from programs.lottery.giving import Wanted as Given
from programs.lottery.giving import give
from programs.lottery.office import counts
from programs.lottery.ordering import take_orders
from programs.lottery.prizes import award, collect
from programs.lottery.resident import DRAWS, SHOWN_DAYS
from programs.lottery.running import APART_S, announce, close
from programs.points.entries import Booked
from simulation.centre import open_sim_centre
from sync.facts import CardState
from sync.messages import OFFICE_STREAM
from tests.programs.lottery.spring import BEFORE_S, CLOSE_S, PLAN, ROUND, SIGNATURES, clock_at, draw_winners
from tests.programs.lottery.stand import ANNE, BERT, DAY_S, DRAW, Fair


@pytest.fixture
def fair() -> Fair:
    one = Fair()
    one.earn(ANNE, 250)
    return one


def number(of: int) -> str:
    return f"{of:032x}"


def takes(fair: Fair, of: int = 1, card: str = ANNE, draw: str = DRAW) -> Draw:
    return DRAWS.take(fair.centre, Wanted(number(of), card, draw))


def seen(fair: Fair, card: str = ANNE) -> list[Draw]:
    with fair.centre.reconciler.counted() as connection:
        return DRAWS.seen(connection, card, fair.clock.wall_ms())


def refused(fair: Fair, of: int = 9, card: str = ANNE, draw: str = DRAW) -> tuple[str, dict[str, int | str]]:
    before = fair.tickets()
    with pytest.raises(NotPaidError) as error:
        takes(fair, of, card, draw)
    assert fair.tickets() == before
    return error.value.why, error.value.values


def test_a_ticket_is_there_at_once_for_its_points_and_once_for_each_number(fair: Fair) -> None:
    (before,) = seen(fair)
    assert (before.more, before.cost, before.tickets, before.is_drawn) == (3, 100, (), False)
    first = takes(fair)
    assert (first.tickets, first.more) == (("P00001",), 2)
    assert takes(fair) == first, "sent again"
    assert (fair.points(ANNE), takes(fair, 2).tickets) == (150, ("P00001", "P00002"))
    assert refused(fair) == ("draw-points", {"points": 50, "cost": 100, "cap": 3})
    assert fair.points(ANNE) == 50
    assert seen(fair, BERT)[0].tickets == ()


def test_nobody_has_more_than_the_cap_however_they_came_by_their_tickets(fair: Fair) -> None:
    fair.earn(ANNE, 1_000)
    give(fair.centre, DRAW, [Given(ANNE, 1)])
    fair.arrives(fair.ordered((ANNE, 1)))
    take_orders(fair.centre, DRAW)
    assert takes(fair).more == 0
    assert refused(fair)[0] == "draw-cap"
    fair.arrives(fair.ordered((ANNE, 1)))
    assert [one.why for one in take_orders(fair.centre, DRAW).waiting] == ["cap"]
    with fair.centre.reconciler.counted() as connection:
        found = counts(connection)[DRAW]
    assert (found.tickets, found.waiting) == (3, 1), "what a phone got was never an order that waits"


def test_a_closed_draw_a_stopped_card_and_no_draw_at_all_give_nothing(fair: Fair) -> None:
    assert refused(fair, draw="nothing")[0] == "request"
    fair.centre.registrar.set_card(ANNE, CardState.STOPPED)
    assert refused(fair)[0] == "stopped"
    fair.centre.registrar.set_card(ANNE, CardState.ACTIVE)
    give(fair.centre, DRAW, [Given(BERT, 1)])
    fair.clock.advance(DAY_S)
    assert refused(fair)[0] == "draw-closed", "nobody has frozen the list yet"
    assert seen(fair)[0].more == 0
    close(fair.centre, DRAW)
    assert refused(fair)[0] == "draw-closed"
    fair.clock.advance((SHOWN_DAYS + 1) * DAY_S)
    assert seen(fair) == []


def test_what_was_won_is_shown_until_it_is_fetched_and_after_that_it_was() -> None:
    clock = clock_at(BEFORE_S)
    centre = open_sim_centre(clock, "by phone")
    announce(centre, PLAN)
    centre.registrar.set_card(ANNE, CardState.ACTIVE)
    with centre.reconciler.counted() as connection:
        centre.streams.append(connection, OFFICE_STREAM, [Booked(ANNE, 2026 * 12, 1_000)])
    for of in range(8):
        mine = DRAWS.take(centre, Wanted(number(of), ANNE, PLAN.draw)).tickets
    clock.advance(CLOSE_S - BEFORE_S)
    assert close(centre, PLAN.draw).tickets == len(mine)
    clock.advance(APART_S)
    transcript = draw_winners(centre, PLAN.draw, SIGNATURES[ROUND])
    award(centre, PLAN.draw)
    collect(centre, PLAN.draw, transcript.winners[0].ticket)

    def shown() -> Draw:
        with centre.reconciler.counted() as connection:
            return DRAWS.seen(connection, ANNE, clock.wall_ms())[0]

    assert shown().is_drawn
    assert {one.ticket: (one.ja, one.is_fetched) for one in shown().prizes} == {
        one.ticket: (one.prize_ja, place == 0) for place, one in enumerate(transcript.winners)
    }
    assert {one.ticket for one in shown().prizes} < set(mine)
