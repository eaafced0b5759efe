"""Plays plans and judges them: one, or many seeds on several cores."""

import gc
import logging
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from drivers.disk.sim import quiet
from simulation import money
from simulation.deeds import Deed, Setting
from simulation.oracle import Finding, findings
from simulation.plan import draw
from simulation.profiles import EVERY, PROFILES
from simulation.town import SimTown

ROUGH: Final = (
    *("heard that the touch before counted", "cut in a touch", "given back to the centre", "centre died", "started"),
    *("heard refused", "heard help", "heard retry", "heard already", "heard ok_points"),
)
"""What a long run must have reached at least once; one that did not has tried nothing."""


@dataclass
class Outcome:
    """What became of one plan.

    Attributes:
        crash: the traceback, if the code itself broke; it is a finding too.
        figures: how often what happened.
    """

    setting: Setting
    findings: list[Finding]
    digest: str
    figures: Counter[str]
    lines: list[str] = field(default_factory=list)
    crash: str = ""
    cpu_s: float = 0.0

    @property
    def unit_days(self) -> int:
        return self.setting.days * self.setting.units


def play(setting: Setting, deeds: Sequence[Deed] | None = None) -> tuple[Outcome, SimTown | None]:
    """Play a plan, of the seed itself if none is given; return also the town as it was left, if it got so far."""
    gc.collect()
    gc.disable()  # a town is a heap of objects that all live to its end
    began = time.process_time()
    town: SimTown | None = None
    found: list[Finding] = []
    crash = ""
    with quiet():
        try:
            town = SimTown(setting)
            town.live(draw(setting) if deeds is None else tuple(deeds))
            found = findings(town)
        except Exception as error:  # noqa: BLE001 - whatever the code under test does is an outcome
            found = [Finding("crash", f"{type(error).__name__}: {error}")]
            crash = traceback.format_exc()
    gc.enable()
    figures = _figures(town) if town else Counter()
    digest, lines = (town.trace.digest, town.trace.lines) if town else ("", [])
    return Outcome(setting, found, digest, figures, lines, crash, time.process_time() - began), town


def _figures(town: SimTown) -> Counter[str]:
    figures = Counter({str(name): count for name, count in town.reached.items() if count})
    figures["seeds with real signatures"] = town.signatures.are_real
    figures["touches"] = len(town.people.touches)
    figures["touches noted"] = sum(touch.noted for touch in town.people.touches)
    if town.setting.counters:
        figures |= money.by_counter(town)
    figures["power cuts"] = sum(box.unit.cuts for box in town.boxes)
    figures["messages lost"] = sum(box.road.lost for box in town.boxes)
    figures["messages repeated"] = sum(box.road.repeated for box in town.boxes)
    figures["centre deaths"] = town.centre.cuts
    figures["centre restores"] = town.centre.restores
    return figures


def settings(
    seeds: Iterable[int],
    days: int,
    units: int,
    cards: int,
    faults: str,
    shops: int = 0,
    insured: bool = False,
    counters: bool = False,
) -> Iterator[Setting]:
    """Return the setting for each seed; where every profile has its turn, the seed decides which."""
    names = list(PROFILES)
    for seed in seeds:
        profile = names[seed % len(names)] if faults == EVERY else faults
        yield Setting(str(seed), days, units, cards, profile, shops, insured, counters)


def play_many(wanted: Iterable[Setting], jobs: int = 1) -> Iterator[Outcome]:
    """Play many plans, in the order in which they end."""
    gc.freeze()  # what the modules hold is never garbage, and need not be looked at after each plan
    if jobs == 1:
        yield from map(_play, wanted)
        return
    with ProcessPoolExecutor(jobs, initializer=logging.disable, initargs=(logging.CRITICAL,)) as pool:
        yield from pool.map(_play, wanted, chunksize=4)


def _play(setting: Setting) -> Outcome:
    outcome, town = play(setting)
    if town:
        town.end()
    outcome.lines.clear()  # a failing one is played again; thousands of good ones need not be kept
    return outcome


def breaks(setting: Setting, kind: str) -> Callable[[Sequence[Deed]], bool]:
    """Return a test for whether a plan, played in this setting, breaks that kind of promise."""

    def breaks(plan: Sequence[Deed]) -> bool:
        outcome, town = play(setting, plan)
        if town:
            town.end()
        return any(found.kind == kind for found in outcome.findings)

    return breaks
