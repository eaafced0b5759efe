"""One card, read by hand: what `machi card read` does between the reader and the words on the terminal."""

import base64
import queue
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec

from drivers.card import face, files, trust_folder, u2f
from drivers.card.air import air_ms
from drivers.card.channel import Channel, Exchange
from drivers.card.errors import CardError, NotReadableError, OtherCardError
from drivers.card.identify import identify
from drivers.card.jpki.crl import Revocation
from drivers.card.tokens import uid
from drivers.card.trust import Trust
from drivers.clock import Clock
from drivers.entropy import Entropy
from drivers.reader import (
    CardCame,
    Event,
    Field,
    Reader,
    ReaderCame,
    ReaderError,
    ReaderLeft,
    ServiceBack,
    ServiceLost,
)

_NONCE_BYTES = 32
_MS = 1000
_HOUR_SECONDS = 3600
_LOOK_SECONDS = 0.2  # between two looks whether anybody still waits for a card

WORDS = {
    "not_readable": "The card could not be read. Hold it there again, and leave it until the end.",
    "other_card": "Nothing was read from it.",
    "unknown_card": "This My Number Card is not enrolled here.",
    "expired": "This card, or what is on it, has run out.",
    "revoked": "This certificate was revoked.",
    "stale": "This code was used before, or too late. Show a fresh one.",
    "terminal_refused": "This card shows itself to other terminals only.",
    "clock_doubt": "This is not valid yet. Most likely this machine's clock is wrong.",
    "unknown_issuer": "Nobody whom this machine trusts has signed this, so it could not be checked.",
    "forged": "This card is not what it says it is.",
    "turned_back": "This card has counted further before: it is a copy, or it was turned back.",
    "presence": "This card signs once each time. Take it away, and hold it there again.",
    "pin_wrong": "That was not the PIN.",
    "pin_last_try": "One try of the PIN is left. It was not spent.",
    "pin_blocked": "The PIN is blocked. The municipal office can set a new one.",
    "pin_format": "A PIN has four digits. The card was not asked.",
}
OTHERS = {  # what a card of another kind is called, Japanese first
    "old_card": "住民基本台帳カードです。This is a Basic Resident Register card; it is no longer used.",
    "phone": "スマートフォンです。This is a phone; please bring the card itself.",
    "transit": "交通系ICカードです。This is a transit or e-money card.",
    "licence": "運転免許証です。This is a driving licence.",
    "residence": "在留カードです。This is a Residence Card.",
    "passport": "パスポートです。This is a passport.",
    "bank": "銀行などのカードです。This is a bank or credit card.",
    "tag": "ICタグです。This is a tag that is not taken here.",
    "other": "別のカードです。This is another kind of card.",
}
_PROVEN = {
    "none": "Identified, not proven: a copy would look the same.",
    "card": "Identified; the card itself has proven it.",
    "pin": "Identified; the card has proven it, and the holder knew its PIN.",
    "token": "Identified by a signed code.",
}
_FRESH = {
    "copy": " A photograph of it would look the same.",
    "window": " It was made less than a minute ago.",
    "counter": " It counts once.",
}


class NoReaderError(Exception):
    """There is no reader, or no pcscd."""


class NoServiceError(NoReaderError):
    """There is no pcscd."""


class NobodyCameError(Exception):
    """Nobody held a card there in time, or nobody waits for one any more."""


class Step(msgspec.Struct, frozen=True):
    """One APDU. `sent` has its secrets masked; of the answer there is only its length."""

    sent: str
    sent_bytes: int
    received_bytes: int
    sw: str
    ms: float


class Cost(msgspec.Struct, frozen=True):
    """What the card was asked in all. `air_ms`: about how long the bytes alone take at 106 kbit/s."""

    apdus: int
    bytes: int
    ms: float
    air_ms: float


class OnList(msgspec.Struct, frozen=True):
    """What a list of revoked certificates said. `expired`: a newer one should be there; null: nobody knows the time."""

    issued: str
    age_hours: float | None
    expired: bool | None


class Enrolment(msgspec.Struct, frozen=True):
    """A card that was learned.

    Fields:
        index: by which a unit looks it up at a tap.
        identifier: the card, once it has proven itself.
        public_key: base64 of DER SubjectPublicKeyInfo, by which it does.
        file: where the trust folder keeps that key.
    """

    index: str
    identifier: str
    public_key: str
    file: str


class CounterCard(msgspec.Struct, frozen=True):
    """A card with a counter of its own that was learned; the centre takes it as it stands here.

    Fields:
        index: its number in the air.
        identifier: SHA-256 of its public key.
        public_key, handle: base64, of DER SubjectPublicKeyInfo and of what the card finds its key by.
        value: where its counter stood.
        maker: who says that it is such a card.
    """

    index: str
    identifier: str
    public_key: str
    handle: str
    value: int
    maker: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What `machi card read --json` prints.

    Fields:
        reason: "ok" or one of `WORDS`.
        kind: for another kind of card, one of `OTHERS`.
        fresh: one of `drivers.card.Fresh`.
    """

    schema: str = "machi.card/1"
    at: str
    reader: str
    ok: bool
    reason: str
    words: str
    profile: str = ""
    identifier: str = ""
    proof: str = "none"
    issuer: str = ""
    expires: date | None = None
    tries_left: int | None = None
    kind: str = ""
    fresh: str = ""
    counter: int | None = None
    revocation: OnList | None = None
    evidence: str = ""
    enrolment: Enrolment | None = None
    counter_card: CounterCard | None = None
    cost: Cost
    trace: list[Step] | None = None


def wait_for_card(
    reader: Reader,
    clock: Clock,
    seconds: float,
    say: Callable[[str], None],
    *,
    reader_seconds: float | None = None,
    is_wanted: Callable[[], bool] = lambda: True,
) -> Field:
    """Start a reader and return the first card that is held there.

    Args:
        reader_seconds: so long a reader is waited for; None: as long as for a card.
        is_wanted: asked now and then, also just before a card is returned: whether anybody still waits.

    Raises:
        NoReaderError, NoServiceError, NobodyCameError: when the time is over.
    """
    events: queue.SimpleQueue[Event] = queue.SimpleQueue()
    reader.start(events.put)
    begun = clock.mono()
    readers = 0
    trouble: NoReaderError = NoReaderError("no card reader was found")
    while is_wanted():
        left = begun - clock.mono() + (seconds if readers or reader_seconds is None else reader_seconds)
        if left <= 0:
            break
        try:
            event = events.get(timeout=min(left, _LOOK_SECONDS))
        except queue.Empty:
            continue
        if isinstance(event, CardCame) and is_wanted():
            return event.field
        if isinstance(event, ReaderCame):
            readers += 1
            say(f"hold a card to {event.reader}")
        elif isinstance(event, ReaderLeft):
            readers -= 1
        elif isinstance(event, ServiceLost):
            trouble = NoServiceError(f"pcscd does not answer: {event.why}")
            say(str(trouble))
        elif isinstance(event, ServiceBack):
            trouble = NoReaderError("no card reader was found")
    if readers:
        raise NobodyCameError(f"no card within {seconds:g} s")
    raise trouble


class Desk:
    """Reads one card for a person.

    Args:
        trust: whom to believe.
        clock: for the time of day, which is believed here: somebody is looking.
        entropy: for the nonce.
    """

    def __init__(self, trust: Trust, clock: Clock, entropy: Entropy) -> None:
        self._trust = trust
        self._clock = clock
        self._entropy = entropy
        self._steps: list[Step] = []

    def read(self, field: Field, pin: str | None, *, spend_last_try: bool, trace: bool) -> Report:
        """Identify a card and say so, or why not. Never raises for what a card may do."""
        try:
            presented = identify(
                field,
                self._entropy.bytes(_NONCE_BYTES),
                self._trust,
                self._now(),
                pin,
                spend_last_try=spend_last_try,
                mono=self._clock.mono,
                trace=self._note,
            )
        except CardError as error:
            return self._refusal(field, error, trace=trace)
        return self._report(
            field,
            trace=trace,
            ok=True,
            reason="ok",
            words=_PROVEN[presented.proof] + (_FRESH.get(presented.fresh, "") if presented.proof == "token" else ""),
            profile=presented.profile,
            identifier=presented.identifier,
            proof=presented.proof,
            issuer=presented.issuer,
            expires=presented.expires,
            evidence=presented.evidence.digest if presented.evidence else "",
            fresh=presented.fresh,
            counter=presented.counter,
            revocation=_on_list(presented.revocation),
        )

    def enrol(self, field: Field, birth: date, folder: Path, *, trace: bool) -> Report:
        """Learn a card by its holder's birthday, and keep its public key in the trust folder."""
        channel = Channel(field, mono=self._clock.mono, trace=self._note)
        try:
            learned = face.enrol(channel, birth, self._trust.cv_roots, self._entropy.bytes(_NONCE_BYTES))
        except CardError as error:
            return self._refusal(field, error, trace=trace)
        except ReaderError as error:
            return self._refusal(field, NotReadableError(str(error)), trace=trace)
        file = trust_folder.enrol(folder, learned.index, learned.public_key)
        return self._report(
            field,
            trace=trace,
            ok=True,
            reason="ok",
            words="This card is enrolled now.",
            profile="face",
            identifier=learned.identifier,
            proof="card",
            expires=learned.expires,
            evidence=learned.evidence.digest,
            enrolment=Enrolment(
                learned.index, learned.identifier, base64.b64encode(learned.public_key).decode(), str(file)
            ),
        )

    def enrol_counter(self, field: Field, *, trace: bool) -> Report:
        """Have a card with a counter of its own make a key for this town, and learn it."""
        channel = Channel(field, allowed=files.DESK, mono=self._clock.mono, trace=self._note)
        try:
            learned = u2f.enrol(
                channel, uid.of_a_chip(channel) or "", self._trust.counter_makers, self._entropy.bytes(_NONCE_BYTES)
            )
        except CardError as error:
            return self._refusal(field, error, trace=trace)
        except ReaderError as error:
            return self._refusal(field, NotReadableError(str(error)), trace=trace)
        key, handle = (base64.b64encode(part).decode() for part in (learned.key.key, learned.key.handle))
        return self._report(
            field,
            trace=trace,
            ok=True,
            reason="ok",
            words="This card counts for this town now, once the centre has been told.",
            profile="u2f",
            identifier=learned.identifier,
            proof="card",
            counter=learned.value,
            counter_card=CounterCard(learned.index, learned.identifier, key, handle, learned.value, learned.maker),
        )

    def _refusal(self, field: Field, error: CardError, *, trace: bool) -> Report:
        kind = error.kind if isinstance(error, OtherCardError) else ""
        words = f"{OTHERS[kind]} {WORDS[error.reason]}" if kind else f"{WORDS[error.reason]} ({error})"
        left = getattr(error, "tries_left", None)
        return self._report(field, trace=trace, ok=False, reason=error.reason, words=words, tries_left=left, kind=kind)

    def _report(self, field: Field, *, trace: bool, **said: Any) -> Report:
        steps = self._steps if trace else None
        return Report(at=self._now().isoformat(), reader=field.reader, cost=self._cost(), trace=steps, **said)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.wall_ms() / _MS, UTC)

    def _note(self, exchange: Exchange) -> None:
        self._steps.append(
            Step(
                exchange.sent,
                exchange.sent_bytes,
                exchange.received_bytes,
                f"{exchange.sw:04X}",
                round(exchange.ms, 3),
            )
        )

    def _cost(self) -> Cost:
        steps = self._steps
        return Cost(
            len(steps),
            sum(step.sent_bytes + step.received_bytes for step in steps),
            round(sum(step.ms for step in steps), 3),
            round(sum(air_ms(step.sent_bytes) + air_ms(step.received_bytes) for step in steps), 1),
        )


def _on_list(state: Revocation | None) -> OnList | None:
    if state is None:
        return None
    hours = None if state.age is None else round(state.age.total_seconds() / _HOUR_SECONDS, 1)
    return OnList(state.issued.isoformat(), hours, state.expired)
