"""A pen that writes a unit's journal, well or badly: for what no honest unit would ever send."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from central.centre import Centre
from central.peers import Peer
from drivers.clock.sim import Driver as Clock
from drivers.keystore.sim import Driver as Keystore
from programs.visits.entries import Touch
from simulation.centre import name_place, open_sim_centre
from sync import chain
from sync.entries import Entry, Fact, encode
from sync.facts import Boot, Key, Place
from sync.messages import EnrolRequest, Holdings, enrol_proof, open_signed, text
from sync.segment import Segment, pack, to_text

AT = 1_795_392_000_000


def touch(day: int = 20_780, card: str = "0a" * 16, place: str = "library") -> Touch:
    return Touch(card=card, place=place, day=day, proof="card")


def any_csr() -> str:
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()).public_bytes(Encoding.PEM).decode()


@dataclass
class Pen:
    """One unit's hand: its key, its present boot, and the head behind which it writes on."""

    centre: Centre
    unit: str = "lib01"
    keystore: Keystore = field(default_factory=Keystore)
    boot: str = ""
    seq: int = 0
    head: bytes = chain.ORIGIN
    boots: int = 0
    epoch: int = 1
    fence: str = ""

    @classmethod
    def enrolled(cls, centre: Centre, unit: str = "lib01", seed: str = "machitap") -> "Pen":
        pen = cls(centre, unit, Keystore(Keystore.Options(seed)))
        pen.enrol()
        return pen

    def enrol(self) -> None:
        ticket = self.centre.enroller.invite(self.unit, "library", "facility", "https://localhost")
        csr = any_csr()
        proof = text(self.keystore.sign(enrol_proof(ticket.code, csr)))
        request = EnrolRequest(self.unit, ticket.code, text(self.keystore.public), csr, proof)
        self.epoch = self.centre.enroller.enrol(request).epoch

    @property
    def peer(self) -> Peer:
        return Peer(self.unit, self.epoch)

    def begin(self, *facts: Fact, after: Place | None = None, fresh: bool = False) -> Segment:
        """Begin a boot behind the present head, or behind another, and write facts into it."""
        self.boots += 1
        if after is None and self.boot and not fresh:
            after = Place(self.boot, self.seq, self.head.hex())
        self.boot, self.seq = f"{self.boots:016x}", 0
        self.head = bytes.fromhex(after.hash) if after else chain.ORIGIN
        key = Key(self.keystore.alg, text(self.keystore.public))
        return self.write(Boot(after=after, key=key, counter=None, clean=True, clock="held", software="pen"), *facts)

    def write(self, *facts: Fact) -> Segment:
        """Write facts and return them as a segment."""
        entries = [Entry(self.unit, self.boot, seq, AT + seq, fact) for seq, fact in enumerate(facts, self.seq + 1)]
        return self.seal([encode(entry) for entry in entries])

    def seal(self, bodies: list[bytes]) -> Segment:
        """Seal any bodies as the next segment."""
        prev, first = self.head, self.seq + 1
        self.head = chain.links(prev, bodies)[-1]
        self.seq += len(bodies)
        return Segment(self.unit, self.boot, first, prev, tuple(bodies), chain.seal(self.keystore, self.head))

    @property
    def place(self) -> Place:
        return Place(self.boot, self.seq, self.head.hex())

    def send(self, segment: Segment, fence: str | None = None) -> Holdings:
        """Deliver a segment, quoting the last fence or another; return what the centre says it holds."""
        quoted = self.fence if fence is None else fence
        raw = self.centre.intake.receive(self.peer, pack(to_text(segment)), quoted, "07")
        held = open_signed(raw, Holdings, self.centre.town.signer.public)
        self.fence = held.fence
        return held


@contextmanager
def visited(folder: Path) -> Iterator[tuple[Centre, Pen]]:
    """Found a town with one unit, and two touches that are added up."""
    centre = open_sim_centre(Clock(), folder.name, f"sqlite:///{folder / 'town.db'}")
    name_place(centre, "library")
    pen = Pen.enrolled(centre)
    pen.send(pen.begin(touch(), touch(card="5e" * 16)))
    centre.reconciler.catch_up()
    yield centre, pen
    centre.engine.dispose()
