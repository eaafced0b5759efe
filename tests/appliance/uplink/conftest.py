"""A unit and its centre, with a virtual road between them."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa

from appliance.uplink import courier
from central import shelves, store
from central.centre import Centre
from drivers.card.sim.pki import TestPki
from drivers.clock.sim import Driver as Clock
from simulation.centre import name_place, open_sim_centre
from simulation.road import Road, Weather
from simulation.unit import SimHatch, SimUnit
from sync.messages import Report
from sync.segment import Segment, from_text, unpack
from tests.appliance.conftest import touch


@dataclass
class Town:
    """One unit, one centre, one road."""

    clock: Clock
    centre: Centre
    unit: SimUnit
    road: Road

    def write(self, touches: int) -> None:
        """Let people touch, as far as the journal sees it."""
        for day in range(touches):
            self.unit.running.opened.journal.append([touch(20_000 + day)])

    @property
    def unsent(self) -> int:
        return self.unit.running.hatch.backlog().unsent

    @property
    def strange(self) -> str:
        return self.unit.running.hatch.standing.strange


@pytest.fixture
def town(pki: TestPki, power_cuts: None) -> Iterator[Town]:  # noqa: ARG001 - a fixture that works by being there
    clock = Clock()
    centre = open_sim_centre(clock, "uplink")
    name_place(centre, "library")
    unit = SimUnit(centre, "lib01", "library", clock, pki.trust(("pass",)), "uplink")
    road = Road(centre, unit.peer, Weather(), random.Random(1))  # noqa: S311 - nothing is drawn: the weather is good
    yield Town(clock, centre, unit, road)
    centre.engine.dispose()


def held(town: Town) -> Counter[str]:
    """Return how often the centre holds each of the unit's entries, computed from the stored bytes."""
    count: Counter[str] = Counter()
    with store.reading(town.centre.engine) as connection:
        asked = sa.select(store.segment.c.packed).where(store.segment.c.writer == "lib01")
        for packed in connection.execute(asked).scalars():
            segment = from_text(unpack(packed))
            count.update(f"{segment.boot}/{seq}" for seq in range(segment.first, segment.last + 1))
    return count


def written(town: Town) -> set[str]:
    return {f"{boot}/{seq}" for boot, seq in town.unit.running.opened.journal.select("SELECT boot, seq FROM entry")}


def go(town: Town, centre: Any = None) -> courier.Round:
    return courier.go(SimHatch(town.unit.running), centre or town.road)


class Watched:
    """The road, with somebody beside it who may read, change or swallow what comes back."""

    def __init__(self, road: Road) -> None:
        self._road = road
        self.posted: list[tuple[int, int]] = []
        self.on_answer: Callable[[bytes], bytes] = lambda answer: answer
        self.on_stream: Callable[[bytes | None], bytes | None] = lambda packed: packed

    def holdings(self, report: Report, nonce: str) -> bytes:
        return self.on_answer(self._road.holdings(report, nonce))

    def post(self, packed: bytes, fence: str, nonce: str) -> bytes:
        segment = from_text(unpack(packed))
        self.posted.append((segment.first, segment.last))
        assert len(self.posted) < 100, "the courier goes round and round"
        return self.on_answer(self._road.post(packed, fence, nonce))

    def stream(self, name: str, since: str) -> bytes | None:
        return self.on_stream(self._road.stream(name, since))


def all_said(centre: Centre) -> Segment:
    """Return a centre's journal for all units."""
    with centre.engine.begin() as connection:
        (segment,) = shelves.take(connection, "town", [], shelves.EVERYTHING)
    return segment


@pytest.fixture
def watched(town: Town) -> Watched:
    return Watched(town.road)
