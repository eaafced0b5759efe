"""A unit of a simulated town: the real daemon's parts over a disk, a key and a reader that can be told to fail."""

import contextlib
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import apsw
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from appliance.asking import Want
from appliance.counter import words_folders
from appliance.feedback import Feedback, Shown
from appliance.journal import JournalBrokenError, JournalFullError
from appliance.opening import World
from appliance.unit import Unit, assemble
from appliance.uplink import courier
from appliance.words import load
from central.centre import Centre
from central.peers import Peer
from drivers.card import Trust
from drivers.clock.sim import Driver as Clock
from drivers.disk import DiskError
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
from simulation.deeds import FACILITY
from simulation.road import Road
from simulation.signatures import REAL, Signatures
from sync.client import UnreachableError
from sync.messages import Enrolment, EnrolRequest, enrol_proof, text
from sync.program import Result, Wish
from sync.segment import split, unpack

_WORDS: Final = load(*words_folders())


@dataclass
class Body:
    """What a unit is made of, and what outlives its daemon: the disk, the key, and the counter outside the disk."""

    disk: Disk
    keystore: Keystore
    monotonic: Monotonic = field(default_factory=Monotonic)


def grow(seed: str, signatures: Signatures = REAL) -> Body:
    """Make a new box from a seed."""
    return Body(Disk(Disk.Options(seed=zlib.crc32(seed.encode()))), signatures.key(seed))


class SimUnit:
    """One unit, through many lives of its daemon.

    Attributes:
        heard: for every entry that somebody heard a beep for, its hash.
        cuts: how often the power went away.
        noticed: how many entries a start found to be missing from the disk, by the counter outside it.
        declared: how many holes starts found in a damaged journal, and wrote down.
        ended: why the daemon ended by itself, each time it did.
    """

    def __init__(
        self,
        centre: Centre,
        name: str,
        place: str,
        clock: Clock,
        trust: Trust,
        seed: str,
        *,
        body: Body | None = None,
        enrolment: Enrolment | None = None,
        ballast_bytes: int = 0,
        signatures: Signatures = REAL,
        counter: str = FACILITY,
    ) -> None:
        """Let a unit into the town and start it; `body` and `enrolment` are given if it has them already."""
        self._trust = trust
        self._seed = f"{seed}/{name}"
        self._ballast_bytes = ballast_bytes
        self._check = signatures.check
        self._life = 0
        self.clock = clock
        self.name = name
        self.place = place
        self.body = body or grow(self._seed, signatures)
        self.reader = Reader(clock=clock)
        self.sound = Sound()
        self.light = Light()
        self.shown: list[Shown] = []
        self.heard: dict[str, str] = {}
        self.cuts = 0
        self.noticed = 0
        self.declared = 0
        self.ended: list[str] = []
        self._answer: Shown | None = None
        self.enrolment = enrolment or enrol(centre, name, place, self.keystore, counter=counter)
        self.unit: Unit | None = None
        self.ask: Callable[[Want], bytes | None] = lambda _: None
        self.start()

    @property
    def disk(self) -> Disk:
        return self.body.disk

    @property
    def keystore(self) -> Keystore:
        return self.body.keystore

    @property
    def monotonic(self) -> Monotonic:
        return self.body.monotonic

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
        """Switch the power on. It may go away again while the unit starts, and a bad disk may not let it."""
        self._life += 1
        self.unit = None
        entropy = Entropy(Entropy.Options(f"{self._seed}/{self._life}"))
        world = World(self.disk, self.keystore, self.clock, entropy, self.monotonic, check=self._check)
        feedback = Feedback(self.light, self.sound, _WORDS, self._hear)
        self._powered(lambda: self._assemble(world, feedback))

    def stop(self) -> None:
        """Switch off in order."""
        if self.unit:
            self._powered(self.unit.close)
            self.unit = None

    def tap(self, card: Card, wish: Wish | None = None) -> Shown | None:
        """Hold a card there until the unit has answered; return the last thing it said, None if that was nothing.

        Args:
            wish: what its counter is set to before.
        """
        self._answer = None
        if self.unit is None:
            return None
        if wish and wish.what:
            self.unit.tap.set(wish)
        self.reader.present(card)
        self.reader.remove()
        return self._answer

    def sync(self, road: Road) -> courier.Round | None:
        """Let the uplink make one round; None if the road or the power failed on the way."""
        done: list[courier.Round] = []
        road.set_out()

        def go(unit: Unit) -> None:
            try:
                done.append(courier.go(SimHatch(unit), road))
            except UnreachableError:
                return

        self._while_running(go)
        return done[0] if done else None

    def tidy(self) -> None:
        """Do what the daemon does in a quiet moment."""

        def look(unit: Unit) -> None:
            with contextlib.suppress(JournalFullError):
                unit.opened.journal.checkpoint(at_least=1)
            unit.staff.look_after()
            unit.room.look()

        self._while_running(look)

    def crash(self) -> None:
        """Let the power be gone, whatever was going on; call `start` to have it back."""
        self.disk.cut()
        self.drop()
        self.disk.crash()
        self.cuts += 1

    def drop(self) -> None:
        """Let the process be gone, as if it had been killed."""
        self.reader.remove()
        if self.unit:
            # SQLite would like to tidy up, and must not; the power may go over that too.
            with contextlib.suppress(apsw.Error, PowerCutError):
                self.unit.opened.journal.connection.close(True)  # noqa: FBT003 - apsw's own argument: whatever it says
        self.unit = None

    def _assemble(self, world: World, feedback: Feedback) -> None:
        self.unit = assemble(world, self.enrolment, self._trust, feedback, self._ballast_bytes)
        self.noticed += self.unit.opened.missing
        self.declared += len(self.unit.opened.lost)
        self.reader.start(self._on_event)

    def _on_event(self, event: Event) -> None:
        if isinstance(event, CardCame):
            self._while_running(lambda unit: unit.tap.touch(event.field))
            self._while_running(self._ask)

    def _ask(self, unit: Unit) -> None:
        """Carry the question of a touch that waits, as the uplink does; the time is up, whatever came of it."""
        if unit.tap.waits and (want := unit.tap.asking.want):
            if packed := self.ask(want):
                SimHatch(unit).take(packed)
            unit.tap.go_on(at_once=True)

    def _hear(self, shown: Shown) -> None:
        """Listen at the mouth of the unit: what was said counts, and nobody hears a unit without power.

        SQLite may swallow a power cut, so the disk is asked.
        """
        if self.disk.dead or shown.result is Result.READING:
            return
        self._answer = shown
        self.shown.append(shown)
        if shown.entry:
            self.heard[shown.entry] = shown.hash

    def _while_running(self, do: Callable[[Unit], object]) -> None:
        if (unit := self.unit) is not None:
            self._powered(lambda: do(unit))

    def _powered(self, do: Callable[[], object]) -> None:
        """Do something; the power may go away in the middle, and a bad disk may end the process."""
        try:
            do()
        except (PowerCutError, JournalBrokenError, JournalFullError, DiskError, apsw.Error) as error:
            if not (self.disk.dead or self.disk.misbehaves):
                raise
            if not self.disk.dead:
                self.ended.append(type(error).__name__)
                self.drop()
        if self.disk.dead:
            self.crash()


class SimHatch:
    """The hatch without a socket: the same calls, in the same thread."""

    def __init__(self, unit: Unit) -> None:
        self._hatch = unit.hatch
        self.answer = unit.hatch.answer
        self.since = unit.hatch.since
        self.lacks = unit.hatch.lacks
        self.give_back = unit.hatch.give_back
        self.certify = unit.hatch.certify

    def question(self) -> courier.Question:
        asked = self._hatch.question()
        return courier.Question(asked.unit, asked.report, asked.fence, asked.nonce)

    def take(self, packed: bytes) -> int:
        return sum(self._hatch.take(part) for part in split(unpack(packed)))


def enrol(
    centre: Centre, name: str, place: str, keystore: Keystore, csr: str = "", counter: str = FACILITY
) -> Enrolment:
    """Let a unit into the town, as over the wire but without one; with any certificate request, if none is given."""
    ticket = centre.enroller.invite(name, place, counter, "https://localhost")
    csr = csr or any_csr()
    proof = text(keystore.sign(enrol_proof(ticket.code, csr)))
    return centre.enroller.enrol(EnrolRequest(name, ticket.code, text(keystore.public), csr, proof))


def any_csr() -> str:
    """Return some certificate request: a simulated road has no TLS."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()).public_bytes(Encoding.PEM).decode()
