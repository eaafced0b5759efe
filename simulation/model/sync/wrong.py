"""Units and centres with one mistake each. A search that does not find every one of them has looked at too little.

They are handed to the search instead of the right ones: the same code, with one method or one part replaced.
"""

from dataclasses import dataclass, replace
from typing import Final, TypeVar

import msgspec
import sqlalchemy as sa

from appliance.hatch import Hatch
from appliance.outbox import Held, Outbox
from central import shelves, store
from central.attach import Attachment
from central.centre import Centre
from central.incidents import Incidents
from central.intake import Intake
from central.peers import Peer
from central.prepared import Row
from central.refusal import RefusedError
from central.verify import Signed
from drivers.keystore.sim import Driver as Keystore
from drivers.monotonic.sim import Driver as Counter
from simulation.model.sync import laws
from simulation.model.sync.box import REGISTER, BoxParts, Dice
from simulation.model.sync.centres import CentreParts, key_seed
from simulation.model.sync.world import Left
from sync import chain
from sync.entries import encode
from sync.facts import Place
from sync.messages import Head, Holdings, Report, Why, open_signed, sign
from sync.segment import SEAL_BYTES, Segment, from_text, pack, to_text, unpack

Part = TypeVar("Part")


@dataclass(frozen=True)
class Wrong:
    """A mistake.

    Attributes:
        breaks: the law that it must be seen to break, and in which words.
        left, units: what has to happen besides, and at how many units.
    """

    mistake: str
    breaks: str
    said: str
    left: Left
    units: int = 2
    box: BoxParts | None = None
    centre: CentreParts | None = None


# ---- at a unit


class BelievesItArrived(Hatch):
    sent: frozenset[bytes] = frozenset()

    def answer(self, raw: bytes) -> bytes | None:
        packed = super().answer(raw)
        if packed is None or packed in self.sent:
            return None
        self.sent |= {packed}
        return packed


class SendsOnlyThisBoot(Hatch):
    def answer(self, raw: bytes) -> bytes | None:
        packed = super().answer(raw)
        tip = self._journal.tip
        return packed if packed and tip and from_text(unpack(packed)).boot == tip.boot else None


class GivesNothingBack(Hatch):
    def give_back(self, stream: str, heads: tuple[Head, ...]) -> None:
        del stream, heads


class FreezesWhenTheCentreHoldsLess(Hatch):
    most: int = 0

    def _see(self, holdings: Holdings) -> None:
        super()._see(holdings)
        held = sum(head.seq for head in holdings.heads)
        if held < self.most:
            self.standing.frozen = "the centre held more than it does"
        self.most = max(held, self.most)


class ComparesForEver(Hatch):
    def _see(self, holdings: Holdings) -> None:
        self._outbox = _turned_into(_ForgetfulOutbox, self._outbox)
        super()._see(holdings)


class _ForgetfulOutbox(Outbox):
    def _show(self, held: Held, tip: Place) -> None:
        self._shown = None
        super()._show(held, tip)


def _turned_into(made: type[Part], right: Part) -> Part:
    """Return another make of a part, with everything that the right one has."""
    wrong = made.__new__(made)
    vars(wrong).update(vars(right))
    return wrong


def _with(hatch: type[Hatch]) -> BoxParts:
    """Return boxes with another hatch."""
    return BoxParts(unit=lambda unit: replace(unit, hatch=_turned_into(hatch, unit.hatch)))


# ---- at the centre


class RightDoor:
    """Everything as it should be; each mistake replaces `receive`."""

    def __init__(self, centre: Centre) -> None:
        self.centre = centre

    def holdings(self, peer: Peer, report: Report, nonce: str) -> bytes:
        return self.centre.intake.holdings(peer, report, nonce)

    def receive(self, peer: Peer, packed: bytes, fence: str, nonce: str) -> bytes:
        return self.centre.intake.receive(peer, packed, fence, nonce)

    def stream(self, peer: Peer, name: str, ends: list[tuple[str, int]], limit: int) -> list[Segment]:
        return self.centre.intake.stream(peer, name, ends, limit)


class AcknowledgesFirst(RightDoor):
    def receive(self, peer: Peer, packed: bytes, fence: str, nonce: str) -> bytes:  # noqa: ARG002 - the door's signature
        town = self.centre.town.signer
        held = open_signed(self.holdings(peer, Report(), nonce), Holdings, town.public)
        segment = from_text(unpack(packed))
        head = Head(segment.boot, segment.last, segment.hashes()[-1].hex())
        return sign(msgspec.structs.replace(held, heads=(head,)), town)


class StoresTwice(RightDoor):
    """It stores the end of a delivery that it holds already a second time."""

    def receive(self, peer: Peer, packed: bytes, fence: str, nonce: str) -> bytes:
        before = self._segments()
        answer = super().receive(peer, packed, fence, nonce)
        segment = from_text(unpack(packed))
        if self._segments() == before and segment.last > segment.first:
            hashes = segment.hashes()
            again = Attachment(segment.after(segment.first, hashes[0]), hashes[-1])
            with self.centre.engine.begin() as connection:
                shelves.put(connection, again, peer.epoch, 0)
        return answer

    def _segments(self) -> int:
        with store.reading(self.centre.engine) as connection:
            return int(connection.execute(sa.select(sa.func.count()).select_from(store.segment)).scalar_one())


class AddsATouch(RightDoor):
    """Somebody has the unit's key, and writes one entry more."""

    def receive(self, peer: Peer, packed: bytes, fence: str, nonce: str) -> bytes:
        segment = from_text(unpack(packed))
        last = segment.entries(REGISTER)[-1]
        added = encode(msgspec.structs.replace(last, seq=last.seq + 1))
        longer = msgspec.structs.replace(segment, bodies=(*segment.bodies, added))
        keystore = Keystore(Keystore.Options(key_seed(peer.unit, peer.epoch)))
        sealed = msgspec.structs.replace(longer, seal=chain.seal(keystore, longer.hashes()[-1]))
        return super().receive(peer, pack(to_text(sealed)), fence, nonce)


class LosesTheSignature(RightDoor):
    """It takes what was signed, and keeps it without the signature."""

    def receive(self, peer: Peer, packed: bytes, fence: str, nonce: str) -> bytes:
        answer = super().receive(peer, packed, fence, nonce)
        bare = pack(to_text(msgspec.structs.replace(from_text(unpack(packed)), seal=bytes(SEAL_BYTES))))
        with self.centre.engine.begin() as connection:
            stored = store.segment.c.packed == packed
            connection.execute(sa.update(store.segment).where(stored).values(packed=bare))
        return answer


class ForgivesDeadLives(RightDoor):
    """It takes what was signed in a life that is over as if it had been signed in the present one."""

    def receive(self, peer: Peer, packed: bytes, fence: str, nonce: str) -> bytes:
        centre = self.centre
        with store.reading(centre.engine) as connection:
            asked = sa.select(store.unit.c.epoch).where(store.unit.c.name == peer.unit)
            life = int(connection.execute(asked).scalar_one())
        intake = _ForgivingIntake(centre.engine, centre.town, centre.streams)
        intake.life = life
        return intake.receive(Peer(peer.unit, life), packed, fence, nonce)


class _ForgivingIntake(Intake):
    life = 0

    def verify(self, packed: bytes) -> Signed:
        signed = super().verify(packed)
        return Signed(signed.segment, signed.entries, signed.hashes, self.life, signed.public, signed.packed)


class SuspectsWhatIsLate(Intake):
    def _move_fence(self, connection: sa.Connection, row: Row, quoted: str, *, branched: bool) -> str:
        del branched
        return super()._move_fence(connection, row, quoted, branched=True)


class KeepsQuiet(RightDoor):
    def receive(self, peer: Peer, packed: bytes, fence: str, nonce: str) -> bytes:
        answer = super().receive(peer, packed, fence, nonce)
        with self.centre.engine.begin() as connection:
            connection.execute(sa.delete(store.incident))
        return answer


class SuspectsRepeats(RightDoor):
    def receive(self, peer: Peer, packed: bytes, fence: str, nonce: str) -> bytes:
        with self.centre.engine.begin() as connection:
            stored = sa.select(store.segment.c.n).where(store.segment.c.packed == packed)
            if connection.execute(stored).first():
                Incidents(connection, self.centre.streams, 0).note(peer.unit, "clone", {})
        return super().receive(peer, packed, fence, nonce)


class IsAlwaysFull(RightDoor):
    def receive(self, peer: Peer, packed: bytes, fence: str, nonce: str) -> bytes:
        del peer, packed, fence, nonce
        raise RefusedError(Why.FULL, "no room")


# ---- all of them


def _worn(value: int) -> Counter:
    counter = Counter(Counter.Options(value))
    counter.worn = True
    return counter


ALL: Final = (
    Wrong(
        "a unit throws the same dice at each start, and draws the name of a boot twice",
        laws.WHOLE,
        "does not start",
        Left(restarts=1),
        box=BoxParts(dice=lambda seed: Dice(seed.split("/")[0])),
    ),
    Wrong(
        "the counter outside the disk is worn, and counts no further",
        laws.COUNTED,
        "lib01 serves on, and something that it announced is gone",
        Left(touches=1, put_back=1),
        box=BoxParts(counter=_worn),
    ),
    Wrong(
        "a unit goes on behind what it sent, not behind what the centre says it holds",
        laws.LIVENESS,
        "for ever",
        Left(touches=1, asks=1),
        box=_with(BelievesItArrived),
    ),
    Wrong(
        "a unit sends only what it wrote since its last start",
        laws.LIVENESS,
        "for ever",
        Left(touches=1, restarts=1),
        box=_with(SendsOnlyThisBoot),
    ),
    Wrong(
        "a unit does not give a restored centre back what that has lost of its own words",
        laws.LIVENESS,
        "a calm day fails",
        Left(fetches=1, says=1, restores=1),
        units=1,
        box=_with(GivesNothingBack),
    ),
    Wrong(
        "a unit takes a restored centre for its own fault",
        laws.STOPS,
        "freezes, and nothing happened to its disk",
        Left(touches=1, asks=2, restores=1),
        box=_with(FreezesWhenTheCentreHoldsLess),
    ),
    Wrong(
        "a unit brings its last entry again and again, for the centre to compare it with that of a twin",
        laws.LIVENESS,
        "never ends",
        Left(touches=2, asks=2, twins=1),
        units=1,
        box=_with(ComparesForEver),
    ),
    Wrong(
        "a centre says that it holds a delivery, and means to store it later",
        laws.HELD,
        "and does not",
        Left(touches=1, asks=1),
        centre=CentreParts(AcknowledgesFirst),
    ),
    Wrong(
        "a centre stores once more what is delivered once more",
        laws.ONCE,
        "is stored twice",
        Left(touches=2, asks=1),
        centre=CentreParts(StoresTwice),
    ),
    Wrong(
        "somebody has the key of a unit, and adds an entry on the way",
        laws.WRITTEN,
        "is stored as nobody wrote it",
        Left(touches=1, asks=1),
        centre=CentreParts(AddsATouch),
    ),
    Wrong(
        "a centre keeps what a unit wrote without the unit's signature",
        laws.VERIFIES,
        "what is stored does not verify",
        Left(touches=1, asks=1),
        centre=CentreParts(LosesTheSignature),
    ),
    Wrong(
        "a centre takes what a unit signed in a life that is over",
        laws.LIVES,
        "after that life was over",
        Left(touches=1, asks=1, lives=1),
        centre=CentreParts(ForgivesDeadLives),
    ),
    Wrong(
        "a centre finds that a journal branches, and tells nobody",
        laws.NAMED,
        "no incident names it",
        Left(touches=1, asks=2, put_back=1),
        centre=CentreParts(KeepsQuiet),
    ),
    Wrong(
        "a centre takes whatever comes twice for the work of a second machine",
        laws.CAUSE,
        "a false alarm",
        Left(touches=1, asks=1),
        centre=CentreParts(SuspectsRepeats),
    ),
    Wrong(
        "a centre takes news that were held up on the way for those of an old disk",
        laws.CAUSE,
        "a false alarm: lib01: old fence",
        Left(touches=3, asks=3),
        units=1,
        centre=CentreParts(lambda centre: SuspectsWhatIsLate(centre.engine, centre.town, centre.streams)),
    ),
    Wrong(
        "a centre has no room, for ever",
        laws.LIVENESS,
        "for ever",
        Left(touches=1, asks=1),
        centre=CentreParts(IsAlwaysFull),
    ),
)
