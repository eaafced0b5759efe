"""Checks the stored segments anew, from their bytes alone: form, chain, signature, and no entry twice.

It trusts nothing that was worked out on arrival. What it finds wrong was changed behind the centre's back.
"""

import msgspec
import sqlalchemy as sa

from central import store
from central.streams import is_stream
from central.town import Town
from sync import chain
from sync.entries import EntryError
from sync.facts import Boot, Gap
from sync.messages import raw_bytes, text
from sync.segment import Segment, SegmentError, from_text, unpack


class Audit(msgspec.Struct, frozen=True):
    """What was checked, and what is wrong."""

    segments: int
    entries: int
    writers: int
    broken: tuple[str, ...]


def audit(engine: sa.Engine, town: Town) -> Audit:
    """Walk every stored segment, writer by writer."""
    with store.reading(engine) as connection:
        keys: dict[str, set[str]] = {}
        for unit, public in connection.execute(sa.select(store.unit_key.c.unit, store.unit_key.c.public)):
            keys.setdefault(unit, set()).add(public)
        table = store.segment
        rows = connection.execute(sa.select(table.c.writer, table.c.packed).order_by(table.c.n))
        walk = _Walk(town, keys)
        for writer, packed in rows:
            walk.check(writer, packed)
    return walk.result()


class _Walk:
    """Remembers, for every boot, how far it came and with which hash."""

    def __init__(self, town: Town, keys: dict[str, set[str]]) -> None:
        self._town = town
        self._keys = keys
        self._reached: dict[tuple[str, str], int] = {}
        self._hashes: dict[tuple[str, str, int], bytes] = {}
        self._writers: set[str] = set()
        self._segments = self._entries = 0
        self._broken: list[str] = []

    def check(self, writer: str, packed: bytes) -> None:
        self._segments += 1
        self._writers.add(writer)
        try:
            segment = from_text(unpack(packed))
            entries = segment.stored_entries(self._town.register)
        except (SegmentError, EntryError) as error:
            self._broken.append(f"{writer}: {error}")
            return
        place = f"{segment.unit}/{segment.boot}/{segment.first}"
        hashes = segment.hashes()
        if segment.unit != writer or not self._is_signed(segment, hashes[-1]):
            self._broken.append(f"{place}: not signed by {writer}")
        reached = self._reached.get((writer, segment.boot), 0)
        if segment.first <= reached:
            self._broken.append(f"{place}: held twice")
        first = entries[0].fact
        after = first.after if isinstance(first, Boot) else None
        before = (writer, after.boot, after.seq) if after else (writer, segment.boot, segment.first - 1)
        expected = self._hashes.get(before, chain.ORIGIN if segment.first == 1 and not after else b"")
        if segment.prev != expected:
            self._broken.append(f"{place}: does not follow from what is before it")
        for entry, entry_hash in zip(entries, hashes, strict=True):
            self._hashes[writer, entry.boot, entry.seq] = entry_hash
            if isinstance(entry.fact, Gap) and entry.fact.prev:
                lost = (writer, entry.fact.of, entry.fact.last)
                self._hashes.setdefault(lost, bytes.fromhex(entry.fact.prev))
        self._reached[writer, segment.boot] = segment.last
        self._entries += len(entries)

    def result(self) -> Audit:
        return Audit(self._segments, self._entries, len(self._writers), tuple(self._broken))

    def _is_signed(self, segment: Segment, head: bytes) -> bool:
        public = {text(self._town.signer.public)} if is_stream(segment.unit) else self._keys.get(segment.unit, set())
        for key in public:
            try:
                chain.check_seal(raw_bytes(key), head, segment.seal)
            except chain.SealError:
                continue
            return True
        return False
