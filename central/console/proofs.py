"""An entry with everything that shows that it is what it was: its bytes, the chain to a signed head, the key.

Nothing here is looked up that could be computed: every hash and the signature are made anew from the stored bytes.
"""

import hashlib
from typing import Final

import msgspec
import sqlalchemy as sa

from central import reconcile, store
from central.branches import Branches
from central.prepared import Row
from sync import chain
from sync.entries import BAD_JSON, EntryId
from sync.messages import is_stream, raw_bytes, text
from sync.segment import Segment, SegmentError, to_text

_ANY_EPOCH = 0  # looking up one boot does not depend on the life


class Proof(msgspec.Struct, frozen=True):
    """One entry, checked anew.

    Attributes:
        body: exactly the bytes that were hashed.
        hash, prev: of the entry, and of the one before it (hex).
        first, last: the segment in which it travelled.
        head, head_hash, seal: the segment's last entry, its hash, and the signature over it (base64).
        key, fingerprint: the public key (base64), and SHA-256 of its raw bytes (hex).
        epoch, enrolled_ms: in which life of the unit, and since when the key is known; 0 and None for the centre's own.
        at_ms, received_ms: by the unit's clock, and by the centre's.
        signed: the signature is by this key over this head.
        continues: the segment goes on from what is held before it; None where nothing is.
        noted: its hash is the one that was noted when it was added up; None while it is not.
        holds: none of the three speaks against it.
    """

    id: str
    kind: str
    body: str
    hash: str
    prev: str
    first: int
    last: int
    head: str
    head_hash: str
    seal: str
    key: str
    fingerprint: str
    epoch: int
    enrolled_ms: int | None
    at_ms: int
    received_ms: int
    signed: bool
    continues: bool | None
    noted: bool | None
    holds: bool


class _Envelope(msgspec.Struct, frozen=True):
    kind: str
    at: int


# Made here, in one thread: msgspec 0.22 crashes if several threads are the first to read a struct.
_ENVELOPE: Final = msgspec.json.Decoder(_Envelope)


class DamagedError(Exception):
    """What is stored cannot even be read; the message says what."""


class Proofs:
    """Looks entries up and checks them."""

    def __init__(self, engine: sa.Engine, town_key: bytes) -> None:
        self._engine = engine
        self._town_key = town_key

    def proof(self, place: EntryId) -> Proof | None:
        """Return an entry with its proof, or None if it is not held.

        Raises:
            DamagedError: its segment cannot be read.
        """
        with store.reading(self._engine) as connection:
            branches = Branches(connection, place.unit, _ANY_EPOCH)
            row, segment = branches.get(place.boot), _segment(branches, place)
            if row is None or segment is None:
                return None
            public, enrolled_ms = self._key(connection, place.unit, row["epoch"])
            received_ms = connection.execute(_received(segment)).scalar() or 0
            indexed = connection.execute(_noted(place)).scalar()
            continues = _continues(branches, row, segment)
        hashes = segment.hashes()
        at = place.seq - segment.first
        body, envelope = _body(place, segment.bodies[at])
        signed = _is_signed(public, hashes[-1], segment.seal)
        noted = None if indexed is None else bytes(indexed) == hashes[at]
        return Proof(
            id=str(place),
            kind=envelope.kind,
            body=body,
            hash=hashes[at].hex(),
            prev=(hashes[at - 1] if at else segment.prev).hex(),
            first=segment.first,
            last=segment.last,
            head=f"{place.unit}/{place.boot}/{segment.last}",
            head_hash=hashes[-1].hex(),
            seal=text(segment.seal),
            key=public,
            fingerprint=fingerprint(public),
            epoch=row["epoch"],
            enrolled_ms=enrolled_ms,
            at_ms=envelope.at,
            received_ms=received_ms,
            signed=signed,
            continues=continues,
            noted=noted,
            holds=signed and continues is not False and noted is not False,
        )

    def segment(self, place: EntryId) -> tuple[str, bytes] | None:
        """Return the segment in which an entry is, as a file that proves itself: a name for it, and its text.

        Raises:
            DamagedError: it cannot be read.
        """
        with store.reading(self._engine) as connection:
            segment = _segment(Branches(connection, place.unit, _ANY_EPOCH), place)
        if segment is None:
            return None
        return f"{segment.unit}-{segment.boot}-{segment.first}-{segment.last}.segment", to_text(segment)

    def _key(self, connection: sa.Connection, unit: str, epoch: int) -> tuple[str, int | None]:
        if is_stream(unit):
            return text(self._town_key), None
        table = store.unit_key
        asked = sa.select(table.c.public, table.c.enrolled_ms).where(table.c.unit == unit, table.c.epoch == epoch)
        public, enrolled_ms = connection.execute(asked).one()
        return public, enrolled_ms


def fingerprint(public: str) -> str:
    """Return SHA-256 of a public key's raw bytes (hex), given the key in base64: short enough to be read aloud."""
    return hashlib.sha256(raw_bytes(public)).hexdigest()


def _segment(branches: Branches, place: EntryId) -> Segment | None:
    try:
        return branches.segment_with(place.boot, place.seq)
    except SegmentError as error:
        raise DamagedError(f"the stored segment of {place} cannot be read: {error}") from error


def _body(place: EntryId, raw: bytes) -> tuple[str, _Envelope]:
    try:
        return raw.decode(), _ENVELOPE.decode(raw)
    except BAD_JSON as error:
        raise DamagedError(f"the stored bytes of {place} are not an entry: {error}") from error


def _continues(branches: Branches, row: Row, segment: Segment) -> bool | None:
    """Say whether the segment is chained to what is held before it, be it an earlier boot or a declared hole."""
    if segment.first > 1:
        held = branches.hash_at(segment.boot, segment.first - 1)
        holes = (hole for hole in branches.holes(segment.boot) if hole["last"] == segment.first - 1)
        before = held or next((hole["prev"] for hole in holes if hole["prev"]), None)
    elif row["after_boot"]:
        before = branches.hash_at(row["after_boot"], row["after_seq"])
    else:
        before = chain.ORIGIN.hex()
    return None if before is None else before == segment.prev.hex()


def _is_signed(public: str, head_hash: bytes, seal: bytes) -> bool:
    return chain.PublicKey(raw_bytes(public)).signed(head_hash, seal)


def _received(segment: Segment) -> sa.Select[int]:
    table = store.segment
    return sa.select(table.c.received_ms).where(
        table.c.writer == segment.unit, table.c.boot == segment.boot, table.c.first == segment.first
    )


def _noted(place: EntryId) -> sa.Select[bytes]:
    table = reconcile.entry
    return sa.select(table.c.hash).where(
        table.c.writer == place.unit, table.c.boot == place.boot, table.c.seq == place.seq
    )
