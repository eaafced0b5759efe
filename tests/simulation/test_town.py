"""Whole towns from seeds: whatever happens to power, disks, clocks, roads and the centre, every promise holds."""

import os
import subprocess
import sys
from collections import Counter
from random import SystemRandom

import pytest

from simulation.deeds import Setting
from simulation.plan import draw
from simulation.profiles import PROFILES
from simulation.run import ROUGH, play
from tests.simulation.conftest import Judge

FIXED = range(1, 4)
FRESH = 8
SEED_MAX = 1 << 31


def fresh_seeds() -> list[str]:
    """Draw seeds that nobody has tried yet, once for all workers and collections of this run."""
    seeds = os.environ.setdefault(
        "MACHITAP_FRESH_SEEDS", " ".join(str(SystemRandom().randrange(SEED_MAX)) for _ in range(FRESH))
    )
    return seeds.split()


SHOWN: dict[str, list[pytest.MarkDecorator]] = {
    "power": [pytest.mark.fault("power cut at any moment")],
    "road": [
        pytest.mark.fault(
            "messages lost, repeated and late",
            people="Nothing.",
            lost="nothing",
            found="The centre says how far it has each journal, and the unit goes on there; what comes twice changes "
            "nothing.",
        ),
        pytest.mark.fault(
            "no network for hours",
            people="Nothing. The unit serves as always; the console shows how much it has not sent.",
            lost="nothing",
            found="The console shows when each unit was last heard.",
        ),
    ],
    "clocks": [
        pytest.mark.fault(
            "clock jumps",
            people="Nothing, within a day. Over midnight a second visit may count, or a first one be called a second.",
            lost="Nothing. Entries carry the wrong time; their order does not come from it.",
            found="Entries say how far the clock could be trusted when their boot began.",
        )
    ],
    "disks": [pytest.mark.fault("storage that lies about writing")],
    "backups": [
        pytest.mark.fault(
            "disk put back in time",
            people="The unit serves on and says that it is frozen; the office sees an incident.",
            lost="What the centre had not received yet, where the old disk is gone; what it had received stays "
            "counted.",
            found="By the counter outside the disk at the start, or by the centre: two boots continue one entry.",
        )
    ],
}
"""Which faults each profile shows to be survived; for docs/faults.md."""


@pytest.mark.parametrize("faults", [pytest.param(name, marks=SHOWN.get(name, ())) for name in PROFILES])
def test_no_promise_is_broken_under_any_profile(judge: Judge, faults: str) -> None:
    for seed in FIXED:
        judge(Setting(str(seed), days=1, units=3, cards=8, faults=faults))


@pytest.mark.parametrize("seed", fresh_seeds())
def test_no_promise_is_broken_by_seeds_that_nobody_tried(judge: Judge, seed: str) -> None:
    names = list(PROFILES)
    judge(Setting(seed, days=1, units=4, cards=9, faults=names[int(seed) % len(names)]))


def test_a_quiet_town_needs_nothing_special() -> None:
    outcome, town = play(Setting("quiet", days=2, units=2, faults="quiet"))
    assert town is not None
    assert not outcome.findings
    assert outcome.figures["touches"] > 40
    assert outcome.figures["power cuts"] == outcome.figures["messages lost"] == 0
    assert all(touch.said for touch in town.people.touches)


def test_everything_that_may_happen_does_happen() -> None:
    figures: Counter[str] = Counter()
    for seed in range(4):
        for faults in ("harsh", "centre", "thieves"):
            figures.update(play(Setting(f"reach {seed}", days=2, units=3, faults=faults))[0].figures)
    assert not [name for name in ROUGH if not figures[name]], figures


def test_every_deed_of_every_profile_is_done() -> None:
    for name, profile in PROFILES.items():
        planned = {deed.what for seed in range(60) for deed in draw(Setting(str(seed), 4, 8, 8, name))}
        assert planned == set(profile.rates), name


def test_the_same_seed_gives_the_same_days_to_the_byte() -> None:
    setting = Setting("again", days=1, units=3, faults="everything")
    first, second = play(setting)[0], play(setting)[0]
    assert first.lines == second.lines
    assert first.digest == second.digest != play(Setting("another", 1, 3, 8, "everything"))[0].digest


def test_the_same_seed_gives_the_same_days_in_another_process() -> None:
    command = [sys.executable, "-m", "simulation", "town", "--seed", "5", "--faults", "everything", "--json"]
    said = [
        subprocess.run(command, env=os.environ | {"PYTHONHASHSEED": salt}, capture_output=True, check=True).stdout
        for salt in ("1", "2")
    ]
    traces = [line.partition(b'"trace":')[2][:66] for line in said]
    assert len(traces[0]) == 66
    assert traces[0] == traces[1]
