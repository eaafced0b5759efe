"""Clocks that jump either way, far or a little: order comes from the chain, and everything arrives once."""

from collections import Counter

import pytest

from central import store
from central.incidents import open_ones
from drivers.card.sim.issue import make
from drivers.card.sim.pki import TestPki
from drivers.card.sim.plan import Plan
from drivers.clock import Confidence
from tests.appliance.uplink.conftest import Town, go, held, written

DAY_S = 86_400.0
YEAR_S = 365.25 * DAY_S
JUMPS_S = {
    "an hour back": [-3600.0],
    "a day ahead": [DAY_S],
    "ahead and back": [11 * DAY_S, -11 * DAY_S],
    "to before 1970 and far ahead": [-60 * YEAR_S, 80 * YEAR_S],
    "again and again": [-DAY_S, 2 * DAY_S, -3 * DAY_S, 0.5 * DAY_S],
}


@pytest.mark.fault("clock jumps")
@pytest.mark.parametrize("jumps", JUMPS_S.values(), ids=JUMPS_S)
def test_touches_keep_their_order_whatever_the_clock_says(town: Town, pki: TestPki, jumps: list[float]) -> None:
    heard: list[str] = []
    for number, jump_s in enumerate([0.0, *jumps, 0.0]):
        town.clock.jump(jump_s, Confidence.UNKNOWN)
        for resident in range(2):
            plan = Plan(serial=f"99{10 * number + resident:013d}", pki=str(pki.folder))
            shown = town.unit.tap(make(plan, pki))
            assert shown is not None
            assert (shown.result, bool(shown.entry)) == ("ok_points", True), shown
            heard.append(shown.entry)
            town.clock.advance(1)
        if number % 2:
            go(town)
        town.unit.crash()
        town.unit.start()
    go(town)
    assert held(town) == Counter(written(town))
    assert heard_in_order_of_the_chain(town) == heard
    with store.reading(town.centre.engine) as connection:
        assert open_ones(connection) == []


def heard_in_order_of_the_chain(town: Town) -> list[str]:
    """Return the touches in the order in which the centre's books have them: by boot, as each continues another."""
    sql = "SELECT boot, seq FROM entry WHERE body ->> '$.kind' = 'visits.touch' ORDER BY seq"
    touches: dict[str, list[str]] = {}
    for boot, seq in town.unit.running.opened.journal.select(sql):
        touches.setdefault(boot, []).append(f"lib01/{boot}/{seq}")
    sql = "SELECT boot, body ->> '$.after.boot' FROM entry WHERE seq = 1"
    after = {before: boot for boot, before in town.unit.running.opened.journal.select(sql)}
    ordered, boot = [], after.get(None)
    while boot is not None:
        ordered += touches.get(boot, [])
        boot = after.get(boot)
    return ordered
