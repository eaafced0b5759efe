"""Checks the stored segments anew, from their bytes and the town's key alone: form, chain, signature, no entry twice.

It trusts nothing that was worked out on arrival; not even which keys are whose, for the town has signed that too. What
it finds wrong was changed behind the centre's back.
"""

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from central import store
from central.crosscheck import Told
from central.shelves import STREAM_EPOCH
from central.town import Town
from sync import chain
from sync.entries import Entry, EntryError
from sync.facts import Boot, Gap
from sync.messages import is_stream, raw_bytes, text
from sync.segment import Segment, SegmentError, from_text, unpack


class Audit(msgspec.Struct, frozen=True):
    """What was checked, and what is wrong.

    Attributes:
        broken: segments that are not as they were signed, or do not fit together.
        unfounded: what stands in the tables beside them and does not follow from them.
    """

    segments: int
    entries: int
    writers: int
    broken: tuple[str, ...]
    unfounded: tuple[str, ...]


def audit(engine: sa.Engine, town: Town) -> Audit:
    """Walk every stored segment in order of arrival, then hold the tables beside them against what they say."""
    walk = _Walk(town)
    with store.reading(engine) as connection:
        for row in connection.execute(sa.select(store.segment).order_by(store.segment.c.n)).mappings():
            walk.check(row)
        return walk.result(connection)


class _Walk:
    """Remembers every entry that came, and with which hash."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self._told = Told()
        self._hashes: dict[tuple[str, str, int], bytes] = {}
        self._lost: dict[tuple[str, str, int], bytes] = {}  # of what is declared as lost
        self._writers: set[str] = set()
        self._segments = self._entries = 0
        self._broken: list[str] = []

    def check(self, row: sa.RowMapping) -> None:
        self._segments += 1
        self._writers.add(row["writer"])
        filed = row["writer"], row["boot"], row["first"], row["last"]
        try:
            segment = from_text(unpack(row["packed"]))
            entries = segment.stored_entries(self._town.register)
        except (SegmentError, EntryError) as error:
            self._broken.append(f"{filed[0]}/{filed[1]}/{filed[2]}: {error}")
            return
        place = f"{segment.unit}/{segment.boot}/{segment.first}"
        hashes = segment.hashes()
        count = self._counting(segment, hashes, filed)
        if count is None:
            count = len(entries)
            self._broken.append(f"{place}: filed as {filed[0]}/{filed[1]}/{filed[2]} to {filed[3]}")
        epoch = self._signed_in(segment, hashes[-1])
        if epoch is None:
            self._broken.append(f"{place}: not signed by {segment.unit}")
        else:
            self._told.add(row["n"], segment, entries[:count], hashes[count - 1], epoch)
            self._follow(place, segment, entries[:count], hashes[:count])
            self._entries += count

    def _counting(self, segment: Segment, hashes: Sequence[bytes], filed: tuple[str, str, int, int]) -> int | None:
        """Return how many entries of a segment count; None if it is not filed as what it is.

        Those of one that fills a hole count up to the end of the hole: what stands there is held already.
        """
        count = filed[3] + 1 - segment.first
        if filed[:3] != (segment.unit, segment.boot, segment.first) or not 0 < count <= len(hashes):
            return None
        is_whole = count == len(hashes)
        return count if is_whole or self._hashes.get((*filed[:2], filed[3] + 1)) == hashes[count] else None

    def _follow(self, place: str, segment: Segment, entries: Sequence[Entry], hashes: Sequence[bytes]) -> None:
        writer = segment.unit
        if any((writer, segment.boot, entry.seq) in self._hashes for entry in entries):
            self._broken.append(f"{place}: held twice")
        first = entries[0].fact
        after = first.after if isinstance(first, Boot) else None
        before = (writer, after.boot, after.seq) if after else (writer, segment.boot, segment.first - 1)
        origin = chain.ORIGIN if segment.first == 1 and not after else b""
        expected = self._hashes.get(before) or self._lost.get(before) or origin
        if segment.prev != expected:
            self._broken.append(f"{place}: does not follow from what is before it")
        for entry, entry_hash in zip(entries, hashes, strict=True):
            self._hashes[writer, entry.boot, entry.seq] = entry_hash
            if isinstance(entry.fact, Gap) and entry.fact.prev:
                lost = (writer, entry.fact.of, entry.fact.last)
                self._lost.setdefault(lost, bytes.fromhex(entry.fact.prev))

    def result(self, connection: sa.Connection) -> Audit:
        unfounded = self._told.unfounded(connection)
        return Audit(self._segments, self._entries, len(self._writers), tuple(self._broken), tuple(unfounded))

    def _signed_in(self, segment: Segment, head: bytes) -> int | None:
        """Return the life in which a segment was signed, or None if none of its writer's keys did it."""
        of_town = [(STREAM_EPOCH, text(self._town.signer.public))]
        lives = of_town if is_stream(segment.unit) else self._told.let_in(segment.unit)
        keys = ((epoch, chain.PublicKey(raw_bytes(key), self._town.check)) for epoch, key in lives)
        return next((epoch for epoch, key in keys if key.signed(head, segment.seal)), None)
