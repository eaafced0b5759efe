"""A centre that was put back from a backup begins another history, and suspects nobody for knowing more than it."""

import random

import pytest

from appliance.uplink.courier import Round
from central import refusal
from central.audit import audit
from central.incidents import Incidents
from drivers.card.sim.others import VirtualCard
from drivers.clock.sim import Driver as Clock
from simulation.cards import Mint
from simulation.centre import SimCentre, name_place
from simulation.road import Road, Weather
from simulation.unit import SimUnit
from sync.client import RefusedError
from sync.facts import CardState, Order, UnitState
from sync.messages import Holdings, Problem, Report, Why, open_signed


def test_units_bring_again_what_it_lost_and_no_alarm_is_raised() -> None:
    centre, unit, road = town_of_one("restored")
    mint = Mint("restored")

    def touch(card: VirtualCard) -> None:
        unit.clock.advance(60)
        assert unit.tap(card)
        assert unit.sync(road)

    touch(mint.resident(0))
    before = generation(centre, unit)
    centre.back_up()
    touch(mint.resident(1))
    touch(mint.resident(2))
    assert touches(centre) == 3
    assert centre.restore()
    assert touches(centre) == 1
    assert generation(centre, unit) != before
    assert unit.sync(road)
    assert touches(centre) == 3
    assert not centre.centre.engine.connect().exec_driver_sql("SELECT * FROM incident").all()


def test_units_give_back_what_the_office_had_said_and_hear_what_it_says_since() -> None:
    centre, unit, road = town_of_one("said")
    cards = [f"{number:032x}" for number in range(6)]
    for lost, since in zip(cards[::2], cards[1::2], strict=True):
        centre.back_up()
        centre.centre.registrar.set_card(lost, CardState.STOPPED)
        assert unit.sync(road)
        assert centre.restore()
        centre.centre.registrar.set_card(since, CardState.STOPPED)  # behind the backup, beside what was lost
        done = unit.sync(road)
        assert done
        assert (done.given_back, done.problem) == (1, None)
    for card in cards:
        known = unit.running.directory.card(card)
        assert known
        assert known.state is CardState.STOPPED
    assert audit(centre.centre.engine, centre.centre.town).broken == ()
    assert unit.sync(road)
    assert unit.sync(road) == Round(), "neither side lacks anything any more"


def test_whoever_gives_back_twice_in_one_journey_is_not_accused() -> None:
    centre, unit, road = town_of_one("twice")
    centre.back_up()
    for number in range(3):  # each in a boot of its own: a centre begins one whenever it starts
        centre.centre.registrar.set_card(f"{number:032x}", CardState.STOPPED)
        centre.restart()
        assert unit.sync(road)
    assert centre.restore()
    done = unit.sync(road)
    assert done
    assert done.given_back > 1
    assert unit.sync(road)
    assert not centre.centre.engine.connect().exec_driver_sql("SELECT * FROM incident WHERE unit = 'lib01'").all()


def test_a_unit_that_was_suspended_stays_so() -> None:
    centre, unit, road = town_of_one("suspended")
    centre.back_up()
    order(centre, UnitState.SUSPENDED)
    assert unit.sync(road)
    assert centre.restore()
    assert state(centre, unit) is UnitState.ACTIVE
    done = unit.sync(road)
    assert done
    assert done.given_back == 1
    assert state(centre, unit) is UnitState.SUSPENDED
    heard = unit.running.directory.order()
    assert heard
    assert heard.state is UnitState.SUSPENDED
    checked = audit(centre.centre.engine, centre.centre.town)
    assert (checked.broken, checked.unfounded) == ((), ())


def test_a_later_order_is_not_undone_by_one_that_comes_back() -> None:
    centre, unit, road = town_of_one("later order")
    centre.back_up()
    for reason in (UnitState.ACTIVE, UnitState.ACTIVE):
        order(centre, reason)
    assert unit.sync(road)
    assert centre.restore()
    order(centre, UnitState.SUSPENDED)
    done = unit.sync(road)
    assert done
    assert (done.given_back, state(centre, unit)) == (1, UnitState.SUSPENDED)
    assert unit.running.tap.closed() == "TAP-044", "a suspended unit gives back as well, or it would never hear of it"
    assert audit(centre.centre.engine, centre.centre.town).unfounded == ()


def test_a_unit_that_was_closed_says_so_itself_and_is_let_in_no_more() -> None:
    """What it gives back is kept although it closes whoever brings it: that is answered, and nothing after it."""
    centre, unit, road = town_of_one("closed")
    centre.back_up()
    order(centre, UnitState.CLOSED)
    assert unit.sync(road)
    assert centre.restore()
    assert state(centre, unit) is UnitState.ACTIVE
    done = unit.sync(road)
    assert done
    assert done.given_back == 1
    with pytest.raises(refusal.RefusedError) as error:
        state(centre, unit)
    assert error.value.problem.type == Why.NOT_ENROLLED
    checked = audit(centre.centre.engine, centre.centre.town)
    assert (checked.broken, checked.unfounded) == ((), ())


def test_a_stream_that_the_centre_will_not_have_back_does_not_hide_the_other() -> None:
    centre, unit, road = town_of_one("no room")
    centre.back_up()
    centre.centre.registrar.set_card("0c" * 16, CardState.STOPPED)
    assert unit.sync(road)
    assert unit.sync(road)
    assert centre.restore()
    assert unit.sync(Full(road)) is not None, "what the unit wrote itself comes first"
    order(centre, UnitState.SUSPENDED)
    done = unit.sync(Full(road))
    assert done
    assert (done.given_back, done.fetched) == (0, 1)
    assert done.problem
    assert unit.running.tap.closed() == "TAP-044"


class Full(Road):
    """A road to a centre that has no room."""

    def __init__(self, road: Road) -> None:
        vars(self).update(vars(road))

    def post(self, packed: bytes, fence: str, nonce: str) -> bytes:  # noqa: ARG002 - as a road has them
        raise RefusedError(Problem(Why.FULL, "The disk is full", 507))


def town_of_one(seed: str) -> tuple[SimCentre, SimUnit, Road]:
    clock = Clock()
    centre = SimCentre(clock, seed)
    name_place(centre.centre, "library")
    unit = SimUnit(centre.centre, "lib01", "library", clock, Mint(seed).trust(), seed)
    road = Road(centre, unit.peer, Weather(), random.Random(1))  # noqa: S311 - no secret
    assert unit.sync(road)
    return centre, unit, road


def order(centre: SimCentre, said: UnitState) -> None:
    with centre.centre.engine.begin() as connection:
        if said is UnitState.SUSPENDED:
            Incidents(connection, centre.centre.streams, 0).suspend("lib01", 1, "two machines")
        else:
            centre.centre.streams.append_for(connection, "lib01", [Order("lib01", 1, said, "looked into")])


def state(centre: SimCentre, unit: SimUnit) -> UnitState:
    raw = centre.holdings(unit.peer, Report(), "nonce")
    return open_signed(raw, Holdings, centre.centre.town.signer.public).state


def touches(centre: SimCentre) -> int:
    centre.centre.reconciler.wipe()
    centre.centre.reconciler.catch_up()
    return centre.centre.reconciler.figures()["visits"]["touches"]


def generation(centre: SimCentre, unit: SimUnit) -> str:
    raw = centre.holdings(unit.peer, Report(), "nonce")
    return open_signed(raw, Holdings, centre.centre.town.signer.public).generation
