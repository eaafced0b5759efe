"""What the code of a receipt is worth: held against the town's books, or against the keys of its units alone.

The town lets each life of a unit in with a signed statement, which says its key. These statements name nobody, so they
can be published; with them and the town's own key anybody can check a receipt, without a network and without us.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone
from enum import StrEnum

import msgspec
import sqlalchemy as sa

from central import store
from central.branches import Branches
from central.centre import Centre
from central.reconcile import statement
from programs.coin.codes.errors import CodeError, Why
from programs.coin.codes.receipt import Receipt, check, check_entry
from programs.coin.entries import Charge, Pay, TakenBack
from programs.coin.office import OFFICE
from programs.coin.purse import Purse
from programs.coin.rules import PROGRAM
from sync.chain import PublicKey
from sync.directory import TOWN_KEY
from sync.entries import Entry, EntryError, Register
from sync.facts import Boot, Enrolled, Order, Town
from sync.messages import ONE_UNIT, raw_bytes
from sync.segment import Segment, SegmentError, from_text, split, to_text, unpack

_NAMES_NOBODY = (Boot, Enrolled, Order)


class UnitKey(msgspec.Struct, frozen=True):
    """The key of one life of a unit."""

    unit: str
    life: int
    public: bytes


class Worth(StrEnum):
    """What a receipt was found to be."""

    BOOKED = "booked"  # the entry stands in the books, and this is its receipt
    SIGNED = "signed"  # the unit has signed it; whether it stands in the books is not known here, or not yet


class Finding(msgspec.Struct, frozen=True):
    """A receipt that holds.

    Attributes:
        kind, place, yen: of the entry, once it is known.
        at: when that was by the unit's clock, as the town counts (ISO 8601).
        taken_back: it is a payment that was taken back since; None where that is not known any more.
    """

    worth: Worth
    receipt: str
    life: int
    kind: str | None = None
    place: str | None = None
    yen: int | None = None
    at: str | None = None
    taken_back: bool | None = None


def published(engine: sa.Engine, register: Register) -> list[Segment]:
    """Return the town's signed statements of which keys are whose, each as a segment that proves itself."""
    asked = sa.select(store.segment.c.packed).where(store.segment.c.writer.startswith(ONE_UNIT)).order_by("n")
    with store.reading(engine) as connection:
        segments = [from_text(unpack(packed)) for packed in connection.execute(asked).scalars()]
    return [one for one in segments if _lets_in(one.stored_entries(register))]


def _lets_in(entries: Sequence[Entry]) -> bool:
    facts = [entry.fact for entry in entries]
    return any(isinstance(fact, Enrolled) for fact in facts) and all(isinstance(fact, _NAMES_NOBODY) for fact in facts)


def keys_in(text: bytes, town: PublicKey, register: Register) -> list[UnitKey]:
    """Read keys out of published statements; what the town has not signed is refused.

    Raises:
        CodeError: SEAL: this is not by the town. FORM: this is no file of such statements.
    """
    found: list[UnitKey] = []
    try:
        for one in map(from_text, split(text)):
            if not town.signed(one.hashes()[-1], one.seal):
                raise CodeError(Why.SEAL, "the town's key has not signed this file of keys")
            found += _keys_of(one, register)
    except (SegmentError, EntryError, ValueError) as error:
        if isinstance(error, CodeError):
            raise
        raise CodeError(Why.FORM, f"no file of keys: {error}") from error
    return found


def _keys_of(segment: Segment, register: Register) -> Iterator[UnitKey]:
    for entry in segment.entries(register):
        match entry.fact:
            case Enrolled(name=unit, epoch=life, key=key) if segment.unit == ONE_UNIT + unit:
                yield UnitKey(unit, life, raw_bytes(key.public))
            case _:
                pass


def by_keys(receipt: Receipt, keys: Sequence[UnitKey]) -> Finding:
    """Hold a receipt against the keys of the units.

    Raises:
        CodeError: SEAL: no key of this unit has signed it.
    """
    return Finding(Worth.SIGNED, str(receipt.entry), _life(receipt, keys))


def by_books(centre: Centre, receipt: Receipt) -> Finding:
    """Hold a receipt against the town's books.

    Raises:
        CodeError: SEAL: no key of this unit has signed it. ENTRY: another entry stands there.
    """
    place, table = receipt.entry, store.unit_key
    with centre.reconciler.counted() as connection:
        rows = connection.execute(sa.select(table).where(table.c.unit == place.unit)).mappings().all()
        life = _life(receipt, [UnitKey(row["unit"], row["epoch"], raw_bytes(row["public"])) for row in rows])
        segment = Branches(connection, place.unit, life).segment_with(place.boot, place.seq)
        if segment is None:
            return Finding(Worth.SIGNED, str(place), life)
        at = place.seq - segment.first
        check_entry(receipt, segment.hashes()[at - 1] if at else segment.prev, segment.bodies[at])
        entry = centre.town.register.decode_stored(place.unit, place.boot, place.seq, segment.bodies[at])
        purse: Purse = OFFICE.state(connection, PROGRAM.key(entry))
        town = statement(connection, TOWN_KEY).fact
    return _told(entry, life, purse, _time(entry.at, town.utc_offset_minutes if isinstance(town, Town) else 0))


def _life(receipt: Receipt, keys: Sequence[UnitKey]) -> int:
    """Return in which life of the unit a receipt was signed."""
    unit = receipt.entry.unit
    own = [key for key in keys if key.unit == unit]
    if not own:
        raise CodeError(Why.SEAL, f'the town knows no unit "{unit}"')
    for key in own:
        try:
            check(receipt, PublicKey(key.public))
        except CodeError:
            continue
        return key.life
    raise CodeError(Why.SEAL, f"no key of {unit} has signed this: the receipt is forged, or was altered")


def _time(at_ms: int, offset_minutes: int) -> str | None:
    """Write a time by a unit's clock, which may say anything."""
    zone = timezone(timedelta(minutes=offset_minutes))
    try:
        return datetime.fromtimestamp(at_ms / 1000, zone).isoformat(timespec="minutes")
    except (OverflowError, ValueError):
        return None


def _told(entry: Entry, life: int, purse: Purse, at: str | None) -> Finding:
    fact = entry.fact
    booked = Finding(Worth.BOOKED, str(entry.id), life, entry.kind, at=at)
    if not isinstance(fact, Charge | Pay | TakenBack):
        return booked
    name = f"{entry.boot}/{entry.seq}"
    taken_back = next((paid.is_void for paid in purse.paid if paid.entry == name), None)
    return msgspec.structs.replace(booked, place=fact.place, yen=fact.yen, taken_back=taken_back)


def as_file(segments: Sequence[Segment]) -> bytes:
    """Return statements as one file."""
    return b"".join(map(to_text, segments))
