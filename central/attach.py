"""Where a segment goes: behind what is held, over what is held already, into a new boot, or against something else.

Decides only; `central.intake` writes. A segment whose signature was checked already comes in, and one of three things
comes out: an attachment, a fork, or a refusal because something before it is missing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from central.branches import Branches
from central.prepared import Row
from central.refusal import RefusedError
from sync import chain
from sync.entries import INT_MAX, Entry
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
class Fill:
    """What was declared as lost and has come all the same: a segment that begins where the hole does.

    It counts up to entry `last`. What stands behind that in the segment is held already, or new and stored beside it;
    it stays here because of the signature at its end.
    """

    segment: Segment
    last: int


@dataclass(frozen=True)
class Attachment:
    """How a segment continues what is held.

    Attributes:
        segment: the part that is new at the end, or None if nothing is.
        head: the hash of its last entry.
        is_new: nothing of its boot was held before.
        begins: the boot entry, if a boot begins here; of one that is new, it may be lost.
        gaps: what the segment declares as lost.
        event: what the office should look at, or None.
        fills: the parts that fill holes.
    """

    segment: Segment | None = None
    head: bytes = b""
    is_new: bool = False
    begins: Boot | None = None
    gaps: tuple[Gap, ...] = ()
    event: Event | None = None
    fills: tuple[Fill, ...] = ()

    @property
    def is_news(self) -> bool:
        """Whether anything of it was not held before."""
        return self.segment is not None or bool(self.fills)


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
    if segment.first == row["seq"] + 1:
        return _continue(branches, row, segment, hashes)
    return _overlap(branches, row, segment, entries, hashes, public)


def _begin(
    branches: Branches, segment: Segment, entries: Sequence[Entry], hashes: Sequence[bytes], public: str
) -> Attachment | Fork:
    fact = _beginning(branches, segment, entries[0], public)
    if isinstance(fact, Fork):
        return fact
    gaps = _gaps(entries)
    if fact.after is None:
        event = Event.RESTART if branches.ends() else None
    else:
        event = Event.DAMAGE if gaps else _branching(branches, fact.after)
    return Attachment(segment, hashes[-1], is_new=True, begins=fact, gaps=gaps, event=event)


def _beginning(branches: Branches, segment: Segment, entry: Entry, public: str) -> Boot | Fork:
    """Return the boot entry with which a segment begins, if what it continues is held."""
    fact = entry.fact
    if not isinstance(fact, Boot) or fact.key.public != public:
        raise RefusedError(Why.BAD_SEGMENT, "a boot begins with a boot entry that names the key it is signed with")
    if (fact.after.hash if fact.after else chain.ORIGIN.hex()) != segment.prev.hex():
        raise RefusedError(Why.BAD_SEGMENT, "the boot entry and the header disagree about what comes before")
    if fact.after is None:
        return fact
    ours = branches.hash_at(fact.after.boot, fact.after.seq) or _declared(branches, fact.after)
    if ours is None:
        raise _missing(branches, segment.unit, fact.after.boot, fact.after.seq)
    return fact if ours == fact.after.hash else Fork(fact.after.boot, fact.after.seq, ours, fact.after.hash)


def _gaps(entries: Sequence[Entry]) -> tuple[Gap, ...]:
    return tuple(entry.fact for entry in entries if isinstance(entry.fact, Gap))


def _missing(branches: Branches, unit: str, boot: str, seq: int) -> RefusedError:
    return RefusedError(Why.GAP, f"{unit}/{boot}/{seq} has to come first", branches.heads())


def _declared(branches: Branches, place: Place) -> str | None:
    """Return the hash of a lost entry, as the journal itself declared it."""
    return next((row["prev"] for row in branches.holes(place.boot) if row["last"] == place.seq and row["prev"]), None)


def _branching(branches: Branches, after: Place) -> Event | None:
    """Say what it means that a boot continues this entry."""
    parent = branches.get(after.boot)
    if parent is None or parent["seq"] > after.seq:
        return Event.ROLLBACK
    if any(child["after_seq"] == after.seq for child in branches.children(after.boot)):
        return Event.ROLLBACK
    return _growing(branches, parent)


def _growing(branches: Branches, row: Row) -> Event | None:
    """Say what it means that this end grows: of several ends only the one that grew last may.

    What a damaged journal has left behind comes late, and is no second machine.
    """
    ends = branches.ends()
    if _is_last(row, ends):
        return None
    left = _left_behind(branches)
    is_alive = row["boot"] in left or _is_last(row, [end for end in ends if end["boot"] not in left])
    return None if is_alive else Event.CLONE


def _left_behind(branches: Branches) -> set[str]:
    """Return the boots with a declared hole, and those that stand beyond one; whoever declared it stands before it."""
    holes: dict[str, int] = {}
    for hole in branches.all_holes():
        holes[hole["boot"]] = min(hole["first"], holes.get(hole["boot"], hole["first"]))
    after = branches.after()
    left = set()
    for boot in after:
        place: Place | None = Place(boot, INT_MAX, "")
        while place and place.seq < holes.get(place.boot, INT_MAX + 1):
            place = after.get(place.boot)
        if place:
            left.add(boot)
    return left


def _is_last(row: Row, ends: Sequence[Row]) -> bool:
    """Whether this is the end that grew last, and nobody has said that it is over."""
    return not row["settled"] and (not ends or ends[-1]["boot"] == row["boot"])


def _continue(branches: Branches, row: Row, segment: Segment, hashes: Sequence[bytes]) -> Attachment | Fork:
    if row["hash"] != segment.prev.hex():
        return Fork(segment.boot, row["seq"], row["hash"], segment.prev.hex())
    return Attachment(segment, hashes[-1], event=_growing(branches, row))


def _overlap(
    branches: Branches, row: Row, segment: Segment, entries: Sequence[Entry], hashes: Sequence[bytes], public: str
) -> Attachment | Fork:
    """Take what is new of a segment that begins among what is held, or in a hole of it."""
    held, at = row["seq"], min(row["seq"], segment.last)
    theirs = dict(enumerate((segment.prev, *hashes), segment.first - 1))
    lacking = _lacking(branches, segment)
    hole = next((first for first, last in lacking if first <= at <= last), None)
    if hole is not None and hole < segment.first:
        raise _missing(branches, segment.unit, segment.boot, hole)
    ours = {at: branches.hash_at(segment.boot, at)} if hole is None else _around(branches, segment, hole, at)
    for seq, known in ours.items():
        if known != theirs[seq].hex():
            return Fork(segment.boot, seq, known or "", theirs[seq].hex())
    fills = tuple(
        Fill(segment if first == segment.first else segment.after(first - 1, theirs[first - 1]), min(last, at))
        for first, last in lacking
        if first >= segment.first
    )
    is_beginning = bool(fills) and fills[0].segment.first == 1
    begins = _beginning(branches, segment, entries[0], public) if is_beginning else None
    if isinstance(begins, Fork):
        return begins
    gaps = _gaps(entries[: fills[0].last]) if begins else ()
    fresh = segment.after(held, theirs[held]) if segment.last > held else None
    event = _growing(branches, row) if fresh else None
    return Attachment(fresh, hashes[-1], begins=begins, gaps=gaps, event=event, fills=fills)


def _lacking(branches: Branches, segment: Segment) -> list[tuple[int, int]]:
    """Return from where to where its boot is lacking here what the segment has something of."""
    if not branches.holes(segment.boot):
        return []
    lacking = branches.lacking(segment.boot)
    return [(first, last) for first, last in lacking if segment.first <= last and first <= segment.last]


def _around(branches: Branches, segment: Segment, first: int, at: int) -> dict[int, str | None]:
    """Return the hashes that are known of a hole in which a segment ends: before it, and as it was declared."""
    known = {first - 1: branches.hash_at(segment.boot, first - 1)} if first > 1 else {}
    declared = {row["last"]: str(row["prev"]) for row in branches.holes(segment.boot) if row["prev"]}
    return known | {last: prev for last, prev in declared.items() if first <= last <= at}


def _behind_hole(branches: Branches, row: Row | None, segment: Segment, hashes: Sequence[bytes]) -> Attachment:
    held = row["seq"] if row else 0
    for hole in branches.holes(segment.boot):
        if hole["last"] == segment.first - 1 and hole["prev"] == segment.prev.hex() and hole["first"] <= held + 1:
            return Attachment(segment, hashes[-1], is_new=row is None)
    raise _missing(branches, segment.unit, segment.boot, held + 1)
