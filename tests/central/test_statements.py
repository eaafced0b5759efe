"""What the office said last counts, whatever the centre's clock says."""

import random

import pytest

from drivers.card import Trust
from drivers.clock.sim import Driver as Clock
from simulation.centre import SimCentre, name_place
from simulation.road import Road, Weather
from simulation.unit import SimUnit
from sync.facts import CardSet, CardState
from sync.messages import TOWN_STREAM

CARD = "0a" * 16


@pytest.mark.parametrize("dies_between", [False, True])
def test_a_clock_that_is_set_back_does_not_turn_statements_round(*, dies_between: bool) -> None:
    clock = Clock()
    centre = SimCentre(clock, "statements")
    centre.centre.registrar.set_card(CARD, CardState.ACTIVE)
    clock.jump(-86_400)
    for state in (
        CardState.STOPPED,
        CardState.ACTIVE,
    ) * 4:  # boots have names drawn at random: order must not hang on them
        if dies_between:
            centre.restart()  # a fresh process, and a boot of its own
        centre.centre.registrar.set_card(CARD, state)
        centre.centre.reconciler.catch_up()
        with centre.centre.engine.connect() as connection:
            said = connection.exec_driver_sql("SELECT state FROM said WHERE key = ?", (f"card/{CARD}",)).scalar_one()
        assert f'"{state}"' in said


def test_a_new_unit_hears_them_in_the_order_in_which_they_are_chained() -> None:
    """The centre lost some of them with its disk, got them back, and its clock was set back in between."""
    clock = Clock()
    centre = SimCentre(clock, "chained")
    name_place(centre.centre, "library")
    witness = SimUnit(centre.centre, "lib01", "library", clock, Trust(), "chained")
    road = Road(centre, witness.peer, Weather(), random.Random(1))  # noqa: S311 - no secret
    centre.back_up()
    centre.restart()  # so that what comes now is a boot of its own
    centre.centre.registrar.set_card(CARD, CardState.STOPPED)
    assert witness.sync(road)
    assert centre.restore()
    clock.jump(-86_400)
    done = witness.sync(road)
    assert done
    assert done.given_back == 1
    fresh = SimUnit(centre.centre, "lib02", "library", clock, Trust(), "chained")
    card = fresh.running.directory.card(CARD)
    assert card
    assert card.state is CardState.STOPPED


def test_a_new_unit_hears_more_than_one_segment_can_hold() -> None:
    centre = SimCentre(Clock(), "much")
    for first in (0, 400):  # each well within a segment, both together not
        facts = [CardSet(f"{number:032x}", CardState.STOPPED) for number in range(first, first + 400)]
        with centre.centre.engine.begin() as connection:
            centre.centre.streams.append(connection, TOWN_STREAM, facts)
    name_place(centre.centre, "library")
    unit = SimUnit(centre.centre, "lib01", "library", Clock(), Trust(), "much")
    cards = (unit.running.directory.card(f"{number:032x}") for number in range(800))
    assert all(card and card.state is CardState.STOPPED for card in cards)
