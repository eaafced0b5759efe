"""Makes sure of a segment before anything is done with it: its form, its entries, its chain, its signature."""

from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from central import lost, store
from central.prepared import Row
from central.refusal import RefusedError
from central.shelves import STREAM_EPOCH
from central.town import Town
from sync import chain
from sync.entries import Entry, EntryError
from sync.facts import UnitState
from sync.messages import Why, is_stream, raw_bytes, text
from sync.segment import Segment, SegmentError, from_text, unpack

_KEYS: Final = (
    sa.select(store.unit_key.c.epoch, store.unit_key.c.public)
    .where(store.unit_key.c.unit == sa.bindparam("unit"))
    .order_by(store.unit_key.c.epoch.desc())
)
_Life = tuple[int, str]  # the number of a unit's life, and its key (base64)
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


class Keyring:
    """Knows with which keys the writers of this town sign, and asks the database only for those that it has not met.

    The key of a life never changes, so it can be remembered. A new life has a new key: then none that is remembered
    fits, and the database is asked again. Whether a life is over is not decided here, but when a segment is stored.
    """

    def __init__(self, engine: sa.Engine, town: Town) -> None:
        self._engine = engine
        self._town = town
        self._met: dict[str, list[_Life]] = {}

    def life(self, segment: Segment, head: bytes) -> _Life:
        """Return the life of its writer in which a segment was sealed.

        Raises:
            RefusedError: there is no such writer, or it did not seal this.
        """
        writer = segment.unit
        found = self._sealed(self._met.get(writer, []), head, segment.seal)
        if found is None:
            lives = self._ask(writer)
            if not lives:
                raise RefusedError(Why.NOT_YOURS, f'no unit "{writer}" is enrolled in this town')
            self._met[writer] = lives
            found = self._sealed(lives, head, segment.seal)
        if found is None:
            raise RefusedError(Why.BAD_SEAL, f"{writer}/{segment.boot}/{segment.last} is not signed by that unit")
        return found

    def _ask(self, writer: str) -> list[_Life]:
        """Return the lives in which this writer may have signed, the latest first."""
        if is_stream(writer):
            return [(STREAM_EPOCH, text(self._town.signer.public))]
        with store.reading(self._engine) as connection:
            return [(row[0], row[1]) for row in connection.execute(_KEYS, {"unit": writer})]

    def _sealed(self, lives: list[_Life], head: bytes, seal: bytes) -> _Life | None:
        keys = ((life, chain.PublicKey(raw_bytes(life[1]), self._town.check)) for life in lives)
        return next((life for life, key in keys if key.signed(head, seal)), None)


def verify(keyring: Keyring, town: Town, packed: bytes) -> Signed:
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
    epoch, public = keyring.life(segment, hashes[-1])
    return Signed(segment, entries, hashes, epoch, public, packed)


def check_welcome(connection: sa.Connection, signed: Signed, caller: Row | None = None) -> None:
    """Make sure, within the transaction that stores it, that what was signed in this life is still taken.

    Args:
        caller: the unit that brings it, as it was read in this transaction.

    Raises:
        RefusedError: the unit was suspended or closed, or lives another life now.
    """
    writer = signed.segment.unit
    if is_stream(writer):
        return
    known = caller if caller and caller["name"] == writer else None
    row = known or connection.execute(_STATE, {"unit": writer}).mappings().one()
    if (row["epoch"], row["state"]) != (signed.epoch, UnitState.ACTIVE):
        why = f"nothing that {writer} signed in life {signed.epoch} is taken any more"
        raise RefusedError(Why.SUSPENDED, why)


def check_found(connection: sa.Connection, signed: Signed) -> None:
    """Make sure that a life whose journal was found is one that the office gave up, and that nobody else had its key.

    Raises:
        RefusedError: it is not, or somebody may have had it.
    """
    writer, life = signed.segment.unit, signed.epoch
    given_up = lost.find(connection, writer, life)
    if given_up is None:
        check_welcome(connection, signed)
    elif given_up.stolen:
        why = f"life {life} of {writer} was stolen: nothing is believed that it had not sent before"
        raise RefusedError(Why.SUSPENDED, why)
