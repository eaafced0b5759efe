"""The closings at the office: each held against the entries that it covers, and who has missed one.

Entries and closings are only noted here as they arrive. What they mean to each other is asked when somebody looks, so
it does not matter which of them came first: a closing whose entries are still on their way is wrong until they come.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from msgspec import UNSET
from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, Table, Text

from central import store
from programs.coin.entries import Charge, Pay, ShopRefund, Undo, Void
from programs.coin.till.facts import Closing, DrawerCounted, Sums
from programs.coin.till.fold import add
from sync.entries import Entry
from sync.facts import UnitState

metadata = MetaData()

taken = Table(
    "coin_taken",
    metadata,
    Column("writer", Text, primary_key=True),
    Column("boot", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("life", BigInteger, nullable=False),
    Column("day", BigInteger, nullable=False),
    Column("payments", Integer, nullable=False),
    Column("paid", BigInteger, nullable=False),
    Column("voids", Integer, nullable=False),
    Column("voided", BigInteger, nullable=False),
    Column("charges", Integer, nullable=False),
    Column("charged", BigInteger, nullable=False),
    Column("undos", Integer, nullable=False),
    Column("undone", BigInteger, nullable=False),
    Column("refunds", Integer, nullable=False),
    Column("refunded", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

closing = Table(
    "coin_closing",
    metadata,
    Column("writer", Text, primary_key=True),
    Column("boot", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("life", BigInteger, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("place", Text, nullable=False),
    Column("day", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("is_automatic", Integer, nullable=False),
    Column("sums", Text, nullable=False),
    Column("difference", BigInteger),  # of the cash that was counted for it; none where there was no drawer
    Column("reason", Text),
    Index("coin_closing_by_number", "writer", "life", "number"),
    Index("coin_closing_by_day", "day"),
    sqlite_with_rowid=False,
)

span = Table(
    "coin_closing_span",
    metadata,
    Column("writer", Text, primary_key=True),
    Column("at_boot", Text, primary_key=True),  # the closing is at_boot/at_seq
    Column("at_seq", BigInteger, primary_key=True),
    Column("line", Integer, primary_key=True),
    Column("life", BigInteger, nullable=False),
    Column("boot", Text, nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Index("coin_closing_span_by_place", "writer", "boot", "first"),
    sqlite_with_rowid=False,
)

_SUMS: Final = msgspec.json.Decoder(Sums)
_FIGURES: Final = Sums.__struct_fields__

Row = sa.RowMapping
Place = tuple[str, str, int]
"""Writer, boot and seq of a closing."""


class Checked(msgspec.Struct, frozen=True):
    """A closing, and whether it is right.

    Attributes:
        difference: by how much more cash there was than there should have been, or None where none was counted.
        entries: what the entries that it covers add up to here.
        wrong: what is not right about it; nothing, if all is.
        since_day: the day of the oldest entry that it covers, or None.
    """

    unit: str
    life: int
    number: int
    place: str
    day: int
    at_ms: int
    is_automatic: bool
    sums: Sums
    difference: int | None
    reason: str
    entries: Sums
    wrong: tuple[str, ...]
    since_day: int | None = None

    @property
    def is_late(self) -> bool:
        """Whether it was made on a later day than something that it adds up."""
        return self.since_day is not None and self.since_day < self.day


class Standing(msgspec.Struct, frozen=True):
    """How one life of a till stands.

    Attributes:
        number, day: of its last closing; 0 if there was none.
        open_entries: how many entries are in no closing; `since_day`: the day of the oldest, or None.
        is_over: the unit has another life by now, or none.
        is_missed: a closing was missed: something of an earlier day is in none, or the town closes tills by the clock
            and nothing has been heard of one since the day before yesterday.
    """

    unit: str
    life: int
    number: int
    day: int
    open_entries: int
    since_day: int | None
    is_over: bool
    is_missed: bool


def record(connection: sa.Connection, entries: Iterable[Entry]) -> None:
    """Note entries about money and closings, within the caller's transaction."""
    rows: dict[Table, list[dict[str, Any]]] = {taken: [], closing: [], span: []}
    counted: dict[Place, DrawerCounted] = {}
    for entry in entries:
        place = {"writer": entry.unit, "boot": entry.boot, "seq": entry.seq}
        match entry.fact:
            case Charge() | Pay() | Void() | Undo() | ShopRefund() as fact:
                rows[taken].append({**place, "life": fact.life, "day": fact.day, **_figures(add(Sums(), fact))})
            case DrawerCounted() as fact:
                counted[entry.unit, entry.boot, entry.seq] = fact
            case Closing() as fact:
                # Whoever counts writes both in one commit, so they also come in one segment.
                drawer = counted.get((entry.unit, entry.boot, entry.seq - 1))
                rows[closing].append({**place, **_closing_row(entry, fact, drawer)})
                rows[span] += _span_rows(entry, fact)
            case _:
                pass
    for table, some in rows.items():
        if some:
            connection.execute(sa.insert(table), some)


def _figures(sums: Sums) -> dict[str, int]:
    return {name: getattr(sums, name) or 0 for name in _FIGURES}


def _closing_row(entry: Entry, fact: Closing, drawer: DrawerCounted | None) -> dict[str, Any]:
    return {
        "life": fact.life,
        "number": fact.number,
        "place": fact.place,
        "day": fact.day,
        "at": entry.at,
        "is_automatic": int(fact.is_automatic),
        "sums": msgspec.json.encode(fact.sums).decode(),
        "difference": drawer.difference if drawer else None,
        "reason": drawer.reason if drawer else None,
    }


def _span_rows(entry: Entry, fact: Closing) -> list[dict[str, Any]]:
    place = {"writer": entry.unit, "at_boot": entry.boot, "at_seq": entry.seq, "life": fact.life}
    return [
        {**place, "line": line, "boot": one.boot, "first": one.first, "last": one.last}
        for line, one in enumerate(fact.covers, 1)
    ]


def closings(connection: sa.Connection, since_day: int = 0, unit: str = "") -> list[Checked]:
    """Return the closings since a day, checked, the newest first."""
    wanted = closing.c.day >= since_day
    if unit:
        wanted &= closing.c.writer == unit
    asked = sa.select(closing).where(wanted).order_by(closing.c.at.desc(), closing.c.writer, closing.c.number.desc())
    added, overlaps, numbers = _added(connection, wanted), _overlaps(connection, wanted), _numbers(connection, unit)
    since = _since(connection, wanted)
    found = []
    for row in connection.execute(asked).mappings():
        place = (row["writer"], row["boot"], row["seq"])
        entries = added.get(place, Sums())
        wrong = _wrong(row, entries, numbers, is_double=place in overlaps)
        found.append(msgspec.structs.replace(_checked(row, entries, wrong), since_day=since.get(place)))
    return found


def _checked(row: Row, entries: Sums, wrong: tuple[str, ...]) -> Checked:
    return Checked(
        unit=row["writer"],
        life=row["life"],
        number=row["number"],
        place=row["place"],
        day=row["day"],
        at_ms=row["at"],
        is_automatic=bool(row["is_automatic"]),
        sums=_SUMS.decode(row["sums"]),
        difference=row["difference"],
        reason=row["reason"] or "",
        entries=entries,
        wrong=wrong,
    )


def _wrong(row: Row, entries: Sums, numbers: Mapping[tuple[str, int, int], int], *, is_double: bool) -> tuple[str, ...]:
    """Say what is not right about a closing."""
    life, number = (row["writer"], row["life"]), row["number"]
    found = []
    if entries != _SUMS.decode(row["sums"]):
        found.append("its sums are not those of its entries")
    if is_double:
        found.append("another closing covers some of the same entries")
    if numbers[*life, number] > 1:
        found.append("another closing has the same number")
    if number > 1 and (*life, number - 1) not in numbers:
        found.append(f"no. {number - 1} is missing")
    return tuple(found)


_COVERED: Final = sa.and_(
    taken.c.writer == span.c.writer,
    taken.c.boot == span.c.boot,
    taken.c.life == span.c.life,
    taken.c.seq.between(span.c.first, span.c.last),
)
_OF_CLOSING: Final = sa.and_(
    span.c.writer == closing.c.writer, span.c.at_boot == closing.c.boot, span.c.at_seq == closing.c.seq
)


def _added(connection: sa.Connection, wanted: sa.ColumnElement[bool]) -> dict[Place, Sums]:
    """Return what the entries that each closing covers add up to."""
    sums = [sa.func.sum(taken.c[name]).label(name) for name in _FIGURES]
    place = (span.c.writer, span.c.at_boot, span.c.at_seq)
    asked = sa.select(*place, *sums).join(closing, _OF_CLOSING).join(taken, _COVERED).where(wanted).group_by(*place)
    rows = connection.execute(asked.select_from(span)).all()
    return {(writer, boot, seq): _sums(figures) for writer, boot, seq, *figures in rows}


def _sums(figures: Sequence[Any]) -> Sums:
    """Return sums as a closing spells them: what never happened of refunds is not there."""
    sums = Sums(*(int(figure) for figure in figures))
    return msgspec.structs.replace(sums, refunds=sums.refunds or UNSET, refunded=sums.refunded or UNSET)


def _since(connection: sa.Connection, wanted: sa.ColumnElement[bool]) -> dict[Place, int]:
    """Return the day of the oldest entry that each closing covers."""
    place = (span.c.writer, span.c.at_boot, span.c.at_seq)
    asked = sa.select(*place, sa.func.min(taken.c.day)).join(closing, _OF_CLOSING).join(taken, _COVERED)
    rows = connection.execute(asked.where(wanted).group_by(*place).select_from(span)).all()
    return {(writer, boot, seq): int(day) for writer, boot, seq, day in rows}


def _overlaps(connection: sa.Connection, wanted: sa.ColumnElement[bool]) -> set[Place]:
    """Return the closings that share an entry with another one."""
    other = span.alias()
    is_other = sa.or_(other.c.at_boot != span.c.at_boot, other.c.at_seq != span.c.at_seq)
    shares = sa.and_(
        *(other.c.writer == span.c.writer, other.c.boot == span.c.boot, is_other),
        *(other.c.first <= span.c.last, span.c.first <= other.c.last),
    )
    asked = sa.select(span.c.writer, span.c.at_boot, span.c.at_seq).select_from(span)
    rows = connection.execute(asked.join(closing, _OF_CLOSING).join(other, shares).where(wanted)).all()
    return {(writer, boot, seq) for writer, boot, seq in rows}


def _numbers(connection: sa.Connection, unit: str) -> dict[tuple[str, int, int], int]:
    """Return how often each number was given, by unit and life."""
    each = (closing.c.writer, closing.c.life, closing.c.number)
    asked = sa.select(*each, sa.func.count()).group_by(*each)
    rows = connection.execute(asked.where(closing.c.writer == unit) if unit else asked).all()
    return {(writer, life, number): count for writer, life, number, count in rows}


def standings(connection: sa.Connection, today: int, *, is_by_clock: bool) -> list[Standing]:
    """Return how every till stands that has taken or closed anything, in the order of their names.

    Args:
        today: the day by the town's calendar.
        is_by_clock: the town's tills are closed by the clock every day.
    """
    lives = {
        row.name: row.epoch if row.state != UnitState.CLOSED else None
        for row in connection.execute(sa.select(store.unit.c.name, store.unit.c.epoch, store.unit.c.state))
    }
    last, open_ = _last(connection), _open(connection)
    found = []
    for unit, life in sorted(last.keys() | open_.keys()):
        number, day = last.get((unit, life), (0, 0))
        entries, since = open_.get((unit, life), (0, None))
        is_silent = is_by_clock and number > 0 and day < today - 1
        is_over = lives.get(unit) != life
        is_missed = (since is not None and since < today) or (is_silent and not is_over)
        found.append(Standing(unit, life, number, day, entries, since, is_over, is_missed))
    return found


def _last(connection: sa.Connection) -> dict[tuple[str, int], tuple[int, int]]:
    each = (closing.c.writer, closing.c.life)
    asked = sa.select(*each, sa.func.max(closing.c.number), sa.func.max(closing.c.day)).group_by(*each)
    return {(unit, life): (number, day) for unit, life, number, day in connection.execute(asked)}


def _open(connection: sa.Connection) -> dict[tuple[str, int], tuple[int, int]]:
    """Return how many entries are in no closing, and the day of the oldest."""
    each = (taken.c.writer, taken.c.life)
    is_open = ~sa.exists().where(_COVERED).correlate(taken)
    asked = sa.select(*each, sa.func.count(), sa.func.min(taken.c.day)).where(is_open).group_by(*each)
    return {(unit, life): (count, day) for unit, life, count, day in connection.execute(asked)}
