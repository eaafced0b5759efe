"""Where a segment goes: behind what is held, over what is held already, into a new boot, or against something else.

Decides only; `central.intake` writes. A segment whose signature was checked already comes in, and one of three things
comes out: an attachment, a fork, or a refusal because something before it is missing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from central.branches import Branches, Row
from central.refusal import RefusedError
from sync import chain
from sync.entries import Entry
from sync.facts import Boot, Gap, Place
from sync.messages import Why
from sync.segment import Segment


class Event(StrEnum):
    """What a new branch means to the office."""

    ROLLBACK = "rollback"  # a disk was put back in time; both branches are real touches
    DAMAGE = "damage"  # a journal was damaged, and says itself what is lost
    CLONE = "clone"  # two ends grow: two machines write under one name
    RESTART = "restart"  # a journal that begins anew although there was one


@dataclass(frozen=True)
class Attachment:
    """How a segment continues what is held.

    Attributes:
        segment: the part that is new, or None if nothing is.
        head: the hash of its last entry.
        is_new: nothing of its boot was held before.
        begins: the boot entry, if a new boot begins here; of one that is new, it may be lost.
        gaps: what the segment declares as lost.
        event: what the office should look at, or None.
    """

    segment: Segment | None = None
    head: bytes = b""
    is_new: bool = False
    begins: Boot | None = None
    gaps: tuple[Gap, ...] = ()
    event: Event | None = None


@dataclass(frozen=True)
class Fork:
    """The same entry is held with another hash."""

    boot: str
    seq: int
    ours: str
    theirs: str


def attach(
    branches: Branches, segment: Segment, entries: Sequence[Entry], hashes: Sequence[bytes], public: str
) -> Attachment | Fork:
    """Find the place of a segment.

    Args:
        branches: what is held of its writer.
        public: the key that signed it (base64); a boot entry in it has to name the same.

    Raises:
        RefusedError: something before it is missing, or it contradicts itself.
    """
    row = branches.get(segment.boot)
    if segment.first > (row["seq"] if row else 0) + 1:
        return _behind_hole(branches, row, segment, hashes)
    if row is None:
        return _begin(branches, segment, entries, hashes, public)
    return _continue(branches, row, segment, hashes)


def _begin(
    branches: Branches, segment: Segment, entries: Sequence[Entry], hashes: Sequence[bytes], public: str
) -> Attachment | Fork:
    fact = entries[0].fact
    if not isinstance(fact, Boot) or fact.key.public != public:
        raise RefusedError(Why.BAD_SEGMENT, "a boot begins with a boot entry that names the key it is signed with")
    if (fact.after.hash if fact.after else chain.ORIGIN.hex()) != segment.prev.hex():
        raise RefusedError(Why.BAD_SEGMENT, "the boot entry and the header disagree about what comes before")
    gaps = tuple(entry.fact for entry in entries if isinstance(entry.fact, Gap))
    if fact.after is None:
        event = Event.RESTART if branches.ends() else None
        return Attachment(segment, hashes[-1], is_new=True, begins=fact, gaps=gaps, event=event)
    ours = branches.hash_at(fact.after.boot, fact.after.seq) or _declared(branches, fact.after)
    if ours is None:
        missing = f"{segment.unit}/{fact.after.boot}/{fact.after.seq}"
        raise RefusedError(Why.GAP, f"{missing} has to come first", branches.heads())
    if ours != fact.after.hash:
        return Fork(fact.after.boot, fact.after.seq, ours, fact.after.hash)
    event = Event.DAMAGE if gaps else _branching(branches, fact.after)
    return Attachment(segment, hashes[-1], is_new=True, begins=fact, gaps=gaps, event=event)


def _declared(branches: Branches, place: Place) -> str | None:
    """Return the hash of a lost entry, as the journal itself declared it."""
    return next((row["prev"] for row in branches.holes(place.boot) if row["last"] == place.seq and row["prev"]), None)


def _branching(branches: Branches, after: Place) -> Event | None:
    """Say what it means that a boot continues this entry."""
    parent = branches.get(after.boot)
    if parent is None or parent["seq"] > after.seq or branches.children(after.boot):
        return Event.ROLLBACK
    return _growing(branches, parent)


def _growing(branches: Branches, row: Row) -> Event | None:
    """Say what it means that this end grows: of several ends only the one that grew last may.

    A boot with a declared hole is one that a damaged journal has left behind; what stands behind the hole comes late.
    """
    ends = branches.ends()
    if _is_last(row, ends) or branches.holes(row["boot"]):
        return None
    return None if _is_last(row, [end for end in ends if not branches.holes(end["boot"])]) else Event.CLONE


def _is_last(row: Row, ends: Sequence[Row]) -> bool:
    """Whether this is the end that grew last, and nobody has said that it is over."""
    return not row["settled"] and (not ends or ends[-1]["boot"] == row["boot"])


def _continue(branches: Branches, row: Row, segment: Segment, hashes: Sequence[bytes]) -> Attachment | Fork:
    held = row["seq"]
    if segment.first == held + 1:
        ours, theirs, at = row["hash"], segment.prev.hex(), held
    else:
        at = min(held, segment.last)
        ours, theirs = branches.hash_at(segment.boot, at) or "", hashes[at - segment.first].hex()
    if ours != theirs:
        return Fork(segment.boot, at, ours, theirs)
    if segment.last <= held:
        return Attachment()
    fresh = segment if segment.first == held + 1 else segment.after(held, bytes.fromhex(ours))
    return Attachment(fresh, hashes[-1], event=_growing(branches, row))


def _behind_hole(branches: Branches, row: Row | None, segment: Segment, hashes: Sequence[bytes]) -> Attachment:
    held = row["seq"] if row else 0
    for hole in branches.holes(segment.boot):
        if hole["last"] == segment.first - 1 and hole["prev"] == segment.prev.hex() and hole["first"] <= held + 1:
            return Attachment(segment, hashes[-1], is_new=row is None)
    missing = f"{segment.unit}/{segment.boot}/{held + 1}"
    raise RefusedError(Why.GAP, f"{missing} has to come first", branches.heads())
