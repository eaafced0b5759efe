"""The tables from which shops are paid: every entry that moves a shop's money, and what the office said of it.

Derived, as everything that is added up: dropped and made again from the stored segments, they are the same.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, Union

import msgspec
import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, Index, MetaData, Table, Text

from central.ledger import Move
from central.prepared import Prepared
from programs.coin.settlement import facts
from programs.coin.settlement.accounts import SHOP
from programs.coin.settlement.books import OfficeBooks, fold
from programs.coin.settlement.facts import Counted, Settled, Transfer, TransferBack
from sync.entries import Entry
from sync.messages import OFFICE_STREAM, TOWN_STREAM
from sync.program import town_day

metadata = MetaData()

line = Table(
    "coin_shop_line",
    metadata,
    Column("writer", Text, primary_key=True),
    Column("boot", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("place", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("yen", BigInteger, nullable=False),  # what the shop has to get more; below zero: less
    Column("at", BigInteger, nullable=False),
    Column("day", BigInteger),  # as the entry says it, if it does
    Index("coin_shop_line_by_place", "place"),
    sqlite_with_rowid=False,
)

run = Table(
    "coin_shop_run",
    metadata,
    Column("said_boot", Text, primary_key=True),  # in which entry of the office, and as which of its runs
    Column("said_seq", BigInteger, primary_key=True),
    Column("n", BigInteger, primary_key=True),
    Column("batch", BigInteger, nullable=False),
    Column("place", Text, nullable=False),
    Column("writer", Text, nullable=False),
    Column("boot", Text, nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Index("coin_shop_run_by_place", "place", "writer", "boot"),
    sqlite_with_rowid=False,
)

said = Table(
    "coin_settlement",
    metadata,
    Column("writer", Text, primary_key=True),
    Column("boot", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("paid", BigInteger, nullable=False),  # what shops have got by it; below zero: what came back
    Column("fact", Text, nullable=False),
    sqlite_with_rowid=False,
)

_NOTE_LINES: Final = Prepared(sa.insert(line))
_FOLDED: Final = tuple(kind for kind in facts.KINDS if kind is not Counted)
_FACT: Final[msgspec.json.Decoder[Any]] = msgspec.json.Decoder(Union[_FOLDED])  # noqa: UP007


class Line(msgspec.Struct, frozen=True):
    """What one entry moved of a shop's money.

    Attributes:
        yen: what the shop has to get more by it; below zero: less.
        at_ms: by the clock of whoever wrote it; `received_ms`: when it arrived, by the centre's.
        day: as the entry says it, or None.
    """

    writer: str
    boot: str
    seq: int
    place: str
    kind: str
    yen: int
    at_ms: int
    day: int | None
    received_ms: int

    @property
    def id(self) -> str:
        return f"{self.writer}/{self.boot}/{self.seq}"

    def counts_for(self, utc_offset_minutes: int) -> int:
        """Return the day for which it counts, by the town's calendar.

        Nothing happens after it has arrived: a unit whose clock is ahead must not keep its shop waiting.
        """
        said = town_day(self.at_ms, utc_offset_minutes) if self.day is None else self.day
        return min(said, town_day(self.received_ms, utc_offset_minutes))


def record(connection: sa.Connection, entries: Sequence[Entry], moves: Callable[[Entry], Sequence[Move]]) -> None:
    """Add entries to the tables, within the caller's transaction."""
    lines: list[dict[str, Any]] = []
    runs: list[dict[str, Any]] = []
    facts_said: list[dict[str, Any]] = []
    for entry in entries:
        if counts(entry):
            if isinstance(entry.fact, Counted):
                runs += _runs(entry, entry.fact)
            else:
                facts_said.append(_said(entry))
        else:
            lines += _lines(entry, moves(entry))
    _NOTE_LINES.many(connection, lines)
    for table, rows in ((run, runs), (said, facts_said)):
        if rows:
            connection.execute(sa.insert(table), rows)


def counts(entry: Entry) -> bool:
    """Tell whether an entry is one of those by which shops are paid, and in the journal in which it counts."""
    here = TOWN_STREAM if isinstance(entry.fact, Settled) else OFFICE_STREAM
    return entry.unit == here and isinstance(entry.fact, facts.KINDS)


def _lines(entry: Entry, moves: Sequence[Move]) -> list[dict[str, Any]]:
    moved: dict[str, int] = {}
    for move in moves:
        for account, yen in ((move.source, -move.amount), (move.target, move.amount)):
            if account.startswith(SHOP):
                moved[account.removeprefix(SHOP)] = moved.get(account.removeprefix(SHOP), 0) + yen
    place = {"writer": entry.unit, "boot": entry.boot, "seq": entry.seq}
    fields = {"kind": entry.kind, "at": entry.at, "day": getattr(entry.fact, "day", None)}
    return [{**place, **fields, "place": shop, "yen": yen} for shop, yen in sorted(moved.items())]


def _runs(entry: Entry, fact: Counted) -> list[dict[str, Any]]:
    rows = []
    for n, text in enumerate(fact.runs):
        writer, boot, span = text.split("/")
        first, last = map(int, span.split("-"))
        said_in = {"said_boot": entry.boot, "said_seq": entry.seq, "n": n, "batch": fact.batch}
        rows.append({**said_in, "place": fact.place, "writer": writer, "boot": boot, "first": first, "last": last})
    return rows


def _said(entry: Entry) -> dict[str, Any]:
    match entry.fact:
        case Transfer(yen=yen):
            paid = yen
        case TransferBack(yen=yen):
            paid = -yen
        case _:
            paid = 0
    place = {"writer": entry.unit, "boot": entry.boot, "seq": entry.seq}
    return {**place, "at": entry.at, "paid": paid, "fact": msgspec.json.encode(entry.fact).decode()}


def paid_out(connection: sa.Connection) -> int:
    """Return what all shops have got so far."""
    return int(connection.execute(sa.select(sa.func.coalesce(sa.func.sum(said.c.paid), 0))).scalar_one())


def office_books(connection: sa.Connection) -> OfficeBooks:
    """Return what the office has said about paying shops."""
    return fold(said_entries(connection))


def said_entries(connection: sa.Connection) -> list[Entry]:
    """Return the entries in which it has said so."""
    rows = connection.execute(sa.select(said).order_by(*said.primary_key)).all()
    return [Entry(row.writer, row.boot, row.seq, row.at, _FACT.decode(row.fact)) for row in rows]
