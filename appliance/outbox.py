"""What has still to go to the centre, by what the centre itself says it holds; never by this unit's memory.

The centre names the ends of the chain that it holds; everything before an end is there too. So each contact begins by
looking those ends up in the journal, and goes on right behind them, whatever happened to either side in between.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from appliance.boots import Begun, History
from appliance.journal import Journal
from sync import chain
from sync.entries import at_of
from sync.facts import Place
from sync.messages import Head, Holdings
from sync.segment import Segment
from sync.tree import held_upto


@dataclass(frozen=True)
class Backlog:
    """What is not at the centre yet: how many entries, and the time of the oldest by this unit's clock (ms)."""

    unsent: int = 0
    oldest_ms: int | None = None


@dataclass
class Held:
    """What the centre's heads mean in this journal.

    Attributes:
        upto: for each boot of this journal, the last entry that the centre holds.
        rolled_back: a head of ours that this journal does not reach: the disk was put back in time.
        contradicted: a head with another hash than ours, or ahead of us in the boot that this very process began:
            somebody else writes under our name.
    """

    upto: dict[str, int] = field(default_factory=dict)
    rolled_back: Head | None = None
    contradicted: Head | None = None


class Outbox:
    """Reads the journal for the centre; writes nothing."""

    def __init__(self, journal: Journal, history: History) -> None:
        self._journal = journal
        self._boots = {one.boot: one for one in history.boots}
        self._after = {boot: one.after for boot, one in self._boots.items()}
        self._lost = {(gap.of, gap.last): bytes.fromhex(gap.prev) for gap in history.gaps if gap.prev}
        self._held = Held()
        self._done: set[str] = set()  # boots of which nothing will ever be missing again
        self._acknowledged: dict[str, int] = {}  # how far boots were taken that are no ends, when they were delivered
        self._ends: dict[str, int] = {}  # by the last answer
        self._generation = ""
        self._shown: Place | None = None  # the last entry, if it was just brought for the centre to compare

    def look_up(self, holdings: Holdings) -> Held:
        """Find out what the centre holds of this journal."""
        upto = held_upto(self._after, [(head.boot, head.seq) for head in holdings.heads])
        if holdings.generation != self._generation or any(upto.get(boot, 0) < seq for boot, seq in self._ends.items()):
            self._acknowledged.clear()  # the centre holds less than it did: it was restored from a backup
            self._done.clear()
        self._note(holdings)
        upto |= {boot: max(seq, upto.get(boot, 0)) for boot, seq in self._acknowledged.items()}
        held = Held(upto | self._up_to_lost(holdings, upto))
        tip = self._journal.tip
        for head in holdings.heads:
            here = self._journal.hash_at(head.boot, head.seq)
            if here and here.hex() == head.hash:
                continue
            is_present = tip is not None and head.boot == tip.boot
            if here or is_present:
                held.contradicted = head
            else:
                held.rolled_back = head
            if tip and is_present:
                self._show(held, tip)
        self._held = held
        return held

    def _up_to_lost(self, holdings: Holdings, upto: dict[str, int]) -> dict[str, int]:
        """Return where to go back to, for boots of which something is lost at the centre and is here.

        A later state of this disk had lost it, and declared so; then this state of it was put back, which has it.
        """
        here = {
            one.boot: one.first - 1 for one in reversed(holdings.lost) if self._journal.hash_at(one.boot, one.first)
        }
        self._done -= here.keys()
        return {boot: min(seq, upto.get(boot, 0)) for boot, seq in here.items()}

    def _show(self, held: Held, tip: Place) -> None:
        """Bring what is ours of the boot that runs here, in which somebody else writes too, for the centre to compare.

        As long as nothing differs, the answer to that says no more than before; then it is not brought once more, or a
        journey would never end.
        """
        if self._shown == tip:
            self._shown = None
            return
        self._shown = tip
        held.upto[tip.boot] = min(held.upto[tip.boot], self._held.upto.get(tip.boot, 0), tip.seq - 1)

    def _note(self, holdings: Holdings) -> None:
        """Remember what was taken in this history of the centre.

        Where the beginning of a boot is lost, nobody can tell here what stands before it, and the ends do not say that
        the centre holds it. The answer to each delivery does, once.
        """
        known = [head for head in holdings.heads if head.boot in self._boots]
        for head in known:
            if head.boot == holdings.beside:
                self._acknowledged[head.boot] = max(head.seq, self._acknowledged.get(head.boot, 0))
        self._ends = {head.boot: head.seq for head in known if head.boot != holdings.beside}
        self._generation = holdings.generation

    def next_segment(self) -> Segment | None:
        """Return the next segment to send, or None if the centre has everything.

        What stands behind a hole goes last, and with it what continues that: the entry that declares the hole has to be
        there first.
        """
        behind_holes: list[tuple[Begun, int]] = []
        for one in self._waiting():
            seq = self._first_unsent(one)
            if seq is None:
                continue
            if seq == self._held.upto.get(one.boot, 0) + 1 and not (seq == 1 and self._waits_for(one.after)):
                return self._journal.segment(one.boot, seq, self._hash_before(one, seq))
            behind_holes.append((one, seq))
        for one, seq in behind_holes:
            if seq == 1:
                return self._journal.segment(one.boot, seq, self._hash_before(one, seq))
            if prev := self._lost.get((one.boot, seq - 1)):
                return self._journal.segment(one.boot, seq, prev)
        return None

    def _waits_for(self, place: Place | None) -> bool:
        """Whether an entry is not at the centre: it is lost, or waits itself, for boots are asked in their order."""
        return place is not None and self._held.upto.get(place.boot, 0) < place.seq

    def hold(self, upto: dict[str, int]) -> bool:
        """Go by what somebody else than the centre holds: for each boot, up to which entry.

        Returns:
            Whether that is something which this journal has not: its disk has lost it, or was put back in time.
        """
        self._held = Held(dict(upto))
        self._done.clear()
        tip = self._journal.tip
        last = {one.boot: one.last for one in self._boots.values()} | ({tip.boot: tip.seq} if tip else {})
        return any(seq > last.get(boot, 0) for boot, seq in upto.items())

    def rest(self) -> Iterator[Segment]:
        """Yield everything that is to be sent, without asking the centre in between, as for a stick."""
        while (segment := self.next_segment()) is not None:
            yield segment
            self._held.upto[segment.boot] = segment.last

    def backlog(self) -> Backlog:
        """Count what is not at the centre yet."""
        unsent, oldest = 0, None
        for one in self._waiting():
            count, first = self._unsent(one)
            unsent += count
            oldest = self._at(one.boot, first) if first and oldest is None else oldest
        return Backlog(unsent, oldest)

    def waiting(self, limit: int) -> list[bytes]:
        """Return the first entries that are not at the centre yet, in order; no more than `limit`."""
        sql = "SELECT CAST(body AS BLOB) FROM entry WHERE boot = ? AND seq > ? ORDER BY seq LIMIT ?"
        found: list[bytes] = []
        for one in self._waiting():
            rows = self._journal.select(sql, one.boot, self._held.upto.get(one.boot, 0), limit - len(found))
            found += [body for (body,) in rows]
        return found

    def _waiting(self) -> list[Begun]:
        return [one for one in self._boots.values() if one.boot not in self._done]

    def _unsent(self, one: Begun) -> tuple[int, int | None]:
        """Return how many entries of a boot the centre lacks, and the number of the first of them."""
        upto = self._held.upto.get(one.boot, 0)
        return (0, None) if self._is_done(one, upto) else self._journal.behind(one.boot, upto)

    def _first_unsent(self, one: Begun) -> int | None:
        """Return the same without the count, for which every one of them would have to be read."""
        upto = self._held.upto.get(one.boot, 0)
        return None if self._is_done(one, upto) else self._journal.first_behind(one.boot, upto)

    def _is_done(self, one: Begun, upto: int) -> bool:
        is_over = self._journal.tip is not None and one.boot != self._journal.tip.boot
        if is_over and upto >= one.last:
            self._done.add(one.boot)
        return one.boot in self._done

    def _hash_before(self, one: Begun, seq: int) -> bytes:
        if seq == 1:
            return bytes.fromhex(one.after.hash) if one.after else chain.ORIGIN
        return self._journal.hash_at(one.boot, seq - 1) or self._lost.get((one.boot, seq - 1), chain.ORIGIN)

    def _at(self, boot: str, seq: int) -> int | None:
        sql = "SELECT CAST(body AS BLOB) FROM entry WHERE boot = ? AND seq = ?"
        return at_of(self._journal.select(sql, boot, seq)[0][0])
