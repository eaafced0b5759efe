"""A journal that was taken along, checked on the laptop: every entry follows from the one before and is signed.

Whose key that is, the centre knows for sure, and checks anew; here it is the key that the unit itself names. Pure.
"""

from typing import NamedTuple

import msgspec

from sync import chain
from sync.entries import EntryError, Register
from sync.facts import Boot, Gap
from sync.messages import raw_bytes
from sync.segment import Segment, SegmentError, from_text, split


class Checked(msgspec.Struct, frozen=True):
    """What was checked. `tip`: the last entry of the file; `broken`: where it is not as it was signed, or ""."""

    segments: int
    entries: int
    boots: int
    tip: str
    broken: str


class _Link(NamedTuple):
    """What a segment says it follows from."""

    place: str
    boot: str
    seq: int
    prev: bytes


def check(raw: bytes, unit: str, key: str, register: Register) -> Checked:
    """Check a file of segments against a unit's name and its public key (base64)."""
    walk = _Walk(unit, chain.PublicKey(raw_bytes(key)), register)
    try:
        broken = next((why for text in split(raw) if (why := walk.take(from_text(text)))), "") or walk.loose()
    except (SegmentError, EntryError) as error:
        broken = str(error)
    return Checked(walk.segments, len(walk.hashes), len({boot for boot, _ in walk.hashes}), walk.tip, broken)


class _Walk:
    """Takes segments in, in whatever order; what they follow from is looked for at the end."""

    def __init__(self, unit: str, owner: chain.PublicKey, register: Register) -> None:
        self._unit = unit
        self._owner = owner
        self._register = register
        self._links: list[_Link] = []
        self._lost: list[Gap] = []
        self.hashes: dict[tuple[str, int], bytes] = {}
        self.segments = 0
        self.tip = ""

    def take(self, segment: Segment) -> str:
        """Take a segment in; return why it is none of this unit's, or ""."""
        place = f"{segment.boot}/{segment.first}"
        if segment.unit != self._unit:
            return f"{place}: from the journal of {segment.unit}"
        digests = segment.hashes()
        if not self._owner.signed(digests[-1], segment.seal):
            return f"{place}: not signed with this unit's key"
        entries = segment.entries(self._register)
        match entries[0].fact:
            case Boot(after=None):
                self._links.append(_Link(place, "", 0, segment.prev))
            case Boot(after=after) if after is not None:
                self._links.append(_Link(place, after.boot, after.seq, segment.prev))
            case _:
                self._links.append(_Link(place, segment.boot, segment.first - 1, segment.prev))
        for entry, digest in zip(entries, digests, strict=True):
            self.hashes[entry.boot, entry.seq] = digest
            if isinstance(entry.fact, Gap):
                self._lost.append(entry.fact)
        self.segments += 1
        self.tip = f"{segment.boot}/{segment.last}"
        return ""

    def loose(self) -> str:
        """Return the first segment that follows from nothing that is here or declared as lost, or ""."""
        return next((f"{one.place}: what is before it is missing" for one in self._links if not self._holds(one)), "")

    def _holds(self, link: _Link) -> bool:
        if not link.boot:
            return link.prev == chain.ORIGIN
        known = self.hashes.get((link.boot, link.seq))
        is_lost = any(gap.of == link.boot and gap.first <= link.seq <= gap.last for gap in self._lost)
        return link.prev == known if known else is_lost
