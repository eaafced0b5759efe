"""What the office said last counts, whatever the centre's clock says."""

import pytest

from drivers.clock.sim import Driver as Clock
from simulation.centre import SimCentre
from sync.facts import CardState

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
