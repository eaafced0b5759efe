"""What the centre sent: its own segments, checked, kept, and folded into the directory.

A segment proves itself, so it does not matter whether it came over the network or on a USB stick.
"""

from collections.abc import Callable, Iterable, Sequence

from appliance import heard
from appliance.journal import Execute, Journal, JournalBrokenError
from sync import chain
from sync.entries import Entry, EntryError, Fact, Register
from sync.facts import Applied, Boot, Order, Place, UnitState
from sync.messages import ONE_UNIT, TOWN_STREAM, Head
from sync.segment import ENTRIES_MAX, Segment, SegmentError, from_text
from sync.tree import ends, ends_text, held_upto

Answer = Callable[[Sequence[Entry]], Sequence[Fact]]


class StrangeError(Exception):
    """This segment is not from this town, or does not fit behind what is here; nothing was taken over."""


class Inbox:
    """The centre's streams in this unit: one for all units ("town"), one for this unit alone ("to-<unit>")."""

    def __init__(
        self, journal: Journal, register: Register, town_key: chain.PublicKey, answer: Answer = lambda _: ()
    ) -> None:
        """`answer` says what this unit writes on hearing entries, in the commit that takes them over."""
        self._journal = journal
        self._answer = answer
        self._register = register
        self._town_key = town_key
        self.streams = (TOWN_STREAM, ONE_UNIT + journal.unit)
        self.tell: Callable[[Sequence[Entry]], None] = lambda _: None  # told of what was new, once it is kept
        self._since: dict[str, str] = {}  # worked out once, and again after each change

    def since(self, stream: str) -> str:
        """Return the ends of a stream as far as it came in, for the centre to go on from; "" if nothing did."""
        if stream not in self._since:
            self._since[stream] = ends_text(ends(self._after(stream), self._last(stream)))
        return self._since[stream]

    def lost_at_centre(self, stream: str, heads: Iterable[Head]) -> Segment | None:
        """Return something of a stream that the centre lost when it was restored, so that it can be given back.

        Raises:
            JournalBrokenError: it rotted here; the next start throws it away.
        """
        upto = held_upto(self._after(stream), [(head.boot, head.seq) for head in heads])
        sql = (
            "SELECT seq, CAST(body AS BLOB), sig FROM stream"
            " WHERE writer = ? AND boot = ? AND seq > ? ORDER BY seq LIMIT ?"
        )
        for boot, after in self._after(stream).items():
            here = upto.get(boot, 0)
            rows = self._journal.select(sql, stream, boot, here, ENTRIES_MAX)
            sealed = next((at for at in range(len(rows), 0, -1) if rows[at - 1][2]), 0)
            before = self._hash_at(stream, boot, here) if here else bytes.fromhex(after.hash) if after else chain.ORIGIN
            if sealed and before:
                bodies = tuple(body for _, body, _ in rows[:sealed])
                segment = Segment(stream, boot, here + 1, before, bodies, rows[sealed - 1][2])
                if not self._town_key.signed(segment.hashes()[-1], segment.seal):
                    raise _rotten(stream)
                return segment
        return None

    def take(self, text: bytes) -> int:
        """Take over a segment of the centre and return how many of its entries are new.

        Raises:
            StrangeError: it is refused, with the reason; nothing changed.
            JournalBrokenError: it does not fit because what came before rotted here; the next start throws that away.
        """
        try:
            segment = from_text(text)
            hashes = segment.hashes()
            self._check_writer(segment, hashes)
            if self._hash_at(segment.unit, segment.boot, segment.last) == hashes[-1]:
                return 0  # with its last entry, all before it is here
            entries = segment.entries(self._register)
        except (SegmentError, EntryError) as error:
            raise StrangeError(str(error)) from error
        self._check_place(segment, entries)
        known = self._hashes(segment)
        for seq, entry_hash in known.items():
            if hashes[seq - segment.first] != entry_hash:
                raise self._at_odds(segment, f"the centre says two things in {segment.unit}/{segment.boot}/{seq}")
        fresh = [at for at in range(len(hashes)) if segment.first + at not in known]
        if fresh:
            self._store(segment, [entries[at] for at in fresh], hashes, fresh[0])
        return len(fresh)

    def settles(self, text: bytes) -> bool:
        """Whether a segment that was taken says that the office has looked into what was wrong with this unit."""
        entries = from_text(text).entries(self._register)
        orders = [entry.fact for entry in entries if isinstance(entry.fact, Order)]
        return bool(orders) and orders[-1].name == self._journal.unit and orders[-1].state is UnitState.ACTIVE

    def _check_writer(self, segment: Segment, hashes: list[bytes]) -> None:
        if segment.unit not in self.streams:
            raise StrangeError(f'stream "{segment.unit}" is not for this unit')
        if not self._town_key.signed(hashes[-1], segment.seal):
            raise StrangeError("not signed by this town")

    def _check_place(self, segment: Segment, entries: list[Entry]) -> None:
        before = self._hash_at(segment.unit, segment.boot, segment.first - 1)
        if segment.first == 1:
            fact = entries[0].fact
            after = fact.after if isinstance(fact, Boot) else None
            if not isinstance(fact, Boot) or (after.hash if after else chain.ORIGIN.hex()) != segment.prev.hex():
                raise StrangeError("a boot that does not begin with a boot entry")
            before = self._hash_at(segment.unit, after.boot, after.seq) if after else chain.ORIGIN
        if before != segment.prev:
            why = f"something before {segment.unit}/{segment.boot}/{segment.first} is missing here"
            raise self._at_odds(segment, why)

    def _at_odds(self, segment: Segment, why: str) -> StrangeError | JournalBrokenError:
        """Say whose fault it is that something which the town has signed does not fit."""
        is_whole = heard.is_whole(self._journal.connection, self._register)
        return StrangeError(why) if is_whole else _rotten(segment.unit)

    def _store(self, segment: Segment, fresh: list[Entry], hashes: list[bytes], offset: int) -> None:
        def also(execute: Execute) -> None:
            for at in range(offset, len(hashes)):
                sig = segment.seal if at == len(hashes) - 1 else None
                body = segment.bodies[at].decode()
                execute(
                    "INSERT INTO stream (writer, boot, seq, body, hash, sig) VALUES (?, ?, ?, ?, ?, ?)",
                    (segment.unit, segment.boot, segment.first + at, body, hashes[at], sig),
                )

        self._since.pop(segment.unit, None)
        applied = Applied(segment.unit, Place(segment.boot, segment.last, hashes[-1].hex()))
        self._journal.append([applied, *self._answer(fresh)], also, fresh)
        self.tell(fresh)

    def _hash_at(self, writer: str, boot: str, seq: int) -> bytes | None:
        sql = "SELECT hash FROM stream WHERE writer = ? AND boot = ? AND seq = ?"
        rows = self._journal.select(sql, writer, boot, seq)
        return rows[0][0] if rows else None

    def _after(self, stream: str) -> dict[str, Place | None]:
        sql = "SELECT boot, CAST(body AS BLOB) FROM stream WHERE writer = ? AND seq = 1 ORDER BY n"
        rows = self._journal.select(sql, stream)
        try:
            facts = {boot: self._register.decode(body).fact for boot, body in rows}
        except EntryError as error:
            raise _rotten(stream) from error
        return {boot: fact.after for boot, fact in facts.items() if isinstance(fact, Boot)}

    def _last(self, stream: str) -> dict[str, int]:
        sql = "SELECT boot, max(seq) FROM stream WHERE writer = ? GROUP BY boot"
        return dict(self._journal.select(sql, stream))

    def _hashes(self, segment: Segment) -> dict[int, bytes]:
        sql = "SELECT seq, hash FROM stream WHERE writer = ? AND boot = ? AND seq BETWEEN ? AND ?"
        return dict(self._journal.select(sql, segment.unit, segment.boot, segment.first, segment.last))


def _rotten(stream: str) -> JournalBrokenError:
    return JournalBrokenError(f'what "{stream}" has said is not as it came; the journal is damaged')
