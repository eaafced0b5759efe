"""One day, or a few, of a small town: people touch, units sync, the power goes, the road is closed, and all comes back.

What happens when is drawn from the seed beforehand, so a day can be told again word for word. At the end the weather
clears, every unit starts once more and syncs until nothing is left to send.
"""

import heapq
import itertools
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from central.reconcile import Reconciler
from drivers.card.sim.issue import make
from drivers.card.sim.pki import TestPki
from drivers.card.sim.plan import Plan
from drivers.clock.sim import Driver as Clock
from drivers.reader.sim import Card
from simulation.centre import name_place, open_sim_centre
from simulation.road import Road, Weather
from simulation.unit import SimUnit

HOUR_S: Final = 3600.0
DAY_S: Final = 24 * HOUR_S
OPEN_S: Final = (9 * HOUR_S, 20 * HOUR_S)
SYNC_EVERY_S: Final = 600.0
REBOOT_S: Final = (20.0, 1800.0)
DISK_OPERATIONS_MAX: Final = 40  # a power cut comes within so many disk operations
HEALING_ROUNDS: Final = 50
ADD_UP_SHARE: Final = 0.1  # now and then the centre adds up while messages are on their way
PLACES: Final = ("library", "fishshop", "bus", "clinic", "school", "hall")


@dataclass(frozen=True)
class Misfortune:
    """How much goes wrong. Rates are per unit and day; shares are of messages."""

    power_cuts: float = 0.0
    rollbacks: float = 0.0
    closed_roads: float = 0.0
    request_lost: float = 0.0
    answer_lost: float = 0.0
    repeated: float = 0.0
    lying_syncs: float = 0.0
    clock_jumps: float = 0.0


HARSH: Final = Misfortune(
    power_cuts=6, closed_roads=3, request_lost=0.05, answer_lost=0.05, repeated=0.05, clock_jumps=1
)


@dataclass
class Tally:
    """What happened; a day on which a misfortune never struck has tried nothing."""

    touches: int = 0
    answered: int = 0
    results: Counter[str] = field(default_factory=Counter)
    rounds: int = 0


class SimTown:
    """A town from a seed."""

    def __init__(self, seed: str, pki: TestPki, units: int = 3, cards: int = 8, misfortune: Misfortune = HARSH) -> None:
        self._dice = random.Random(seed)  # noqa: S311 - a simulator wants dice that can be thrown again
        self._misfortune = misfortune
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self.clock = Clock()
        self.centre = open_sim_centre(self.clock, seed)
        self.tally = Tally()
        trust = pki.trust(("pass",))
        self.cards: list[Card] = [make(Plan(serial=f"99{n:013d}", pki=str(pki.folder)), pki) for n in range(cards)]
        self.units: list[SimUnit] = []
        self.roads: dict[str, Road] = {}
        self._snapshots: dict[str, object] = {}
        for number in range(units):
            place = PLACES[number % len(PLACES)]
            name_place(self.centre, place)
            unit = SimUnit(self.centre, f"unit{number:02d}", place, self.clock, trust, seed)
            weather = Weather(misfortune.request_lost, misfortune.answer_lost, misfortune.repeated)
            unit.disk.lies = misfortune.lying_syncs
            self.units.append(unit)
            self.roads[unit.name] = Road(self.centre, unit.peer, weather, self._dice)

    def live(self, days: int = 1, touches_a_day: int = 60) -> None:
        """Let some days pass, then let everything heal."""
        for day in range(days):
            for unit in self.units:
                self._plan_day(unit, day * DAY_S, touches_a_day)
        self._run()
        self.heal()

    def heal(self) -> None:
        """Clear the weather, switch everything on, and sync until nothing is left to do."""
        for unit in self.units:
            self._power_back(unit)
            self.roads[unit.name].weather = Weather()
        for _ in range(HEALING_ROUNDS):
            for unit in self.units:
                self.roads[unit.name].bring_late_ones()
                unit.sync(self.roads[unit.name])
            if all(unit.running.hatch.backlog().unsent == 0 for unit in self.units):
                break
        self.reconciler.catch_up()

    @property
    def reconciler(self) -> Reconciler:
        return self.centre.reconciler

    # ---- what is planned

    def _plan_day(self, unit: SimUnit, start: float, touches: int) -> None:
        dice, bad = self._dice, self._misfortune
        for _ in range(touches):
            card = dice.choice(self.cards)
            self._at(start + dice.uniform(*OPEN_S), lambda card=card: self._touch(unit, card))  # type: ignore[misc]
        for round_ in range(int(DAY_S / SYNC_EVERY_S)):
            self._at(start + round_ * SYNC_EVERY_S + dice.uniform(0, SYNC_EVERY_S), lambda: self._sync(unit))
        for _ in range(self._times(bad.power_cuts)):
            self._at(start + dice.uniform(0, DAY_S), lambda: self._cut_soon(unit))
        for _ in range(self._times(bad.closed_roads)):
            begin = start + dice.uniform(0, DAY_S)
            self._at(begin, lambda: self._close(unit, closed=True))
            self._at(begin + dice.uniform(HOUR_S / 4, 6 * HOUR_S), lambda: self._close(unit, closed=False))
        for _ in range(self._times(bad.clock_jumps)):
            self._at(start + dice.uniform(0, DAY_S), lambda: self.clock.jump(dice.uniform(-DAY_S, DAY_S)))
        for _ in range(self._times(bad.rollbacks)):
            taken = start + dice.uniform(0, DAY_S / 2)
            self._at(taken, lambda: self._take_snapshot(unit))
            self._at(taken + dice.uniform(HOUR_S, DAY_S / 2), lambda: self._roll_back(unit))

    def _times(self, rate: float) -> int:
        """Return how often something strikes that strikes `rate` times on average."""
        return int(rate) + (self._dice.random() < rate - int(rate))

    def _at(self, when: float, do: Callable[[], None]) -> None:
        heapq.heappush(self._events, (when, next(self._numbers), do))

    def _run(self) -> None:
        while self._events:
            when, _, do = heapq.heappop(self._events)
            self.clock.advance(max(0.0, when - self.clock.mono()))
            do()

    # ---- what happens

    def _touch(self, unit: SimUnit, card: Card) -> None:
        self.tally.touches += 1
        shown = unit.tap(card)
        if shown is not None:
            self.tally.answered += 1
            self.tally.results[shown.result] += 1
        self._plan_reboot(unit)

    def _sync(self, unit: SimUnit) -> None:
        road = self.roads[unit.name]
        self.tally.rounds += unit.sync(road) is not None
        road.bring_late_ones()
        if self._dice.random() < ADD_UP_SHARE:
            self.reconciler.step(5)
        self._plan_reboot(unit)

    def _cut_soon(self, unit: SimUnit) -> None:
        unit.disk.cut_after(self._dice.randint(1, DISK_OPERATIONS_MAX))

    def _plan_reboot(self, unit: SimUnit) -> None:
        if unit.unit is None:
            self._at(self.clock.mono() + self._dice.uniform(*REBOOT_S), lambda: self._start(unit))

    def _start(self, unit: SimUnit) -> None:
        if unit.unit is None:
            unit.start()
            self._plan_reboot(unit)

    def _close(self, unit: SimUnit, *, closed: bool) -> None:
        self.roads[unit.name].weather.closed = closed

    def _take_snapshot(self, unit: SimUnit) -> None:
        if unit.unit is not None:
            self._snapshots[unit.name] = unit.disk.snapshot()

    def _roll_back(self, unit: SimUnit) -> None:
        snapshot = self._snapshots.pop(unit.name, None)
        if snapshot is not None:
            unit.crash()
            unit.disk.restore(snapshot)  # type: ignore[arg-type]
            self._plan_reboot(unit)

    def _power_back(self, unit: SimUnit) -> None:
        unit.disk.cut_after(None)
        unit.disk.lies = 0.0
        while unit.unit is None:
            unit.start()
