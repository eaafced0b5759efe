"""Random power cuts on a disk that forgets and tears: as we set it nothing is lost, otherwise it is, and is seen."""

import pytest

from tests.fault.conftest import Dose
from tests.fault.lossy import Rig, Town
from tests.fault.report import Report

pytestmark = pytest.mark.usefixtures("power_cuts")
FEWER = 10  # a setting that loses shows it soon


@pytest.fixture(scope="module")
def town() -> Town:
    return Town()


@pytest.mark.fault("power cut at any moment")
@pytest.mark.fault(
    "power cut while the log is folded back",
    people="Nothing: nobody is being served at that moment.",
    lost="nothing",
    found="The log is still there, and the next start reads it again.",
)
@pytest.mark.fault(
    "power cut while news from the town is taken over",
    people="Nothing. Until the next contact the unit goes by what it knew before.",
    lost="nothing: the news is there as a whole or not at all, and comes again",
    found="The unit tells the centre how far it has heard, and the centre goes on from there.",
)
def test_an_honest_disk_keeps_everything_that_was_announced(town: Town, dose: Dose, report: Report) -> None:
    tally = Rig(town, 1).run(dose.cuts)
    assert tally.lost == 0
    assert all(tally.struck[doing] for doing in ("start", "touch", "fold back", "hear the town", "end")), tally.struck
    report.add(
        "power cuts, disk simulated, as we set it",
        cuts=tally.cuts,
        announced=tally.announced,
        lost=tally.lost,
        cuts_per_CPU_second=tally.cuts_per_cpu_second,
    )


@pytest.mark.fault("power cut at any moment")
@pytest.mark.parametrize("synchronous", ["NORMAL", "OFF"])
def test_settings_that_are_not_ours_lose_and_the_rig_sees_it(
    town: Town, dose: Dose, report: Report, synchronous: str
) -> None:
    tally = Rig(town, 2, synchronous).run(dose.cuts // FEWER)
    assert tally.lost > 0, "the rig is blind"
    report.add(f"  the same with {synchronous}", cuts=tally.cuts, announced=tally.announced, lost=tally.lost)


@pytest.mark.fault("storage that lies about writing")
@pytest.mark.parametrize("percent", [10, 100])
def test_a_disk_that_lies_loses_and_the_next_start_notices(
    town: Town, dose: Dose, report: Report, percent: int
) -> None:
    tally = Rig(town, 3, lies=percent / 100).run(dose.cuts // FEWER)
    assert tally.lost > 0, "the rig is blind"
    assert tally.unnoticed == 0
    kind = f"  the same on a disk of whose syncs {percent} % lie"
    report.add(kind, cuts=tally.cuts, announced=tally.announced, lost=tally.lost, unnoticed=tally.unnoticed)
