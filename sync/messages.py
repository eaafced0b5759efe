"""What travels between a unit and the centre besides segments: who holds what, enrolment, and how to say no.

Everything that the centre states about a journal is signed with the town's key, so that the unit can believe it
whoever carried it; and what a unit says as its last word is signed with its own.
"""

import base64
import binascii
from typing import Annotated, Any, Final, TypeVar, cast

import msgspec

from sync import chain
from sync.entries import BAD_JSON, AtMs, BootId, Count, HashHex, KeyText, Seq, Text, UnitName
from sync.facts import UnitState
from sync.rights import Amount, What

BUNDLE_TYPE: Final = "application/vnd.rauc.bundle"
SEGMENT_TYPE: Final = "application/vnd.machitap.segment+zstd"
PROBLEM_TYPE: Final = "application/problem+json"
TOWN_STREAM: Final = "town"  # the centre's journal for all units
ONE_UNIT: Final = "to-"  # and before a unit's name: the one for this unit alone
OFFICE_STREAM: Final = "office"  # and the one that no unit follows: what the office decides, and whom it pays

Signed = TypeVar("Signed", bound=msgspec.Struct)

_DOMAIN = {
    "Holdings": b"machitap/holdings/1\0",
    "TownTime": b"machitap/time/1\0",
    "Technicians": b"machitap/technicians/1\0",
    "Release": b"machitap/release/1\0",
    "Wiped": b"machitap/wiped/1\0",
    "Admission": b"machitap/admission/1\0",
}


class MessageError(ValueError):
    """These bytes are not the message that they should be, or not signed by the town."""


def is_stream(writer: str) -> bool:
    """Whether a writer's name is one of the centre's own."""
    return writer in (TOWN_STREAM, OFFICE_STREAM) or writer.startswith(ONE_UNIT)


class Head(msgspec.Struct, frozen=True):
    """How far the centre holds one boot without a gap; `durable`: up to where it is also in a verified backup."""

    boot: BootId
    seq: Seq
    hash: HashHex
    durable: Count = 0


class Lost(msgspec.Struct, frozen=True):
    """Entries `first` to `last` of a boot, which are not held although what stands behind them is: see `Gap`."""

    boot: BootId
    first: Seq
    last: Seq


class Holdings(msgspec.Struct, frozen=True):
    """What the centre holds of one unit; the answer to asking and to every delivery alike.

    Attributes:
        heads: the ends of the unit's chain: one, or more where it branched; everything before them is held too, but
            for what is `lost`. After a delivery, also how far the delivered boot reaches.
        generation: which history of the town's books this is; drawn when the centre was made.
        fence: quote it with the next request; whoever quotes an older one runs on a copied disk.
        at: the centre's time, Unix milliseconds.
        nonce: what the asker sent, so that an old answer cannot be played again.
        streams: how far each of the centre's journals for this unit reaches, as `sync.tree.ends_text` writes it; who
            holds as much need not ask for more.
        beside: the boot among `heads` that is no end, and named because something of it was delivered; or "".
        lost: what one state of the unit's disk declared as lost and nobody has brought since. Another may have it.
    """

    unit: UnitName
    epoch: Count
    state: UnitState
    heads: tuple[Head, ...]
    generation: str
    fence: str
    at: AtMs
    nonce: str = ""
    streams: dict[str, str] = msgspec.field(default_factory=dict)
    beside: str = ""
    lost: tuple[Lost, ...] = ()


class TownTime(msgspec.Struct, frozen=True):
    """The time by the centre, for units without a clock."""

    at: AtMs
    nonce: str


class Technicians(msgspec.Struct, frozen=True):
    """Whom a town's units let in over SSH, and how a technician's laptop knows its units.

    Attributes:
        number: grows with every revocation; a unit takes no older one.
        ca: public key that signs technicians' certificates, one line.
        host_ca: public key that signs units' host certificates, one line.
        revoked: what is revoked of either, as `ssh-keygen -k` writes it (KRL, base64).
    """

    town: UnitName
    number: Count
    ca: str
    host_ca: str
    revoked: str


class Release(msgspec.Struct, frozen=True):
    """The office lets a unit go: it may wipe itself, if the town holds everything that it has noted.

    `key`: of its journal (base64). `holdings`: what the town holds of it, and that nothing can be spent there any more.
    """

    town: UnitName
    key: KeyText
    holdings: Holdings


class Wiped(msgspec.Struct, frozen=True):
    """What a unit says last, signed with the journal's key (`key`, base64) that it then forgets.

    Attributes:
        tip: its last entry, `boot/seq`, or "" if there was none.
        at: by its own clock, Unix milliseconds.
        by: who asked for it: name and number of a technician's certificate.
    """

    town: UnitName
    unit: UnitName
    epoch: Count
    key: KeyText
    tip: Text
    entries: Count
    at: AtMs
    by: Text


class Report(msgspec.Struct, frozen=True):
    """What a unit says of itself with every contact: for the office, and believed by no rule but one.

    `generation`, `heard`: the centre's history that it knows, and the ends that it holds of its own stream. By these a
    centre that was restored from a backup finds out whether it has granted what it no longer knows of. `heard_town`:
    the same of the town's stream, where that has moved money, too.
    `symptoms`: what it suffers from, as `sync.symptoms` spells it. `image`: what system it runs, its name and its
    version behind a space; None if it was made from none.
    """

    unsent: Count = 0
    oldest_ms: AtMs | None = None
    state: str = ""
    software: Text = ""
    clock: str = ""
    generation: str = ""
    heard: Text = ""
    symptoms: Text = ""
    heard_town: Text | None = None
    image: Text | None = None


class EnrolRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A unit asks to be let in: a one-time code, its journal key, and a PKCS#10 request for its TLS key (PEM).

    `proof`: signature with the journal key over what is asked for (base64). `host_key`: the public key of the unit's
    SSH server, as its file has it, or "" if none is to be vouched for.
    """

    unit: UnitName
    code: Text
    key: KeyText
    csr: str
    proof: KeyText
    host_key: Annotated[str, msgspec.Meta(max_length=1024)] = ""


class Enrolment(msgspec.Struct, frozen=True):
    """The centre's answer: everything that a unit needs to serve from now on, with or without a network.

    `card_key` is secret: it turns identifiers into this town's names for cards. `host_certificate`: of the unit's SSH
    server, so that a technician knows it; "" if none was asked for, or the town has no technicians.
    """

    town: UnitName
    unit: UnitName
    epoch: Count
    certificate: str
    ca: str
    town_key: KeyText
    card_key: KeyText
    segments: tuple[str, ...]
    host_certificate: str = ""


class Admission(msgspec.Struct, frozen=True):
    """The same answer on its way by hand: `sealed` for the unit that asked, as `sync.by_hand` does it.

    `request`: SHA-256 of what it answers. `at`: the centre's time, Unix milliseconds.
    """

    town: UnitName
    unit: UnitName
    epoch: Count
    request: HashHex
    at: AtMs
    sealed: str


class RenewRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A unit asks for a fresh TLS certificate in place of `certificate`, the last that it has (PEM).

    `proof`: signature with the journal key over both (base64).
    """

    unit: UnitName
    csr: str
    certificate: str
    proof: KeyText


class RightsRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A unit asks for more rights, for somebody who stands before it.

    `lacks`: so much more would do. `since`: the ends that it holds of its own stream; the answer goes on from there, so
    asking twice grants once.
    """

    what: What
    lacks: Amount
    since: Text


class Certificate(msgspec.Struct, frozen=True):
    certificate: str
    ca: str


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """A refusal in the form of RFC 9457; `type` is one of the names in `sync.messages.Why`."""

    type: str
    title: str
    status: int
    detail: str = ""
    heads: tuple[Head, ...] = ()


class Why:
    """The reasons to refuse, as URNs: what a client branches on."""

    GAP: Final = "urn:machitap:gap"  # 409: something before this is missing; `heads` says where to go on
    FORK: Final = "urn:machitap:fork"  # 409: the same entry with other bytes; both are kept as evidence
    SUSPENDED: Final = "urn:machitap:suspended"  # 403: this life of the unit may not write any more
    EXPIRED: Final = "urn:machitap:expired"  # 401: the certificate ran out; ask for a fresh one, without it
    NOT_ENROLLED: Final = "urn:machitap:not-enrolled"  # 401: no certificate of this town, or a revoked one
    BAD_SEAL: Final = "urn:machitap:bad-seal"  # 422: the signature does not verify; nothing was stored
    BAD_SEGMENT: Final = "urn:machitap:bad-segment"  # 400: not a segment in format 1
    NOT_YOURS: Final = "urn:machitap:not-yours"  # 403: a segment of another town, or of nobody we know
    TOO_LARGE: Final = "urn:machitap:too-large"  # 413
    WRONG_TYPE: Final = "urn:machitap:wrong-type"  # 415: a body of another kind than this call takes
    BAD_CODE: Final = "urn:machitap:bad-code"  # 403: the one-time code is wrong, used or too old
    BAD_REQUEST: Final = "urn:machitap:bad-request"  # 400
    UNKNOWN_HEAD: Final = "urn:machitap:unknown-head"  # 409: the centre does not know the entry you go on from
    NOT_OFFERED: Final = "urn:machitap:not-offered"  # 404: no such system is offered to the caller
    FULL: Final = "urn:machitap:full"  # 507: no room; keep it and try later


class _Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    body: msgspec.Raw
    sig: KeyText


# Made here, in one thread: msgspec 0.22 crashes if several threads are the first to read a struct.
_ENVELOPE: Final = msgspec.json.Decoder(_Envelope)
_SIGNED: Final[dict[type[msgspec.Struct], msgspec.json.Decoder[Any]]] = {
    kind: msgspec.json.Decoder(kind) for kind in (Holdings, TownTime, Technicians, Admission, Release, Wiped)
}


def sign(message: msgspec.Struct, signer: chain.Signer) -> bytes:
    """Return the message as JSON with the town's signature over exactly its bytes."""
    return envelope(_DOMAIN[type(message).__name__], message, signer)


def open_signed(raw: bytes, kind: type[Signed], town_key: bytes, check: chain.Check = chain.check_signature) -> Signed:
    """Check the signature and read the message.

    Raises:
        MessageError: not signed by the town, or not a message of this kind.
    """
    try:
        return cast("Signed", _SIGNED[kind].decode(open_envelope(_DOMAIN[kind.__name__], raw, town_key, check)))
    except (*BAD_JSON, chain.SealError, MessageError) as error:
        raise MessageError(f"not a message of this town: {error}") from error


def envelope(domain: bytes, message: msgspec.Struct, signer: chain.Signer) -> bytes:
    """Return a message as JSON with a signature over exactly its bytes and what kind of message it is."""
    body = msgspec.json.encode(message)
    return msgspec.json.encode(_Envelope(msgspec.Raw(body), text(signer.sign(domain + body))))


def open_envelope(domain: bytes, raw: bytes, key: bytes, check: chain.Check = chain.check_signature) -> bytes:
    """Check the signature of a message of this kind, and return its body.

    Raises:
        MessageError, SealError, BAD_JSON: it is none, or not by this key.
    """
    found = _ENVELOPE.decode(raw)
    body = bytes(found.body)
    check(key, domain + body, raw_bytes(found.sig))
    return body


def unsigned(raw: bytes, kind: type[Signed]) -> Signed:
    """Read a signed message without checking who signed it, to find out whose key that has to be.

    Raises:
        MessageError: it is none of this kind.
    """
    try:
        return cast("Signed", _SIGNED[kind].decode(_ENVELOPE.decode(raw).body))
    except BAD_JSON as error:
        raise MessageError(f"not a message of this kind: {error}") from error


def enrol_proof(code: str, csr: str, host_key: str = "") -> bytes:
    """Return what the journal key signs at enrolment."""
    asked = b"machitap/enrol/1\0" + code.encode() + b"\0" + csr.encode()
    return asked + b"\0" + host_key.encode() if host_key else asked


def renew_proof(csr: str, certificate: str) -> bytes:
    """Return what the journal key signs when a certificate is renewed."""
    return b"machitap/renew/2\0" + csr.encode() + b"\0" + certificate.encode()


def text(raw: bytes) -> str:
    """Return bytes as base64 text."""
    return base64.b64encode(raw).decode()


def raw_bytes(base64_text: str) -> bytes:
    """Undo `text`.

    Raises:
        MessageError: it is not base64.
    """
    try:
        return base64.b64decode(base64_text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MessageError("not base64") from error
