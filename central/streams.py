"""The centre's own journals: one for all units, one for each unit alone. The centre is a writer like any other.

Its entries are chained and signed with the town's key and stored where everybody's are, so that what goes down to a
unit is the same kind of thing as what comes up: a segment.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final

import sqlalchemy as sa

from central import shelves, store
from central.attach import Attachment
from central.branches import Branches, as_head
from central.prepared import Prepared
from central.town import Town
from sync import chain
from sync.entries import Entry, Fact, encode
from sync.facts import Boot, Key, Place
from sync.messages import ONE_UNIT, TOWN_STREAM, Head, Lost, text
from sync.segment import ENTRIES_MAX, Segment
from sync.tree import ends_text

SOFTWARE: Final = f"machitap centre {version('machitap')}"
BOOT_BYTES: Final = 8

_HAS_HOLES: Final = sa.exists().where(store.hole.c.writer == sa.bindparam("unit")).label("has_holes")
_ENDS: Final = Prepared(
    sa.select(*(store.branch.c[name] for name in ("writer", "epoch", "settled", "boot", "seq", "hash", "durable")))
    .add_columns(_HAS_HOLES)
    .where(store.branch.c.writer.in_((TOWN_STREAM, sa.bindparam("stream"), sa.bindparam("unit"))))
    .where(store.IS_END)
    .order_by(store.branch.c.grown_n)
)


@dataclass(frozen=True)
class Reach:
    """How far a unit's journal is held, and how far the journals reach that it follows.

    Attributes:
        heads: the ends that are still waited for in this life of the unit, the one that grew last at the end.
        lost: what is not held before them.
        streams: the ends of the town's journal, and of the one for this unit alone.
    """

    heads: tuple[Head, ...]
    lost: tuple[Lost, ...]
    streams: dict[str, str]


def held_for(connection: sa.Connection, unit: str, epoch: int) -> Reach:
    """Return how far everything is held here that a unit wants to know of."""
    stream = ONE_UNIT + unit
    heads: list[Head] = []
    has_holes = False
    reach: dict[str, list[tuple[str, int]]] = {TOWN_STREAM: [], stream: []}
    for end in _ENDS.rows(connection, stream=stream, unit=unit):
        has_holes = end["has_holes"]
        if end["writer"] != unit:
            reach[end["writer"]].append((end["boot"], end["seq"]))
        elif end["epoch"] == epoch and not end["settled"]:
            heads.append(as_head(end))
    lost = Branches(connection, unit, epoch).lost() if has_holes else ()
    return Reach(tuple(heads), lost, {name: ends_text(sorted(ends)) for name, ends in reach.items()})


class Streams:
    """Appends to the centre's journals.

    Every process that writes begins a boot of its own, and a new one whenever another has written since: so two
    processes, or a centre that was restored from a backup, never use a number twice.
    """

    def __init__(self, town: Town) -> None:
        self._town = town
        self._boots: set[str] = set()  # those that this process has begun
        self._said_ms: dict[str, int] = {}  # when each stream last said something, by the clock of then

    def append_for(self, connection: sa.Connection, unit: str, facts: Sequence[Fact]) -> None:
        """Append to the journal for one unit alone."""
        self.append(connection, ONE_UNIT + unit, facts)

    def append(self, connection: sa.Connection, stream: str, facts: Sequence[Fact]) -> None:
        """Append facts to one of the centre's journals, within the caller's transaction.

        Raises:
            EntryError: one of them could not be read again, by nobody and for ever; nothing is written.
        """
        shelves.lock(connection)
        branches = Branches(connection, stream, shelves.STREAM_EPOCH)
        ends = branches.ends()
        tip = Place(ends[-1]["boot"], ends[-1]["seq"], ends[-1]["hash"]) if ends else None
        waiting = list(facts)
        if tip is None or tip.boot not in self._boots:
            # Of two boots that speak at one moment, the greater name would count.
            self._said_ms[stream] = self._at(branches, tip) + 1 if tip else 0
            begins = self._boot_entry(tip)
            boot = self._town.entropy.bytes(BOOT_BYTES).hex()
            self._boots.add(boot)
            first, waiting = [begins, *waiting[: ENTRIES_MAX - 1]], waiting[ENTRIES_MAX - 1 :]
            tip = self._put(connection, stream, Place(boot, 0, tip.hash if tip else ""), first, begins)
        while waiting:
            tip = self._put(connection, stream, tip, waiting[:ENTRIES_MAX], None)
            waiting = waiting[ENTRIES_MAX:]

    def _at(self, branches: Branches, place: Place) -> int:
        """Return the time that an entry bears."""
        body = branches.body_at(place.boot, place.seq)
        return self._town.register.decode(body).at if body else 0

    def _boot_entry(self, after: Place | None) -> Boot:
        signer = self._town.signer
        return Boot(
            after=after,
            key=Key(chain.ALG, text(signer.public)),
            counter=None,
            clean=True,
            clock=self._town.clock.confidence(),
            software=SOFTWARE,
        )

    def _put(
        self, connection: sa.Connection, stream: str, tip: Place, facts: Sequence[Fact], begins: Boot | None
    ) -> Place:
        # Of two statements the later one counts, by this time; a clock that was set back must not turn them round.
        at = self._said_ms[stream] = max(self._town.clock.wall_ms(), self._said_ms.get(stream, 0))
        entries = [Entry(stream, tip.boot, seq, at, fact) for seq, fact in enumerate(facts, tip.seq + 1)]
        bodies = tuple(encode(entry) for entry in entries)
        for body in bodies:
            self._town.register.decode(body)  # what is signed can never be taken back
        prev = bytes.fromhex(tip.hash) if tip.hash else chain.ORIGIN
        hashes = chain.links(prev, bodies)
        seal = chain.seal(self._town.signer, hashes[-1])
        segment = Segment(stream, tip.boot, tip.seq + 1, prev, bodies, seal)
        shelves.put(
            connection,
            Attachment(segment, hashes[-1], is_new=begins is not None, begins=begins),
            shelves.STREAM_EPOCH,
            at,
        )
        return Place(tip.boot, segment.last, hashes[-1].hex())
