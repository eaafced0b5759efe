"""A town in which a fund stands in where nobody can ask: every promise of the strict one holds, and the fund's own."""

import pytest

from simulation.deeds import Setting
from tests.simulation.conftest import Judge


@pytest.mark.parametrize(("seed", "faults"), [("4", "ordinary"), ("3", "power"), ("4", "road")])
def test_shops_are_paid_and_no_more_is_promised_than_the_fund_has(judge: Judge, seed: str, faults: str) -> None:
    outcome = judge(Setting(seed, days=4, units=3, cards=3, faults=faults, shops=3, insured=True))
    assert outcome.figures["paid by the fund"] > 0, "nothing was tried"
