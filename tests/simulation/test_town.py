"""A small town from a seed: nothing that was heard is lost or booked twice, whatever happens to power and road."""

import pytest

from drivers.card.sim.pki import TestPki
from simulation.oracle import findings, incidents
from simulation.town import HARSH, Misfortune, SimTown

SEEDS = [str(number) for number in range(8)]
QUIET = Misfortune()
LYING = Misfortune(
    power_cuts=8, rollbacks=1, lying_syncs=0.3, request_lost=0.05, answer_lost=0.05, repeated=0.05, closed_roads=1
)

pytestmark = pytest.mark.usefixtures("power_cuts")


def test_a_quiet_day_needs_nothing_special(pki: TestPki) -> None:
    town = SimTown("quiet", pki, misfortune=QUIET)
    town.live()
    assert findings(town) == []
    assert not incidents(town)
    assert town.tally.answered == town.tally.touches == 180
    assert town.tally.results["ok_points"] > 20


@pytest.mark.parametrize("seed", SEEDS)
def test_a_harsh_day_loses_nothing(pki: TestPki, seed: str) -> None:
    town = SimTown(seed, pki, misfortune=HARSH)
    town.live()
    assert findings(town) == []
    assert not incidents(town), "an honest disk and a bad road are nobody's fault"
    assert sum(unit.cuts for unit in town.units) > 3, "the power never went: this seed tried nothing"
    assert sum(road.lost for road in town.roads.values()) > 20, "nothing was lost on the road"
    assert sum(road.repeated for road in town.roads.values()) > 5, "nothing came twice"


@pytest.mark.parametrize("seed", SEEDS[:4])
def test_disks_that_lie_are_noticed(pki: TestPki, seed: str) -> None:
    town = SimTown(seed, pki, misfortune=LYING)
    town.live()
    assert findings(town) == []
    assert any(unit.noticed for unit in town.units), "no disk lost anything: this seed tried nothing"
    assert incidents(town), "the office hears of it"
    frozen = {unit.name for unit in town.units if unit.running.hatch.standing.frozen}
    assert frozen >= {unit.name for unit in town.units if unit.running.opened.missing}


def test_the_same_seed_gives_the_same_days(pki: TestPki) -> None:
    def lived(seed: str) -> list[object]:
        town = SimTown(seed, pki, misfortune=LYING)
        town.live(2, touches_a_day=30)
        tips = [unit.running.opened.journal.tip for unit in town.units]
        return [town.tally, tips, town.reconciler.digest(), [unit.heard for unit in town.units]]

    assert lived("again") == lived("again")
    assert lived("again") != lived("another")
