"""What the office said last counts, whatever the centre's clock says."""

import pytest

from drivers.clock.sim import Driver as Clock
from simulation.centre import SimCentre
from sync.facts import CardState
from sync.messages import TOWN_STREAM

CARD = "0a" * 16


@pytest.mark.parametrize("dies_between", [False, True])
def test_a_clock_that_is_set_back_does_not_turn_statements_round(*, dies_between: bool) -> None:
    clock = Clock()
    centre = SimCentre(clock, "statements")
    centre.centre.registrar.set_card(CARD, CardState.ACTIVE)
    clock.jump(-86_400)
    if dies_between:
        centre.back_up()
        centre.restore()  # a fresh process, and a boot of its own
    centre.centre.registrar.set_card(CARD, CardState.STOPPED)
    centre.centre.reconciler.catch_up()
    with centre.centre.engine.connect() as connection:
        said = connection.exec_driver_sql("SELECT state FROM said WHERE key = ?", (f"card/{CARD}",)).scalar_one()
        segments = connection.exec_driver_sql(
            "SELECT count(*) FROM segment WHERE writer = ?", (TOWN_STREAM,)
        ).scalar_one()
    assert '"stopped"' in said
    assert segments > 2
