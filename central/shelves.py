"""Puts segments away, and takes them out again: the one place that writes `segment` and `branch`."""

from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import Final

import sqlalchemy as sa

from central import store
from central.attach import Attachment
from central.branches import Branches, after_of
from central.prepared import Prepared
from central.refusal import RefusedError
from central.upsert import Upsert
from sync.facts import Gap, Place
from sync.messages import Why
from sync.segment import ENTRIES_MAX, Segment, from_text, pack, to_text, unpack
from sync.tree import held_upto

EVERYTHING: Final = 1 << 30
STREAM_EPOCH: Final = 0  # the centre's own journals live one life
_PUT: Final = Prepared(
    sa.insert(store.segment)
    .values({name: sa.bindparam(name) for name in ("writer", "boot", "first", "last", "received_ms", "packed")})
    .returning(store.segment.c.n)
)
_child = store.branch.alias()
_GOES_ON: Final = sa.exists().where(
    _child.c.writer == sa.bindparam("of"),
    _child.c.after_boot == sa.bindparam("at"),
    _child.c.after_seq == sa.bindparam("upto"),
)
_IS_END: Final = sa.case((_GOES_ON, 0), else_=1)
"""A boot behind a declared hole may have come before the entry that it continues."""
_AFTER: Final = ("after_boot", "after_seq", "after_hash")
_REACH: Final = ("seq", "hash", "grown_n")
_BEGIN: Final = Prepared(
    sa.insert(store.branch)
    .values({name: sa.bindparam(name) for name in ("writer", "boot", "epoch", *_AFTER, *_REACH)})
    .values(is_end=_IS_END)
)
_GROW: Final = Prepared(
    sa.update(store.branch)
    .where(store.branch.c.writer == sa.bindparam("of"), store.branch.c.boot == sa.bindparam("at"))
    .values({name: sa.bindparam(name) for name in _REACH})
    .values(is_end=_IS_END)
)
_GO_ON_FROM: Final = Prepared(
    sa.update(store.branch)
    .where(store.branch.c.writer == sa.bindparam("of"), store.branch.c.boot == sa.bindparam("at"))
    .where(store.branch.c.seq == sa.bindparam("upto"))
    .values(is_end=0)
)
_DECLARE: Final = Upsert(
    store.hole,
    lambda new: {"prev": sa.func.coalesce(new.prev, store.hole.c.prev), "declared_in": new.declared_in},
)
"""A journal that was damaged once more declares its holes anew; what it says last counts, if it says anything."""
_BEHIND: Final = Prepared(
    sa.select(*(store.segment.c[name] for name in ("n", "boot", "packed")))
    .where(store.segment.c.writer == sa.bindparam("writer"), store.segment.c.boot == sa.bindparam("boot"))
    .where(store.segment.c.last > sa.bindparam("here"))
    .order_by(store.segment.c.n)
    .limit(sa.bindparam("most"))
)

_LOCK: Final = sa.select(store.setting.c.value).where(store.setting.c.name == store.GENERATION).with_for_update()


def lock(connection: sa.Connection) -> None:
    """Let one writer in at a time, as SQLite does by itself: so segments are seen in the order of their numbers.

    PostgreSQL hands out a number before it commits; without this, whoever adds up could pass one that comes later.
    Take it before anything else is written in a transaction: two that wait for each other would never end.
    """
    if connection.dialect.name != "sqlite":
        connection.execute(_LOCK)


def put(connection: sa.Connection, found: Attachment, epoch: int, now_ms: int, packed: bytes | None = None) -> int:
    """Store what is new of a segment and how far its branch reaches now; return its number in order of arrival.

    Args:
        packed: the bytes as they came, if the whole segment is new.
    """
    new = found.segment
    if new is None:
        raise ValueError("there is nothing new to put away")
    n = _file(connection, new, new.last, now_ms, packed)
    reach = {"seq": new.last, "hash": found.head.hex(), "grown_n": n}
    here = {"of": new.unit, "at": new.boot, "upto": new.last}
    if not found.is_new:
        _GROW.run(connection, **here, **reach)
    else:
        after = found.begins.after if found.begins else None
        begun = {"writer": new.unit, "boot": new.boot, "epoch": epoch}
        _BEGIN.run(connection, **here, **begun, **_behind(after), **reach)
        if after:
            _go_on_from(connection, new.unit, after)
    _declare(connection, new, found.gaps)
    return n


def fill(connection: sa.Connection, found: Attachment, now_ms: int) -> None:
    """Store what fills holes. Its boot has not grown; where its beginning came, it is known what it continues."""
    for part in found.fills:
        segment = part.segment
        _file(connection, segment, part.last, now_ms, None)
        if segment.first == 1 and found.begins:
            _declare(connection, segment, found.gaps)
            if after := found.begins.after:
                row = store.branch.c.writer == segment.unit, store.branch.c.boot == segment.boot
                connection.execute(sa.update(store.branch).where(*row).values(_behind(after)))
                _go_on_from(connection, segment.unit, after)


def _file(connection: sa.Connection, segment: Segment, last: int, now_ms: int, packed: bytes | None) -> int:
    """Store a segment that counts up to entry `last`; return its number in order of arrival."""
    place = {"writer": segment.unit, "boot": segment.boot, "first": segment.first, "last": last}
    row = {"received_ms": now_ms, "packed": packed or pack(to_text(segment))}
    (filed,) = _PUT.rows(connection, **place, **row)
    return int(filed["n"])


def _behind(after: Place | None) -> dict[str, object]:
    """Return the columns that say what a boot continues."""
    return dict(zip(_AFTER, (after.boot, after.seq, after.hash) if after else (None, None, None), strict=True))


def _go_on_from(connection: sa.Connection, writer: str, place: Place) -> None:
    """Let the entry that a boot continues be no end any more."""
    _GO_ON_FROM.run(connection, of=writer, at=place.boot, upto=place.seq)


def _declare(connection: sa.Connection, segment: Segment, gaps: Iterable[Gap]) -> None:
    for gap in gaps:
        where = {"writer": segment.unit, "boot": gap.of, "first": gap.first, "last": gap.last}
        _DECLARE(connection, [where | {"prev": gap.prev, "declared_in": segment.boot}])


def missed(connection: sa.Connection, stream: str, ends: list[tuple[str, int]], limit: int) -> list[Segment]:
    """Return what somebody lacks of one of the centre's own journals, which he holds up to these ends.

    Args:
        limit: about how many entries at the most.

    Raises:
        RefusedError: he holds something that is not held here: this centre was restored, and wants it back.
    """
    branches = Branches(connection, stream, STREAM_EPOCH)
    for boot, seq in ends:
        row = branches.get(boot)
        if row is None or row["seq"] < seq:
            raise RefusedError(Why.UNKNOWN_HEAD, f"{stream}/{boot}/{seq} is not held here", branches.reaches())
    return list(take(connection, stream, ends, limit))


def take(connection: sa.Connection, writer: str, ends: list[tuple[str, int]], limit: int) -> Iterator[Segment]:
    """Return what somebody lacks who holds these ends of a writer's journal, in order of arrival.

    Neighbours are joined, so that one signature covers as much as it can.

    Args:
        limit: about how many entries at the most.
    """
    branches = Branches(connection, writer, STREAM_EPOCH).all()
    upto = held_upto(after_of(branches), ends)
    behind = [row["boot"] for row in branches if row["seq"] > upto.get(row["boot"], 0)]
    places = [{"boot": boot, "here": upto.get(boot, 0), "most": limit} for boot in behind]
    rows = [row for place in places for row in _BEHIND.rows(connection, writer=writer, **place)]
    waiting: Segment | None = None
    count = 0
    for row in sorted(rows, key=itemgetter("n")):
        boot, here = row["boot"], upto.get(row["boot"], 0)
        segment = from_text(unpack(row["packed"]))
        if segment.first <= here:
            segment = segment.after(here, segment.hashes()[here - segment.first])
        count += len(segment.bodies)
        if waiting and _are_neighbours(waiting, segment):
            waiting = Segment(writer, boot, waiting.first, waiting.prev, waiting.bodies + segment.bodies, segment.seal)
        else:
            if waiting:
                yield waiting
            waiting = segment
        if count >= limit:
            break
    if waiting:
        yield waiting


def _are_neighbours(one: Segment, other: Segment) -> bool:
    fits = len(one.bodies) + len(other.bodies) <= ENTRIES_MAX
    return fits and one.boot == other.boot and one.last + 1 == other.first


def packed(segment: Segment | None) -> bytes | None:
    """Return a segment as it travels."""
    return pack(to_text(segment)) if segment else None
