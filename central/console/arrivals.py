"""The entries in order of arrival, each with what it tells, so that whoever watches can go on where he left off."""

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from central import reconcile, store
from central.console.books import where
from central.console.moment import Say
from central.console.words import Words
from central.places import name_of
from sync.entries import EntryError, EntryId, Fact, Register, Unread, kind_of
from sync.facts import CORE
from sync.messages import OFFICE_STREAM
from sync.segment import Segment, SegmentError, from_text, unpack

_CORE_KINDS: Final = tuple(kind_of(kind) for kind in CORE)
_DAMAGED: Final = Say("保存された中身が読めません", "What is stored of it cannot be read")
CURSOR_PATTERN: Final = r"(0|[0-9]{1,18}/[a-z][a-z0-9-]{0,40}/[0-9a-f]{16}/[0-9]{1,16})"
_CURSOR: Final = re.compile(r"([0-9]{1,18})/([a-z][a-z0-9-]{0,40}/[0-9a-f]{16}/([0-9]{1,16}))")


class CursorError(ValueError):
    """This is not a place in the order of arrival; the message says what one looks like."""


class Cursor(msgspec.Struct, frozen=True):
    """A place in the order of arrival: behind this entry. Segments arrive one after the other, entries in each too.

    Attributes:
        n: the segment's number in order of arrival; 0 is before the first.
        seq: the entry's number in its boot.
        id: the entry, for whoever reads it.
    """

    n: int
    seq: int = 0
    id: str = ""

    def __str__(self) -> str:
        return f"{self.n}/{self.id}" if self.id else str(self.n)

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """Read `n/unit/boot/seq`, or `0` for the very beginning.

        Raises:
            CursorError: it is neither.
        """
        if text == "0":
            return cls(0)
        if not (found := _CURSOR.fullmatch(text)):
            raise CursorError("a place in the order of arrival is 0, or n/unit/boot/seq as an entry's `cursor` says")
        return cls(int(found[1]), int(found[3]), found[2])


class Arrival(msgspec.Struct, frozen=True):
    """One entry as it arrived.

    Attributes:
        id: `unit/boot/seq`, for ever.
        cursor: where it stands in the order of arrival.
        at_ms, received_ms: when, by the unit's clock; and when it arrived, by the centre's.
        card: the card's name in this town, or empty. Never a person's name: the centre's books do not hold any.
        ja, en: what it tells, in words.
    """

    id: str
    cursor: str
    at_ms: int
    received_ms: int
    kind: str
    unit: str
    place_name: str
    card: str
    ja: str
    en: str
    hash: str


class Arrivals:
    """What arrived, read for people and for the office's own tools."""

    def __init__(self, engine: sa.Engine, register: Register, words: Words) -> None:
        self._engine = engine
        self._register = register
        self._words = words

    def after(self, cursor: Cursor, limit: int) -> list[Arrival]:
        """Return what people did (the programs' entries) behind a place in the order of arrival, in that order."""
        table = reconcile.entry
        behind = sa.or_(table.c.n > cursor.n, table.c.seq > cursor.seq)
        asked = _of_programs().where(table.c.n >= cursor.n, behind).order_by(table.c.n, table.c.seq).limit(limit)
        return self.read(asked)

    def latest(self, limit: int) -> list[Arrival]:
        """Return what people did last, the newest first."""
        table = reconcile.entry
        return self.read(_of_programs().order_by(table.c.n.desc(), table.c.seq.desc()).limit(limit))

    def of_kinds(self, kinds: Sequence[str], limit: int) -> list[Arrival]:
        """Return the last entries of some kinds that the office wrote, the newest first."""
        here = reconcile.entry.c
        asked = sa.select(reconcile.entry).where(here.writer == OFFICE_STREAM, here.kind.in_(kinds))
        return self.read(asked.order_by(here.n.desc(), here.seq.desc()).limit(limit))

    def end(self) -> Cursor:
        """Return the place behind everything that people did so far."""
        last = self.latest(1)
        return Cursor.parse(last[0].cursor) if last else Cursor(0)

    def one(self, place: EntryId) -> Arrival | None:
        """Return one entry of any kind, or None if it is not added up."""
        table = reconcile.entry
        asked = sa.select(table).where(
            table.c.writer == place.unit, table.c.boot == place.boot, table.c.seq == place.seq
        )
        return next(iter(self.read(asked)), None)

    def of_unit(self, unit: str, limit: int) -> list[Arrival]:
        """Return the last entries of every kind that one unit wrote in its present run and those before it."""
        table, branch = reconcile.entry, store.branch
        boots = sa.select(branch.c.boot).where(branch.c.writer == unit).order_by(branch.c.grown_n.desc())
        found: list[Arrival] = []
        with store.reading(self._engine) as connection:
            for boot in connection.execute(boots).scalars():
                asked = sa.select(table).where(table.c.writer == unit, table.c.boot == boot)
                rows = connection.execute(asked.order_by(table.c.seq.desc()).limit(limit - len(found)))
                found += self._arrivals(connection, rows.mappings().all())
                if len(found) >= limit:
                    break
        return found

    def read(self, asked: sa.Select[Any]) -> list[Arrival]:
        """Return the entries whose rows in the index somebody asks for, in that order."""
        with store.reading(self._engine) as connection:
            return self._arrivals(connection, connection.execute(asked).mappings().all())

    def _arrivals(self, connection: sa.Connection, rows: Sequence[sa.RowMapping]) -> list[Arrival]:
        segments = _segments(connection, {row["n"] for row in rows})
        names: dict[str, str] = {}
        return [self._arrival(connection, row, segments.get(row["n"], (None, row["at"])), names) for row in rows]

    def _arrival(
        self,
        connection: sa.Connection,
        row: sa.RowMapping,
        delivery: tuple[Segment | None, int],
        names: dict[str, str],
    ) -> Arrival:
        place = EntryId(row["writer"], row["boot"], row["seq"])
        segment, received_ms = delivery
        fact = self._fact(place, segment)
        fields = {} if fact is None or isinstance(fact, Unread) else msgspec.structs.asdict(fact)
        where_id = str(fields.get("place") or where(connection, place.unit).place)
        if where_id not in names:
            names[where_id] = name_of(connection, where_id)
        say = self._words.tell(row["kind"], fields) if fact else _DAMAGED
        return Arrival(
            id=str(place),
            cursor=str(Cursor(row["n"], place.seq, str(place))),
            at_ms=row["at"],
            received_ms=received_ms,
            kind=row["kind"],
            unit=place.unit,
            place_name=names[where_id],
            card=str(fields.get("card", "")),
            ja=say.ja,
            en=say.en,
            hash=row["hash"].hex(),
        )

    def _fact(self, place: EntryId, segment: Segment | None) -> Fact | None:
        """Return what an entry says; None if what is stored of it cannot be read any more."""
        if segment is None or not segment.first <= place.seq <= segment.last:
            return None
        body = segment.bodies[place.seq - segment.first]
        try:
            return self._register.decode_stored(place.unit, place.boot, place.seq, body).fact
        except EntryError:
            return None


def _of_programs() -> sa.Select[Any]:
    """Ask for what people did at units; what the office decides is no touch."""
    here = reconcile.entry.c
    return sa.select(reconcile.entry).where(here.kind.not_in(_CORE_KINDS), here.writer != OFFICE_STREAM)


def _segments(connection: sa.Connection, numbers: Iterable[int]) -> dict[int, tuple[Segment | None, int]]:
    """Return segments by number, and when each came; None in the place of one that cannot be read."""
    table = store.segment
    asked = sa.select(table.c.n, table.c.packed, table.c.received_ms).where(table.c.n.in_(sorted(numbers)))
    return {n: (_read(packed), received_ms) for n, packed, received_ms in connection.execute(asked)}


def _read(packed: bytes) -> Segment | None:
    try:
        return from_text(unpack(packed))
    except SegmentError:
        return None
