"""The hatch in the wall between the two processes of a unit: sealed segments go out, signed answers come in.

On this side is the tap daemon, which holds journal, keys and screen and has no network; on the other is the uplink,
which has the network and can open nothing of what it carries. Everything that comes in is checked here against the
town's key.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec

from appliance.inbox import Inbox, StrangeError
from appliance.journal import Journal, JournalBrokenError
from appliance.opening import SETTLED, World, doubt
from appliance.outbox import Backlog, Outbox
from sync import chain
from sync.entries import BAD_JSON
from sync.facts import UnitState
from sync.messages import (
    ONE_UNIT,
    TOWN_STREAM,
    Head,
    Holdings,
    MessageError,
    RenewRequest,
    Report,
    open_signed,
    renew_proof,
    text,
)
from sync.segment import Segment, pack, to_text

HOLDINGS_NOTE: Final = "the centre holds"
_NONCE_BYTES: Final = 12
_DAY_MS: Final = 86_400_000


class Question(msgspec.Struct, frozen=True):
    """What the uplink needs to ask the centre what it holds. `town_ms`: the time that the town has signed last."""

    unit: str
    report: Report
    fence: str
    nonce: str
    town_ms: int = 0


@dataclass
class Standing:
    """How this unit stands with the town, as far as it knows.

    Attributes:
        contact_ms: the centre's time at the last contact, or None.
        frozen: why the money functions are frozen ("" while they are not): the journal is shorter than it was.
        strange: the last thing from the centre that was refused, or "".
    """

    state: UnitState = UnitState.ACTIVE
    contact_ms: int | None = None
    frozen: str = ""
    strange: str = ""


class Hatch:
    """What the uplink may ask. Everything runs in the daemon's own thread, between two touches."""

    def __init__(
        self,
        journal: Journal,
        inbox: Inbox,
        outbox: Outbox,
        world: World,
        town_key: chain.PublicKey,
        software: str,
        missing: int,
        pays_in_town: Callable[[], bool] = lambda: False,
    ) -> None:
        """`pays_in_town` tells whether the town's journal has moved money, as this unit heard it."""
        self._journal = journal
        self._inbox = inbox
        self._outbox = outbox
        self._keystore = world.keystore
        self._own_key = chain.PublicKey(world.keystore.public, world.check)
        self._clock = world.clock
        self._entropy = world.entropy
        self._town_key = town_key
        self._software = software
        self._pays_in_town = pays_in_town
        self._nonces: set[str] = set()
        self._fence = ""
        self._generation = ""
        self._streams: dict[str, str] = {}  # how far the centre's journals reach, by its last answer
        self._town_ms = 0
        self._heard: float | None = None
        self.symptoms: Callable[[], str] = lambda: ""  # what the unit suffers from, in one line
        self.image = ""  # name and version of the system that runs
        self._frozen_here = f"{missing} entries that were counted are not on this disk" if missing else ""
        self._noted = self._journal.note(HOLDINGS_NOTE)
        self.standing = Standing(frozen=self._frozen_here)
        with contextlib.suppress(*BAD_JSON):  # no note, or one that rotted: the next contact writes it anew
            before = msgspec.json.decode(self._noted, type=Holdings)
            self._see(before)
            self._town_ms = before.at

    def question(self) -> Question:
        """Return what to ask the centre with; its answer has to carry this nonce."""
        nonce = self._entropy.bytes(_NONCE_BYTES).hex()
        self._nonces = {nonce}
        backlog = self.backlog()
        report = Report(
            unsent=backlog.unsent,
            oldest_ms=backlog.oldest_ms,
            state=self.standing.frozen or self.standing.strange,
            software=self._software,
            clock=self._clock.confidence(),
            generation=self._generation,
            heard=self._inbox.since(ONE_UNIT + self._journal.unit),
            symptoms=self.symptoms(),
            heard_town=self._inbox.since(TOWN_STREAM) if self._pays_in_town() else None,
            image=self.image or None,
        )
        return Question(self._journal.unit, report, self._fence, nonce, self._town_ms)

    def answer(self, raw: bytes) -> bytes | None:
        """Take the centre's signed Holdings, and return the next packed segment to send, or None.

        Raises:
            StrangeError: the answer is not by this town, not for this unit, or an old one played again.
            JournalBrokenError: what would be sent is damaged; the next start looks at the whole journal.
        """
        try:
            holdings = open_signed(raw, Holdings, self._town_key.raw, self._town_key.check)
        except MessageError as error:
            raise self._strange(str(error)) from error
        if holdings.unit != self._journal.unit or holdings.nonce not in self._nonces:
            raise self._strange("an answer to another question")
        self._see(holdings)
        self._note(holdings)
        self.standing.strange = ""
        self.standing.contact_ms = self._town_ms = holdings.at
        self._heard = self._clock.mono()
        segment = self._outbox.next_segment() if holdings.state is UnitState.ACTIVE else None
        if segment is None:
            return None
        make_sure_of(self._journal, self._own_key, segment)
        return pack(to_text(segment))

    def heard_s(self) -> float | None:
        """Return how long ago the centre was heard in this run, or None for never."""
        return None if self._heard is None else self._clock.mono() - self._heard

    def town_ms(self) -> int:
        """Return the time that the town has signed last, to the day if that was before this start; 0 for never.

        It is later by now, whatever our own clock says.
        """
        return self._town_ms

    def since(self) -> dict[str, str]:
        """Return, for each stream of the centre, how far it came in."""
        return {stream: self._inbox.since(stream) for stream in self._inbox.streams}

    def lacks(self) -> dict[str, str]:
        """Return the same, without the streams that reach no further by the centre's last answer."""
        return {stream: since for stream, since in self.since().items() if self._streams.get(stream) != since}

    def take(self, segment_text: bytes) -> int:
        """Take over a segment of the centre; return how many entries were new.

        Raises:
            StrangeError: it is refused; nothing changed.
        """
        try:
            new = self._inbox.take(segment_text)
        except StrangeError as error:
            raise self._strange(str(error)) from error
        if new and self._frozen_here and self._journal.tip and self._inbox.settles(segment_text):
            self._journal.set_note(SETTLED, self._journal.tip.boot)
            self.standing.frozen = self._frozen_here = ""
        return new

    def give_back(self, stream: str, heads: tuple[Head, ...]) -> bytes | None:
        """Return a packed segment of the centre's own stream that the centre lost, or None."""
        segment = self._inbox.lost_at_centre(stream, heads)
        return pack(to_text(segment)) if segment else None

    def certify(self, csr: str, certificate: str) -> RenewRequest:
        """Vouch, with the journal's key, for a request for a new TLS certificate in place of the last one."""
        proof = text(self._keystore.sign(renew_proof(csr, certificate)))
        return RenewRequest(self._journal.unit, csr, certificate, proof)

    def backlog(self) -> Backlog:
        return self._outbox.backlog()

    def _see(self, holdings: Holdings) -> None:
        held = self._outbox.look_up(holdings)
        self._fence = holdings.fence
        self._generation = holdings.generation
        self._streams = holdings.streams
        self.standing.state = holdings.state
        self.standing.frozen = self._frozen_here
        if held.contradicted:
            self.standing.frozen = "the centre holds other entries under this unit's numbers"
        elif held.rolled_back:
            self.standing.frozen = "the centre holds more of this journal than this disk: the disk was put back in time"

    def _note(self, holdings: Holdings) -> None:
        """Keep what the centre holds for the next start; written when it changed or on a new day, to spare the disk."""
        day = holdings.at - holdings.at % _DAY_MS
        lasting = msgspec.json.encode(msgspec.structs.replace(holdings, at=day, nonce="")).decode()
        if lasting != self._noted:
            self._journal.set_note(HOLDINGS_NOTE, lasting)
            self._noted = lasting

    def _strange(self, why: str) -> StrangeError:
        self.standing.strange = why
        return StrangeError(why)


def make_sure_of(journal: Journal, own_key: chain.PublicKey, segment: Segment) -> None:
    """Check a segment before it goes out: a start walks only what is new, and a disk may rot further back.

    The centre would refuse it again and again; a start that looks at everything saves what can be saved.

    Raises:
        JournalBrokenError: it is not as it was signed.
    """
    if not own_key.signed(segment.hashes()[-1], segment.seal):
        doubt(journal)
        place = f"{segment.boot}/{segment.first} to {segment.last}"
        raise JournalBrokenError(f"entries {place} are not as they were signed; the journal is damaged")
