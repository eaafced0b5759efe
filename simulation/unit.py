"""A unit of a simulated town: the real daemon's parts over a disk, a key and a reader that can be told to fail."""

import zlib
from collections.abc import Callable
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from appliance.counter import words_folders
from appliance.feedback import Feedback, Shown
from appliance.journal import JournalBrokenError
from appliance.opening import World
from appliance.unit import Unit, assemble
from appliance.uplink import courier
from appliance.words import load
from central.centre import Centre
from central.intake import Peer
from drivers.card import Trust
from drivers.clock.sim import Driver as Clock
from drivers.disk.sim import Driver as Disk
from drivers.disk.sim import PowerCutError
from drivers.entropy.sim import Driver as Entropy
from drivers.keystore.sim import Driver as Keystore
from drivers.light.sim import Driver as Light
from drivers.monotonic.sim import Driver as Monotonic
from drivers.reader import CardCame, Event
from drivers.reader.sim import Card
from drivers.reader.sim import Driver as Reader
from drivers.sound.sim import Driver as Sound
from simulation.road import Road
from sync.client import UnreachableError
from sync.messages import Enrolment, EnrolRequest, enrol_proof, text
from sync.segment import split, unpack

_WORDS: Final = load(*words_folders())


class SimUnit:
    """One unit, through many lives of its daemon.

    Attributes:
        heard: for every entry that somebody heard a beep for, its hash.
        cuts: how often the power went away.
        noticed: how many entries a start found to be missing from the disk, by the counter outside it.
    """

    def __init__(self, centre: Centre, name: str, place: str, clock: Clock, trust: Trust, seed: str) -> None:
        self._centre = centre
        self._trust = trust
        self._seed = f"{seed}/{name}"
        self._life = 0
        self._clock = clock
        self.name = name
        self.disk = Disk(Disk.Options(seed=zlib.crc32(self._seed.encode())))
        self.keystore = Keystore(Keystore.Options(self._seed))
        self.monotonic = Monotonic()
        self.reader = Reader(clock=clock)
        self.sound = Sound()
        self.light = Light()
        self.shown: list[Shown] = []
        self.heard: dict[str, str] = {}
        self.cuts = 0
        self.noticed = 0
        self._answer: Shown | None = None
        self.enrolment = enrol(centre, name, place, self.keystore)
        self.unit: Unit | None = None
        self.start()

    @property
    def peer(self) -> Peer:
        return Peer(self.name, self.enrolment.epoch)

    @property
    def running(self) -> Unit:
        """Return the running unit.

        Raises:
            RuntimeError: the power is off.
        """
        if self.unit is None:
            raise RuntimeError(f"{self.name} is not running")
        return self.unit

    def start(self) -> None:
        """Switch the power on. It may go away again while the unit starts."""
        self._life += 1
        self.unit = None
        entropy = Entropy(Entropy.Options(f"{self._seed}/{self._life}"))
        world = World(self.disk, self.keystore, self._clock, entropy, self.monotonic)
        feedback = Feedback(self.light, self.sound, _WORDS, self.shown.append)
        self._powered(lambda: self._assemble(world, feedback))

    def stop(self) -> None:
        """Switch off in order."""
        if self.unit:
            self._powered(self.unit.close)
            self.unit = None

    def tap(self, card: Card) -> Shown | None:
        """Hold a card there until the unit has answered; None if the power went away before it did."""
        if self.unit is None:
            return None
        self._answer = None
        self.reader.present(card)
        self.reader.remove()
        return self._answer

    def sync(self, road: Road) -> courier.Round | None:
        """Let the uplink make one round; None if the road or the power failed on the way."""
        if self.unit is None:
            return None
        done: list[courier.Round] = []

        def go() -> None:
            try:
                done.append(courier.go(SimHatch(self.running), road))
            except UnreachableError:
                return

        self._powered(go)
        return done[0] if done else None

    def crash(self) -> None:
        """Let the power be gone, whatever was going on; call `start` to have it back."""
        self.disk.cut()
        self.reader.remove()
        if self.unit:
            self.unit.opened.journal.connection.close(True)  # noqa: FBT003 - apsw's own argument: whatever it says
        self.unit = None
        self.disk.crash()
        self.cuts += 1

    def _assemble(self, world: World, feedback: Feedback) -> None:
        self.unit = assemble(world, self.enrolment, self._trust, feedback)
        self.noticed += self.unit.opened.missing
        self.reader.start(self._on_event)

    def _on_event(self, event: Event) -> None:
        if isinstance(event, CardCame) and self.unit:
            unit = self.unit
            self._powered(lambda: self._touch(unit, event))

    def _touch(self, unit: Unit, event: CardCame) -> None:
        shown = unit.tap.touch(event.field)
        if self.disk.dead:
            raise PowerCutError  # SQLite may swallow the cut; nobody hears a unit without power
        self._answer = shown
        if shown.entry:
            self.heard[shown.entry] = shown.hash

    def _powered(self, do: Callable[[], object]) -> None:
        """Do something, with the power going away in the middle if the disk says so."""
        try:
            do()
        except (PowerCutError, JournalBrokenError):
            if not self.disk.dead:
                raise
        if self.disk.dead:
            self.crash()


class SimHatch:
    """The hatch without a socket: the same calls, in the same thread."""

    def __init__(self, unit: Unit) -> None:
        self._hatch = unit.hatch
        self.answer = unit.hatch.answer
        self.since = unit.hatch.since
        self.give_back = unit.hatch.give_back
        self.certify = unit.hatch.certify

    def question(self) -> courier.Question:
        asked = self._hatch.question()
        return courier.Question(asked.unit, asked.report, asked.fence, asked.nonce)

    def take(self, packed: bytes) -> int:
        return sum(self._hatch.take(part) for part in split(unpack(packed)))


def enrol(centre: Centre, name: str, place: str, keystore: Keystore) -> Enrolment:
    """Let a unit into the town, as over the wire but without one."""
    ticket = centre.enroller.invite(name, place, "facility", "https://localhost")
    csr = any_csr()
    proof = text(keystore.sign(enrol_proof(ticket.code, csr)))
    return centre.enroller.enrol(EnrolRequest(name, ticket.code, text(keystore.public), csr, proof))


def any_csr() -> str:
    """Return some certificate request: a simulated road has no TLS."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()).public_bytes(Encoding.PEM).decode()
