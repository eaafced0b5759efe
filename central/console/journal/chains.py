"""How the chain of a journal stands: whole or broken, where, and how far back it was just now found as written."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from central import reconcile, store
from central.branches import Branches
from central.prepared import Row
from sync import chain
from sync.entries import BAD_JSON, EntryId, at_of
from sync.messages import is_stream, raw_bytes
from sync.segment import Segment, SegmentError, from_text, unpack

SEGMENTS_CHECKED: Final = 200  # at most, for one page
_ANY_EPOCH: Final = 0
_ENTRY: Final = reconcile.entry.c


class Break(msgspec.Struct, frozen=True):
    """Where a journal does not go on; `place`: an entry, or from one to another."""

    place: str
    ja: str
    en: str


class Chain(msgspec.Struct, frozen=True):
    """One journal, as it stands in the books.

    Attributes:
        breaks: what was declared as lost, and where it has branched; none, if it is whole.
        upto: its last entry that is held; everything up to there was checked when it came.
        at_ms: when that was written, by its writer's clock; None while it is not added up.
    """

    writer: str
    breaks: Sequence[Break]
    upto: EntryId
    at_ms: int | None


class Walk(msgspec.Struct, frozen=True):
    """What was found when a journal was checked anew from its bytes, from its end backwards.

    Attributes:
        entries: how many were found to be as they were written.
        back_to, at_ms: the oldest of them, and when it was written; None if there is none.
        broken: before this entry it does not go on; None: it does.
        is_all: there is nothing before the oldest.
    """

    entries: int
    back_to: EntryId | None
    at_ms: int | None
    broken: EntryId | None
    is_all: bool


def chains(connection: sa.Connection, writer: str = "", *, with_own: bool = True) -> list[Chain]:
    """Return how each journal stands, or one; the broken ones first. `with_own`: the centre's, too."""
    branch, unit = store.branch.c, store.unit.c
    asked = sa.select(branch.writer, branch.boot, branch.seq, branch.settled, branch.epoch, unit.epoch.label("life"))
    joined = store.branch.outerjoin(store.unit, unit.name == branch.writer)
    ends = asked.select_from(joined).where(store.IS_END).order_by(branch.writer, branch.grown_n)
    if writer:
        ends = ends.where(branch.writer == writer)
    rows = connection.execute(ends).mappings().all()
    holes = _holes(connection, writer)
    found = [
        _chain(connection, name, list(its), holes.get(name, []))
        for name, its in groupby(rows, key=lambda row: str(row["writer"]))
        if with_own or not is_stream(name)
    ]
    return sorted(found, key=lambda one: (not one.breaks, is_stream(one.writer), one.writer))


def _chain(connection: sa.Connection, writer: str, ends: Sequence[sa.RowMapping], holes: list[Break]) -> Chain:
    last = ends[-1]
    waited = [end for end in ends if not end["settled"] and end["life"] in (None, end["epoch"])]
    upto = EntryId(writer, last["boot"], last["seq"])
    asked = sa.select(_ENTRY.at).where(_ENTRY.writer == writer, _ENTRY.boot == upto.boot, _ENTRY.seq == upto.seq)
    branched = [_branched(writer, end) for end in waited[:-1]] if len(waited) > 1 and not is_stream(writer) else []
    return Chain(writer, [*branched, *holes], upto, connection.execute(asked).scalar())


def _branched(writer: str, end: sa.RowMapping) -> Break:
    return Break(
        f"{writer}/{end['boot']}/{end['seq']}", "枝分かれして、ここで終わっています", "a branch that ends here"
    )


def _holes(connection: sa.Connection, writer: str) -> dict[str, list[Break]]:
    hole = store.hole.c
    asked = sa.select(store.hole).order_by(*store.hole.primary_key)
    found: dict[str, list[Break]] = {}
    for row in connection.execute(asked.where(hole.writer == writer) if writer else asked).mappings():
        if _is_filled(connection, row):
            continue
        place = f"{row['writer']}/{row['boot']}/{row['first']}–{row['last']}"
        found.setdefault(row["writer"], []).append(Break(place, "失われたと届け出がありました", "declared as lost"))
    return found


def _is_filled(connection: sa.Connection, hole: sa.RowMapping) -> bool:
    """Whether all that was declared as lost was found after all."""
    branches = Branches(connection, hole["writer"], _ANY_EPOCH)
    row = branches.get(hole["boot"])
    if row is None or row["seq"] < hole["last"]:
        return False
    return not any(first <= hole["last"] and hole["first"] <= last for first, last in branches.lacking(hole["boot"]))


class _BrokenError(Exception):
    """Something does not fit what stands behind it."""


def walk(connection: sa.Connection, writer: str, town_key: bytes, most: int = SEGMENTS_CHECKED) -> Walk:
    """Check a journal anew from its stored bytes, run by run from the end: every hash, and each run's last signature.

    A signature over a hash covers all that it is chained to, so one for each run is enough.
    """
    entries, oldest, at_ms = 0, None, None
    keys = _keys(connection, writer, town_key)
    for row in reversed(Branches(connection, writer, _ANY_EPOCH).all()):
        steps = _run(connection, row, keys)
        while True:
            if most == 0:
                return Walk(entries, oldest, at_ms, None, is_all=False)
            try:
                segment = next(steps, None)
            except _BrokenError:
                return Walk(entries, oldest, at_ms, oldest or EntryId(writer, row["boot"], row["seq"]), is_all=False)
            if segment is None:
                break
            most, entries = most - 1, entries + len(segment.bodies)
            oldest, at_ms = EntryId(writer, segment.boot, segment.first), at_of(segment.bodies[0])
    return Walk(entries, oldest, at_ms, None, is_all=True)


def _run(connection: sa.Connection, row: Row, keys: dict[int, chain.PublicKey]) -> Iterator[Segment]:
    """Yield the segments of one run that are as they were written, the last first, each cut to what counts of it.

    Raises:
        _BrokenError: the next one is not.
    """
    branches, key = Branches(connection, row["writer"], row["epoch"]), keys.get(row["epoch"])
    holes = {hole["last"]: hole for hole in branches.holes(row["boot"])}
    behind, expected, is_head = row["seq"] + 1, bytes.fromhex(row["hash"]), True
    for stored in _segments(connection, row["writer"], row["boot"]):
        sealed = _read(stored, row)
        segment = sealed.upto(stored.last)
        if segment.last + 1 != behind:
            hole = holes.get(behind - 1)
            if hole is None or segment.last + 1 < hole["first"] or hole["prev"] not in (None, expected.hex()):
                raise _BrokenError
            is_head, expected = True, segment.hashes()[-1]  # what is lost cannot join them: each side has its signature
        if segment.hashes()[-1] != expected:
            raise _BrokenError
        if is_head and not (key and key.signed(sealed.hashes()[-1], sealed.seal)):
            raise _BrokenError
        behind, expected, is_head = segment.first, segment.prev, False
        yield segment
    if behind == 1:
        if _before(branches, row) not in (b"", expected):
            raise _BrokenError
    elif behind - 1 not in holes:
        raise _BrokenError


def _before(branches: Branches, row: Row) -> bytes:
    """Return what the first entry of a run has to be chained to; nothing where that is not held."""
    if not row["after_boot"]:
        return chain.ORIGIN
    return bytes.fromhex(branches.hash_at(row["after_boot"], row["after_seq"]) or "")


def _read(stored: Any, row: Row) -> Segment:
    try:
        segment = from_text(unpack(stored.packed))
    except (SegmentError, *BAD_JSON) as error:
        raise _BrokenError from error
    if (segment.unit, segment.boot, segment.first) != (row["writer"], row["boot"], stored.first):
        raise _BrokenError
    if segment.last < stored.last:
        raise _BrokenError
    return segment


def _segments(connection: sa.Connection, writer: str, boot: str) -> Iterable[Any]:
    """Return the stored segments of a run, the last first, as they are asked for."""
    table = store.segment.c
    asked = sa.select(table.first, table.last, table.packed).where(table.writer == writer, table.boot == boot)
    upto = None
    while True:
        part = asked if upto is None else asked.where(table.first < upto)
        rows = connection.execute(part.order_by(table.first.desc()).limit(SEGMENTS_CHECKED // 10)).all()
        if not rows:
            return
        yield from rows
        upto = rows[-1].first


def _keys(connection: sa.Connection, writer: str, town_key: bytes) -> dict[int, chain.PublicKey]:
    """Return the public key of each life of a writer."""
    if is_stream(writer):
        return dict.fromkeys(_epochs(connection, writer), chain.PublicKey(town_key))
    table = store.unit_key.c
    rows = connection.execute(sa.select(table.epoch, table.public).where(table.unit == writer))
    return {epoch: chain.PublicKey(raw_bytes(public)) for epoch, public in rows}


def _epochs(connection: sa.Connection, writer: str) -> list[int]:
    return list(connection.execute(sa.select(store.branch.c.epoch).where(store.branch.c.writer == writer)).scalars())
