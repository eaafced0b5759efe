"""Which entries of shops have been counted by which batch: questions to the tables, answered as plain values."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from central import reconcile, store
from programs.coin.settlement.tables import Line, line, run
from sync.entries import EntryId
from sync.program import DAY_MS

UNCOUNTED: Final = 0
"""In the place of a batch's number: no batch has counted it yet."""

_SAME: Final = sa.and_(*(reconcile.entry.c[name] == line.c[name] for name in ("writer", "boot", "seq")))
_ARRIVED: Final = line.join(reconcile.entry, _SAME).join(store.segment, store.segment.c.n == reconcile.entry.c.n)


class Sum(msgspec.Struct, frozen=True):
    """How many entries of one kind a batch has counted of a shop, and what they come to."""

    batch: int
    kind: str
    count: int
    yen: int


def uncounted(connection: sa.Connection, void: Sequence[int]) -> list[Line]:
    """Return the entries of all shops that no batch has counted, but for those that are void; by shop, then by id."""
    return _lines(connection, sa.select(*_COLUMNS).where(sa.not_(_is_counted(void))))


def lines(connection: sa.Connection, place: str, batch: int, void: Sequence[int]) -> list[Line]:
    """Return the entries of a shop that a batch has counted, or those that none has (`UNCOUNTED`)."""
    return _lines(connection, sa.select(*_COLUMNS).where(line.c.place == place, _batch(void) == batch))


def arrived_ms(connection: sa.Connection, place: str, void: Sequence[int]) -> int | None:
    """Return when the last of a shop's entries arrived that no batch has counted, Unix milliseconds; None for none."""
    asked = sa.select(sa.func.max(store.segment.c.received_ms)).select_from(_ARRIVED)
    return connection.execute(asked.where(line.c.place == place, _batch(void) == UNCOUNTED)).scalar()


def sums(connection: sa.Connection, place: str, void: Sequence[int]) -> list[Sum]:
    """Return what each batch has counted of a shop, by kind of entry; `UNCOUNTED` stands for what none has."""
    marked = sa.select(_batch(void).label("batch"), line.c.kind, line.c.yen).where(line.c.place == place).subquery()
    grouped = (marked.c.batch, marked.c.kind)
    asked = sa.select(*grouped, sa.func.count(), sa.func.sum(marked.c.yen)).group_by(*grouped).order_by(*grouped)
    return [Sum(batch, kind, count, int(yen)) for batch, kind, count, yen in connection.execute(asked)]


def sums_of_all(connection: sa.Connection, void: Sequence[int]) -> dict[str, list[Sum]]:
    """Return what each batch has counted of every shop, by place, whatever the kinds; of what none has, no count.

    It goes from the runs to the entries in them: the other way round takes five times as long.
    """
    key = (line.c.place, line.c.writer, line.c.boot, line.c.seq, line.c.yen)
    first = sa.select(*key, sa.func.min(run.c.batch).label("batch")).join_from(run, line, sa.and_(*_of_line(void)))
    each = first.group_by(*key).subquery()
    grouped = (each.c.place, each.c.batch)
    asked = sa.select(*grouped, sa.func.count(), sa.func.sum(each.c.yen)).group_by(*grouped).order_by(*grouped)
    rest = totals(connection)
    found: dict[str, list[Sum]] = {place: [] for place in rest}
    for place, batch, count, yen in connection.execute(asked):
        found[place].append(Sum(batch, "", count, int(yen)))
        rest[place] -= int(yen)
    for place, yen in rest.items():
        found[place].append(Sum(UNCOUNTED, "", 0, yen))
    return found


def counted_in(
    connection: sa.Connection, entries: Sequence[EntryId], place: str, void: Sequence[int]
) -> list[tuple[str, int, int]]:
    """Return where the office said that entries of a shop are counted: boot and seq of its entry, and the batch."""
    found = set[tuple[str, int, int]]()
    for one in entries:
        here = run.c.place == place, run.c.writer == one.unit, run.c.boot == one.boot
        covers = run.c.first <= one.seq, run.c.last >= one.seq, run.c.batch.not_in(void)
        asked = sa.select(run.c.said_boot, run.c.said_seq, run.c.batch).where(*here, *covers)
        found |= {(boot, seq, batch) for boot, seq, batch in connection.execute(asked)}
    return sorted(found, key=lambda one: (one[2], one[1]))


def totals(connection: sa.Connection) -> dict[str, int]:
    """Return what the entries of each shop come to, counted or not."""
    asked = sa.select(line.c.place, sa.func.sum(line.c.yen)).group_by(line.c.place).order_by(line.c.place)
    return {place: int(yen) for place, yen in connection.execute(asked)}


def first_day(connection: sa.Connection) -> int | None:
    """Return the day of the earliest entry of any shop, as units say it; None before the first."""
    day = sa.func.coalesce(line.c.day, line.c.at // DAY_MS)
    found = connection.execute(sa.select(sa.func.min(day))).scalar()
    return None if found is None else int(found)


def holes(connection: sa.Connection, writer: str, boot: str, first: int, last: int) -> list[int]:
    """Return where something is missing between two entries: the numbers behind which it is."""
    entry = reconcile.entry
    there = (entry.c.writer == writer, entry.c.boot == boot, entry.c.seq.between(first, last))
    if connection.execute(sa.select(sa.func.count()).select_from(entry).where(*there)).scalar_one() == last - first + 1:
        return []
    held = connection.execute(sa.select(entry.c.seq).where(*there).order_by(entry.c.seq)).scalars().all()
    return [seq for seq, after in pairwise(held) if after != seq + 1]


def _of_line(void: Sequence[int]) -> Iterable[sa.ColumnElement[bool]]:
    """Return on what terms a run has counted a line."""
    same = (run.c[name] == line.c[name] for name in ("place", "writer", "boot"))
    return (*same, line.c.seq.between(run.c.first, run.c.last), run.c.batch.not_in(void))


def _is_counted(void: Sequence[int]) -> sa.ColumnElement[bool]:
    return sa.exists().where(*_of_line(void)).correlate(line)


def _batch(void: Sequence[int]) -> sa.ColumnElement[int]:
    """Return which batch has counted a line: of two, the first."""
    first = sa.select(sa.func.min(run.c.batch)).where(*_of_line(void)).correlate(line).scalar_subquery()
    return sa.func.coalesce(first, UNCOUNTED)


_COLUMNS: Final = (
    *(line.c.writer, line.c.boot, line.c.seq, line.c.place, line.c.kind, line.c.yen, line.c.at, line.c.day),
    store.segment.c.received_ms,
)


def _lines(connection: sa.Connection, asked: sa.Select[Any]) -> list[Line]:
    ordered = asked.select_from(_ARRIVED).order_by(line.c.place, line.c.writer, line.c.boot, line.c.seq)
    return [Line(*row) for row in connection.execute(ordered)]
