"""How far each journal is held here: its branches, their ends, and any single hash of the past."""

from collections.abc import Iterable
from typing import Final

import sqlalchemy as sa

from central import store
from central.prepared import Prepared, Row
from sync.facts import Place
from sync.messages import Head, Lost
from sync.segment import Segment, from_text, unpack

_of_writer = (
    sa.select(store.branch).where(store.branch.c.writer == sa.bindparam("writer")).order_by(store.branch.c.grown_n)
)
_holes = sa.select(store.hole).where(store.hole.c.writer == sa.bindparam("writer")).order_by(*store.hole.primary_key)
_OF_WRITER: Final = Prepared(_of_writer)
_HOLES: Final = Prepared(_holes)
_HOLES_OF_BOOT: Final = Prepared(_holes.where(store.hole.c.boot == sa.bindparam("boot")))
_BOOT: Final = Prepared(_of_writer.where(store.branch.c.boot == sa.bindparam("boot")))
_STRETCHES: Final = Prepared(
    sa.select(store.segment.c.first, store.segment.c.last)
    .where(store.segment.c.writer == sa.bindparam("writer"), store.segment.c.boot == sa.bindparam("boot"))
    .order_by(store.segment.c.first)
)
_WITH: Final = Prepared(
    sa.select(store.segment.c.packed)
    .where(store.segment.c.writer == sa.bindparam("writer"), store.segment.c.boot == sa.bindparam("boot"))
    .where(store.segment.c.first <= sa.bindparam("seq"), store.segment.c.last >= sa.bindparam("seq"))
    .order_by(store.segment.c.first.desc())
    .limit(1)
)
_CHILDREN: Final = Prepared(_of_writer.where(store.branch.c.after_boot == sa.bindparam("boot")))
_ENDS: Final = Prepared(
    _of_writer.where(store.IS_END, store.branch.c.settled == 0, store.branch.c.epoch == sa.bindparam("epoch"))
)


class Branches:
    """The branches of one writer, looked up within one transaction.

    `epoch`: the life of a unit whose ends count; a unit's earlier lives are over and grow no more.
    """

    def __init__(self, connection: sa.Connection, writer: str, epoch: int) -> None:
        self._connection = connection
        self._writer = writer
        self._epoch = epoch

    def get(self, boot: str) -> Row | None:
        return next(iter(self._rows(_BOOT, boot=boot)), None)

    def children(self, boot: str) -> list[Row]:
        """Return the boots that continue some entry of this one."""
        return self._rows(_CHILDREN, boot=boot)

    def ends(self) -> list[Row]:
        """Return the ends that are still waited for, the one that grew last at the end."""
        return self._rows(_ENDS, epoch=self._epoch)

    def heads(self) -> tuple[Head, ...]:
        """Return those ends as a unit wants to hear them."""
        return tuple(as_head(row) for row in self.ends())

    def reach(self, boot: str) -> Head | None:
        """Return how far one boot is held, or None if nothing of it is."""
        row = self.get(boot)
        return as_head(row) if row else None

    def reaches(self) -> tuple[Head, ...]:
        """Return how far every boot is held: for somebody who may not know the boots at the ends."""
        return tuple(as_head(row) for row in self.all())

    def all(self) -> list[Row]:
        return self._rows(_OF_WRITER)

    def after(self) -> dict[str, Place | None]:
        """Return what each boot continues, as `sync.tree` wants it."""
        return after_of(self.all())

    def holes(self, boot: str) -> list[Row]:
        """Return what is declared as lost of a boot."""
        return self._rows(_HOLES_OF_BOOT, boot=boot)

    def all_holes(self) -> list[Row]:
        return self._rows(_HOLES)

    def stretches(self, boot: str) -> list[tuple[int, int]]:
        """Return from which entry to which a boot is held, segment by segment, in order."""
        return [(row["first"], row["last"]) for row in self._rows(_STRETCHES, boot=boot)]

    def lacking(self, boot: str) -> list[tuple[int, int]]:
        """Return from which entry to which a boot is not held although what stands behind it is."""
        lacking, following = [], 1
        for first, last in self.stretches(boot):
            if following < first:
                lacking.append((following, first - 1))
            following = last + 1
        return lacking

    def lost(self) -> tuple[Lost, ...]:
        """Return the same of the whole journal; nothing is lacking in a boot of which nothing was declared as lost."""
        boots = dict.fromkeys(row["boot"] for row in self.all_holes())
        return tuple(Lost(boot, first, last) for boot in boots for first, last in self.lacking(boot))

    def _rows(self, asked: Prepared, **bound: object) -> list[Row]:
        return asked.rows(self._connection, writer=self._writer, **bound)

    def segment_with(self, boot: str, seq: int) -> Segment | None:
        """Return the stored segment in which an entry counts, or None."""
        found = _WITH.row(self._connection, writer=self._writer, boot=boot, seq=seq)
        return from_text(unpack(found["packed"])) if found else None

    def body_at(self, boot: str, seq: int) -> bytes | None:
        """Return an entry that is held here, as it was written, or None."""
        segment = self.segment_with(boot, seq)
        return segment.bodies[seq - segment.first] if segment else None

    def hash_at(self, boot: str, seq: int) -> str | None:
        """Return the hash of an entry that is held here, or None."""
        row = self.get(boot)
        if row and row["seq"] == seq:
            return str(row["hash"])
        segment = self.segment_with(boot, seq) if row else None
        return segment.hashes()[seq - segment.first].hex() if segment else None


def as_head(row: Row) -> Head:
    """Return how far a boot is held, as a unit wants to hear it."""
    return Head(row["boot"], row["seq"], row["hash"], row["durable"])


def after_of(rows: Iterable[Row]) -> dict[str, Place | None]:
    """Return what each of these boots continues, as `sync.tree` wants it."""
    return {row["boot"]: _after(row) for row in rows}


def _after(row: Row) -> Place | None:
    return Place(row["after_boot"], row["after_seq"], row["after_hash"]) if row["after_boot"] else None
