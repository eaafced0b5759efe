"""The units of the soak: each with the real touch, journal and courier, all of them in one process.

A unit has two threads' worth of life, as on a Pi it has two processes: whoever lays a card on its reader, and an uplink
that comes by when the bell rings. Between them is a lock, where the daemon has its queue.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import httpx

from appliance.config import TLS_FOLDER
from appliance.counter import words_folders
from appliance.feedback import Feedback
from appliance.opening import World
from appliance.unit import assemble
from appliance.uplink import courier
from appliance.uplink.certificate import Tls
from appliance.words import load
from bench.enrolled import enrol
from bench.soak import Plan
from bench.timed import Timed
from central.centre import Centre
from drivers.card import Trust
from drivers.clock.system import Driver as Clock
from drivers.disk.file import Driver as Disk
from drivers.entropy.system import Driver as Entropy
from drivers.keystore.sim import Driver as Keystore
from drivers.light.sim import Driver as Light
from drivers.monotonic.none import Driver as Monotonic
from drivers.reader import CardCame, Event
from drivers.reader.sim import Card
from drivers.reader.sim import Driver as Reader
from drivers.sound.sim import Driver as Sound
from simulation.unit import SimHatch
from sync.client import HttpCentre, RefusedError, UnreachableError
from sync.messages import Enrolment, Head, RenewRequest

Answer = TypeVar("Answer")

HEARD_FILE = "heard.jsonl"  # as in the demo, so that its verdict can be asked
AGAIN_S = 1.0
_LOOK_S = 0.2
DRAIN_S = 60.0  # the last entries have so long to get through


@dataclass
class Tally:
    """What the fleet saw. Seconds of every call and every touch; `late`: how far a touch came behind its time."""

    calls: list[float] = field(default_factory=list)
    touches: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    rounds: int = 0
    failures: Counter[str] = field(default_factory=Counter)


class LockedHatch:
    """The hatch of a unit, between two touches; fills `courier.Hatch`."""

    def __init__(self, hatch: SimHatch, lock: threading.Lock) -> None:
        self._hatch = hatch
        self._lock = lock

    def question(self) -> courier.Question:
        return self._ask(self._hatch.question)

    def answer(self, raw: bytes) -> bytes | None:
        return self._ask(lambda: self._hatch.answer(raw))

    def since(self) -> dict[str, str]:
        return self._ask(self._hatch.since)

    def lacks(self) -> dict[str, str]:
        return self._ask(self._hatch.lacks)

    def take(self, packed: bytes) -> int:
        return self._ask(lambda: self._hatch.take(packed))

    def give_back(self, stream: str, heads: tuple[Head, ...]) -> bytes | None:
        return self._ask(lambda: self._hatch.give_back(stream, heads))

    def certify(self, csr: str, certificate: str) -> RenewRequest:
        return self._ask(lambda: self._hatch.certify(csr, certificate))

    def _ask(self, do: Callable[[], Answer]) -> Answer:
        with self._lock:
            return do()


class Unit:
    """One unit."""

    def __init__(self, folder: Path, enrolment: Enrolment, keystore: Keystore, trust: Trust, url: str) -> None:
        self._folder = folder
        self._url = url
        clock = Clock()
        world = World(Disk(Disk.Options(str(folder))), keystore, clock, Entropy(), Monotonic())
        (folder / HEARD_FILE).touch()  # also where nobody ever touches
        sound = Sound(Sound.Options(str(folder / HEARD_FILE)))
        feedback = Feedback(Light(), sound, load(*words_folders()), lambda _: None)
        self._unit = assemble(world, enrolment, trust, feedback)
        self._lock = threading.Lock()
        self._bell = threading.Event()
        self._reader = Reader()
        self._reader.start(self._on_event)

    def tap(self, card: Card) -> None:
        """Hold a card there until the unit has answered."""
        with self._lock:
            self._reader.present(card)
            self._reader.remove()
            self._unit.opened.journal.checkpoint()
        self._bell.set()

    def carry(self, plan: Plan, tally: Tally, stop: threading.Event) -> None:
        """Be its uplink until told to stop: a round whenever the bell rings, and at least every few seconds."""
        hatch = LockedHatch(SimHatch(self._unit), self._lock)
        context = Tls(self._folder / TLS_FOLDER).context()
        with httpx.Client(base_url=self._url, verify=context, timeout=plan.timeout_s, trust_env=False) as http:
            centre = Timed(HttpCentre(http), tally.calls.append)
            while not stop.is_set():
                self._bell.clear()
                try:
                    done = courier.go(hatch, centre)
                except (UnreachableError, RefusedError, courier.HatchError) as error:
                    tally.failures[f"{type(error).__name__}: {error}"] += 1
                    stop.wait(AGAIN_S)
                    continue
                tally.rounds += 1
                if done.problem:
                    tally.failures[done.problem.title] += 1
                self._bell.wait(plan.interval_s)

    def unsent(self) -> int:
        with self._lock:
            return self._unit.hatch.backlog().unsent

    def ring(self) -> None:
        self._bell.set()

    def close(self) -> None:
        self._reader.stop()
        self._unit.close()

    def _on_event(self, event: Event) -> None:
        if isinstance(event, CardCame):
            self._unit.tap.touch(event.field)


class Fleet:
    """All units of a town."""

    def __init__(self, folder: Path, centre: Centre, url: str, trust: Trust, plan: Plan) -> None:
        self._plan = plan
        self._dice = random.Random(plan.seed)  # noqa: S311 - it is to be thrown again
        self.tally = Tally()
        self.units = [_unit(folder, centre, f"unit{number:02d}", url, trust) for number in range(plan.units)]

    @contextmanager
    def carrying(self) -> Iterator[None]:
        """Let all uplinks go their rounds until the block is left."""
        stop = threading.Event()
        with ThreadPoolExecutor(len(self.units)) as uplinks:
            going = [uplinks.submit(unit.carry, self._plan, self.tally, stop) for unit in self.units]
            try:
                yield
            finally:
                stop.set()
                for unit in self.units:
                    unit.ring()
        for ended in going:
            ended.result()

    def touch_for(self, seconds: float, cards: Sequence[Card]) -> None:
        """Hold cards to readers, at moments that do not wait for anybody: a slow unit is no rest for the next."""
        began = due = time.monotonic()
        while (due := due + self._dice.expovariate(self._plan.taps_a_second)) < began + seconds:
            time.sleep(max(0.0, due - time.monotonic()))
            unit, card = self._dice.choice(self.units), self._dice.choice(cards)
            at = time.monotonic()
            unit.tap(card)
            self.tally.late.append(at - due)
            self.tally.touches.append(time.monotonic() - at)

    def is_drained(self) -> bool:
        """Wait until nothing is left to send; return whether that came about."""
        until = time.monotonic() + DRAIN_S
        while waiting := [unit for unit in self.units if unit.unsent()]:
            if time.monotonic() > until:
                return False
            for unit in waiting:
                unit.ring()
            time.sleep(_LOOK_S)
        return True

    def close(self) -> None:
        for unit in self.units:
            unit.close()


def _unit(folder: Path, centre: Centre, name: str, url: str, trust: Trust) -> Unit:
    home = folder / name
    home.mkdir(parents=True)
    keystore = Keystore(Keystore.Options(name))
    enrolment = enrol(centre, name, keystore, Tls(home / TLS_FOLDER))
    return Unit(home, enrolment, keystore, trust, url)
