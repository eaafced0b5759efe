"""Makes sure of a segment before anything is done with it: its form, its entries, its chain, its signature."""

from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from central import store
from central.refusal import RefusedError
from central.shelves import STREAM_EPOCH
from central.streams import is_stream
from central.town import Town
from sync import chain
from sync.entries import Entry, EntryError
from sync.facts import UnitState
from sync.messages import Why, raw_bytes, text
from sync.segment import Segment, SegmentError, from_text, unpack

_KEYS: Final = (
    sa.select(store.unit_key.c.epoch, store.unit_key.c.public)
    .where(store.unit_key.c.unit == sa.bindparam("unit"))
    .order_by(store.unit_key.c.epoch.desc())
)
_STATE: Final = sa.select(store.unit.c.epoch, store.unit.c.state).where(store.unit.c.name == sa.bindparam("unit"))


@dataclass(frozen=True)
class Signed:
    """A segment whose form and signature are good.

    Attributes:
        hashes: of its entries, in order.
        epoch: the life of the unit in which it was signed.
        public: the key of that life, base64.
        packed: as it came.
    """

    segment: Segment
    entries: list[Entry]
    hashes: list[bytes]
    epoch: int
    public: str
    packed: bytes


def verify(engine: sa.Engine, town: Town, packed: bytes) -> Signed:
    """Check everything about a packed segment that does not depend on what is held: it needs no lock.

    Raises:
        RefusedError: it is not a segment in format 1, or nobody of this town signed it.
    """
    try:
        segment = from_text(unpack(packed))
        entries = segment.entries(town.register)
    except (SegmentError, EntryError) as error:
        raise RefusedError(Why.BAD_SEGMENT, str(error)) from error
    hashes = segment.hashes()
    keys = _keys(engine, town, segment.unit)
    if not keys:
        raise RefusedError(Why.NOT_YOURS, f'no unit "{segment.unit}" is enrolled in this town')
    for epoch, public in keys:
        try:
            chain.check_seal(raw_bytes(public), hashes[-1], segment.seal)
        except chain.SealError:
            continue
        return Signed(segment, entries, hashes, epoch, public, packed)
    raise RefusedError(Why.BAD_SEAL, f"{segment.unit}/{segment.boot}/{segment.last} is not signed by that unit")


def check_welcome(connection: sa.Connection, signed: Signed) -> None:
    """Make sure, within the transaction that stores it, that what was signed in this life is still taken.

    Raises:
        RefusedError: the unit was suspended or closed, or lives another life now.
    """
    writer = signed.segment.unit
    if is_stream(writer):
        return
    epoch, state = connection.execute(_STATE, {"unit": writer}).one()
    if (epoch, state) != (signed.epoch, UnitState.ACTIVE):
        why = f"nothing that {writer} signed in life {signed.epoch} is taken any more"
        raise RefusedError(Why.SUSPENDED, why)


def _keys(engine: sa.Engine, town: Town, writer: str) -> list[tuple[int, str]]:
    """Return (epoch, public key) of the lives in which this writer may have signed, the latest first."""
    if is_stream(writer):
        return [(STREAM_EPOCH, text(town.signer.public))]
    with store.reading(engine) as connection:
        return [(row[0], row[1]) for row in connection.execute(_KEYS, {"unit": writer})]
