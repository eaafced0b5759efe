"""A unit whose journal has a twin on a simulated stick, and the town that can open it."""

import io
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from appliance.copying import Owner, Told
from appliance.copyist import OnMedium, Writer
from appliance.twinned import Lag
from appliance.uplink import courier
from central import twins
from central.centre import Centre
from central.twins import Found
from drivers.card.sim.pki import TestPki
from drivers.clock.sim import Driver as Clock
from drivers.twin.sim import Driver as Stick
from simulation.centre import name_place, open_sim_centre
from simulation.road import Road, Weather
from simulation.unit import SimHatch, SimUnit
from sync import twin
from sync.facts import TwinKey
from sync.messages import text
from tests.appliance.conftest import touch


class NearHatch:
    """The daemon's side without a socket, whichever daemon runs."""

    def __init__(self, unit: SimUnit) -> None:
        self._unit = unit

    def owner(self) -> Owner:
        return self._unit.running.twin.owner()

    def twin(self, told: Told) -> bytes | None:
        return self._unit.running.twin.next(told)


@dataclass
class Town:
    """One unit, its stick, and the centre with the key."""

    clock: Clock
    centre: Centre
    unit: SimUnit
    key: X25519PrivateKey
    stick: Stick = field(default_factory=Stick)
    file: str = "lib01-1.twin"

    def __post_init__(self) -> None:
        self.unit.running.twin.is_fitted = True
        self.writer = self.fresh_writer()

    def fresh_writer(self) -> Writer:
        return Writer(NearHatch(self.unit), OnMedium(self.stick), self.clock.mono)

    def start(self) -> None:
        self.unit.start()
        self.unit.running.twin.is_fitted = True

    def begin_again(self) -> None:
        """Let the daemon end in order, and start once more."""
        self.unit.stop()
        self.start()

    def write(self, touches: int = 1) -> None:
        for day in range(touches):
            self.unit.running.opened.journal.append([touch(20_000 + day)])

    def sync(self) -> None:
        """Let the unit meet the town once."""
        courier.go(SimHatch(self.unit.running), Road(self.centre, self.unit.peer, Weather(), random.Random(1)))  # noqa: S311

    @property
    def lag(self) -> Lag:
        return self.unit.running.twin.look()

    def written(self) -> set[str]:
        rows = self.unit.running.opened.journal.select("SELECT boot, seq FROM entry")
        return {f"{boot}/{seq}" for boot, seq in rows}

    def segments(self, content: bytes) -> set[str]:
        """Open a twin as the town can; return its entries."""
        opened = [twin.open_record(one, self.key) for one in twin.records(io.BytesIO(content)) if one]
        return {f"{one.boot}/{seq}" for one in opened for seq in range(one.first, one.last + 1)}

    def bring(self, content: bytes | None = None, *, store: bool = True) -> Found:
        """Bring the twin to the town."""
        content = self.stick.files[self.file] if content is None else content
        return twins.take_in(twin.records(io.BytesIO(content)), self.key, self.centre.intake, store=store)

    def holds_everything(self) -> None:
        """Make sure that the twin alone has all that the journal has, in a chain without a break."""
        assert self.segments(self.stick.files[self.file]) >= self.written()
        found = self.bring(store=False)
        assert (found.chain.is_whole, found.refused) == (True, [])
        last = dict(self.unit.running.opened.journal.select(LAST))
        assert {boot: found.chain.upto[boot] for boot in last} == last


LAST = "SELECT boot, max(seq) FROM entry GROUP BY boot"


def town_with_key(clock: Clock, key: X25519PrivateKey) -> Centre:
    centre = open_sim_centre(clock, "twin")
    name_place(centre, "library")
    centre.registrar.say([TwinKey(twin.ALG, text(key.public_key().public_bytes_raw()))])
    return centre


@pytest.fixture
def town(pki: TestPki, power_cuts: None) -> Iterator[Town]:  # noqa: ARG001 - a fixture that works by being there
    clock, key = Clock(), X25519PrivateKey.generate()
    centre = town_with_key(clock, key)
    yield Town(clock, centre, SimUnit(centre, "lib01", "library", clock, pki.trust(("pass",)), "twin"), key)
    centre.engine.dispose()
