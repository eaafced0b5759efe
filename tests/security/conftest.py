"""A unit with its town at the other end of a road: on simulated parts, or in a folder of real files."""

import base64
import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from appliance.config import read_enrolment
from appliance.counter import words_folders
from appliance.feedback import Feedback, Shown
from appliance.opening import World
from appliance.unit import Unit, assemble
from appliance.uplink import courier
from appliance.words import load
from central.centre import Centre
from central.peers import Peer
from drivers.card import Trust, face
from drivers.card.channel import Channel
from drivers.card.sim.issue import make
from drivers.card.sim.pki import TestPki
from drivers.card.sim.plan import Fault, Plan
from drivers.card.trust_folder import load as load_trust
from drivers.clock.sim import Driver as Clock
from drivers.disk.file import Driver as FileDisk
from drivers.entropy.system import Driver as SystemEntropy
from drivers.keystore.file import Driver as FileKeystore
from drivers.light.sim import Driver as Light
from drivers.monotonic.file import Driver as FileMonotonic
from drivers.reader import CardCame, Field
from drivers.reader.sim import Card
from drivers.reader.sim import Driver as Reader
from drivers.sound.sim import Driver as Sound
from simulation.centre import name_place, open_sim_centre
from simulation.folder import furnish
from simulation.road import Road, Weather
from simulation.unit import SimHatch, SimUnit

Hand = Callable[..., Card]
WORDS = load(*words_folders())


class Place:
    """A town with a clock of its own, and units on simulated parts, each with a road."""

    def __init__(self, pki: TestPki, seed: str = "security", profiles: tuple[str, ...] = ("pass",)) -> None:
        self.clock, self.seed, self.trust = Clock(), seed, pki.trust(profiles)
        self.centre = open_sim_centre(self.clock, seed)
        name_place(self.centre, "library")

    def unit(self, name: str = "lib01", clock: Clock | None = None) -> SimUnit:
        return SimUnit(self.centre, name, "library", clock or self.clock, self.trust, self.seed)

    def road(self, peer: Peer) -> Road:
        return Road(self.centre, peer, Weather(), random.Random(1))  # noqa: S311 - nothing is drawn: the weather is good


@dataclass
class FolderUnit:
    """A unit in a folder, as the daemon runs it: real files, real keys, real dice; its reader and its clock are not."""

    folder: Path
    clock: Clock = field(default_factory=Clock)
    shown: list[Shown] = field(default_factory=list)
    unit: Unit | None = None

    @classmethod
    def enrolled(cls, folder: Path, centre: Centre, trust: Trust) -> "FolderUnit":
        """Set a unit up in a folder, as a technician does; it is called as the folder."""
        furnish(folder, centre, folder.name, "library", trust)
        return cls(folder)

    def start(self) -> Unit:
        folder = self.folder
        counter = FileMonotonic(FileMonotonic.Options(str(folder.with_name(f"{folder.name}.counter"))))
        keystore = FileKeystore(FileKeystore.Options(str(folder / "unit.key")))
        disk = FileDisk(FileDisk.Options(str(folder)))
        world = World(disk, keystore, self.clock, SystemEntropy(), counter)
        feedback = Feedback(Light(), Sound(), WORDS, self.shown.append)
        self.unit = assemble(world, read_enrolment(folder), load_trust(folder / "trust"), feedback)
        return self.unit

    @property
    def running(self) -> Unit:
        assert self.unit, "it does not run"
        return self.unit

    def stop(self) -> None:
        self.running.close()
        self.unit = None

    def tap(self, card: Card) -> Shown:
        """Lay a card down until the unit has answered."""
        answers: list[Shown | None] = []
        reader = Reader(clock=self.clock)
        reader.start(
            lambda event: answers.append(self.running.tap.touch(event.field)) if isinstance(event, CardCame) else None
        )
        reader.present(card)
        reader.stop()
        (answer,) = answers
        assert answer is not None, "nobody is asked about a visit"
        return answer

    def sync(self, centre: Centre) -> courier.Round:
        """Let the uplink make one round in good weather."""
        peer = Peer(self.running.name, self.running.epoch)
        road = Road(centre, peer, Weather(), random.Random(1))  # noqa: S311 - nothing is drawn
        return courier.go(SimHatch(self.running), road)


def register_face(centre: Centre, pki: TestPki, card: Card) -> bytes:
    """Do what the desk does with a card and its holder's birthday; return the card's public key (DER)."""
    fields: list[Field] = []
    reader = Reader()
    reader.start(lambda event: fields.append(event.field) if isinstance(event, CardCame) else None)
    reader.present(card)
    learned = face.enrol(Channel(fields[0]), Plan().birth, pki.trust().cv_roots, bytes(32))
    reader.stop()
    centre.registrar.card("face", learned.identifier, learned.index, base64.b64encode(learned.public_key).decode())
    return learned.public_key


@pytest.fixture
def town(pki: TestPki) -> Iterator[Place]:
    place = Place(pki)
    yield place
    place.centre.engine.dispose()


@pytest.fixture
def card(pki: TestPki) -> Hand:
    """Make a card that nobody has held yet, or the one with a serial number."""
    serials = itertools.count(1)

    def hand(*faults: Fault, serial: int = 0, **plan: object) -> Card:
        number = serial or next(serials)
        wanted = Plan(serial=f"99{number:013d}", pki=str(pki.folder), faults=frozenset(faults), **plan)  # type: ignore[arg-type]
        return make(wanted, pki)

    return hand
