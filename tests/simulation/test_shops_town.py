"""A town with shops and a desk: whatever happens, everybody has what was put in, paid and given back, to the yen."""

import pytest

from simulation.deeds import Setting
from tests.simulation.conftest import Judge


@pytest.mark.parametrize(("seed", "faults"), [("4", "ordinary"), ("1", "power"), ("3", "road"), ("5", "everything")])
def test_money_is_paid_and_given_back_to_the_yen(judge: Judge, seed: str, faults: str) -> None:
    outcome = judge(Setting(seed, days=5, units=3, cards=4, faults=faults, shops=3))
    assert outcome.figures["heard ok_pay"] > 0, "nothing was bought"
    assert outcome.figures["given back at a shop"] > 0, "nothing was given back"
