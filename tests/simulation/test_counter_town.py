"""A town where many hold cards that count: every promise of the strict one holds, also of what no unit was dealt."""

import pytest

from simulation.deeds import Setting
from simulation.run import play
from tests.simulation.conftest import Judge


@pytest.mark.parametrize(("seed", "faults"), [("6", "power"), ("2", "clocks"), ("4", "centre")])
def test_no_yen_is_spent_twice_by_a_counter(judge: Judge, seed: str, faults: str) -> None:
    outcome = judge(Setting(seed, days=1, units=3, cards=4, faults=faults, shops=3, counters=True))
    assert outcome.figures["paid by the counter"] > 0, "nothing was tried"


def test_a_card_without_a_counter_is_paid_with_as_ever() -> None:
    """The town of before, to the byte: what is new stands in no entry of it."""
    outcome, town = play(Setting("7", days=1, units=3, cards=3, faults="ordinary", shops=3))
    assert town is not None
    town.end()
    assert outcome.findings == []
    assert outcome.figures["paid by the counter"] == 0
