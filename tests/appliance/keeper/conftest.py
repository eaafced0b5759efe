"""Two units of a town: one writes its twin, the other keeps it on a simulated medium; between them a road to spoil."""

import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from appliance.copying import Lodging, Owner, Told
from appliance.keeper.cellar import Cellar, StrangerError
from appliance.twinned import Lag
from appliance.uplink import courier
from appliance.uplink.neighbour import Neighbour
from drivers.card.sim.pki import TestPki
from drivers.clock.sim import Driver as Clock
from drivers.twin import Trouble, TwinError
from drivers.twin.sim import Driver as Medium
from simulation.centre import name_place
from simulation.road import Road, Weather
from simulation.unit import SimHatch, SimUnit
from sync.letters import Role, Writing
from tests.appliance.twin.conftest import Town, town_with_key

ADDRESS = "192.0.2.7:4710"


class NearHatch:
    """The daemon's side without a socket, whichever daemon runs."""

    def __init__(self, unit: SimUnit) -> None:
        self._unit = unit

    def owner(self) -> Owner:
        return self._unit.running.twin.owner()

    def near(self, told: Told) -> bytes | None:
        return self._unit.running.vicinity.twin.next(told)

    def writing(self) -> Writing | None:
        return self._unit.running.vicinity.writing()

    def vouch(self, key: str) -> bytes:
        return self._unit.running.vicinity.vouch(Role.WRITER, key)

    def wait_for_near(self, at_most_s: float) -> None:
        pass


@dataclass
class Keeper:
    """A unit that keeps twins.

    Attributes:
        medium: where they lie; it outlives every process.
    """

    unit: SimUnit
    medium: Medium = field(default_factory=Medium)

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Start its process anew."""
        self.cellar = Cellar(
            self.medium, self.unit.clock.mono, lambda key: self.unit.running.vicinity.vouch(Role.KEEPER, key)
        )
        self.heed()

    def heed(self) -> None:
        self.cellar.heed(self.unit.running.vicinity.keeping(self.cellar.lodging()))

    def lodging(self) -> Lodging:
        return self.cellar.lodging()


Passing = Callable[[str, bytes, bytes], bytes]


@dataclass
class Near(Town):
    """The unit `lib01`, whose twin is kept by `shop01`.

    Attributes:
        passing: what becomes of a letter on its way; spoil it at will.
        said: every letter that arrived there, with its record, and what was answered.
    """

    keeper: Keeper = field(init=False)
    passing: Passing = field(init=False)
    said: list[tuple[bytes, bytes, bytes]] = field(default_factory=list)
    shop: SimUnit = field(kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.passing = self.arrive
        self.name()
        self.keeper = Keeper(self.shop)
        self.neighbour = self.fresh()

    def name(self, mib: int = 256) -> None:
        self.centre.neighbours.name("lib01", "shop01", ADDRESS, mib)
        self.meet()

    def meet(self, *others: SimUnit) -> None:
        """Let both units, and others, meet the town, which says on what has to be said on."""
        self.centre.neighbours.turn()
        for unit in (self.unit, self.shop, *others):
            road = Road(self.centre, unit.peer, Weather(), random.Random(1))  # noqa: S311 - nothing is drawn
            courier.go(SimHatch(unit.running), road)

    def fresh(self) -> Neighbour:
        """Start the writing process anew."""
        return Neighbour(NearHatch(self.unit), self.call, self.clock.mono, threading.Event())

    def call(self, address: str, unit: str, letter: bytes, record: bytes) -> bytes:
        assert address == ADDRESS
        return self.passing(unit, letter, record)

    def arrive(self, unit: str, letter: bytes, record: bytes) -> bytes:
        try:
            answer = self.keeper.cellar.answer(self.keeper.cellar.hear(unit, letter), record)
        except StrangerError as error:
            raise TwinError(Trouble.REFUSED, str(error)) from error
        self.said.append((letter, record, answer))
        return answer

    def go(self) -> Lag:
        """Let the writer make a round; return how the twin stands then."""
        self.neighbour.go()
        return self.near

    @property
    def near(self) -> Lag:
        return self.unit.running.vicinity.lag()

    @property
    def kept(self) -> bytes:
        return self.keeper.medium.files.get(self.file, b"")

    def keeper_has_everything(self) -> None:
        """Make sure that what the keeper has brings all of the journal to the town, in a chain without a break."""
        assert self.segments(self.kept) >= self.written()
        found = self.bring(self.kept, store=False)
        assert (found.chain.is_whole, found.refused) == (True, [])


@pytest.fixture
def near(pki: TestPki, power_cuts: None) -> Iterator[Near]:  # noqa: ARG001 - a fixture that works by being there
    made = two_units(pki)
    yield made
    made.centre.engine.dispose()


def two_units(pki: TestPki) -> Near:
    clock, key = Clock(), X25519PrivateKey.generate()
    centre = town_with_key(clock, key)
    name_place(centre, "shop")
    trust = pki.trust(("pass",))
    lib = SimUnit(centre, "lib01", "library", clock, trust, "near")
    shop = SimUnit(centre, "shop01", "shop", clock, trust, "near")
    return Near(clock, centre, lib, key, shop=shop)
