"""The single entries behind a difference, each with what the unit says, what the town's ledger says, and why."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from central import ledger, store
from programs.coin.reconciling.sums import Days, Period, arrived, counted_by, of_centre
from programs.coin.settlement.accounts import SHOP
from programs.coin.settlement.books import OfficeBooks
from programs.coin.settlement.counted import UNCOUNTED
from programs.coin.settlement.facts import Reason, TransferBack
from programs.coin.settlement.tables import line
from programs.coin.till import books as till
from sync.entries import Entry

SHORT: Final = "short"
UNPROVEN: Final = "unproven"
CLOSING: Final = "closing"
BACK: Final = "back"
FORK: Final = "fork"
LATE: Final = "late"
LATE_SHOWN: Final = 50
_UNPROVEN_KIND: Final = "coin.counter-unproven"

REASONS: Final = {
    SHORT: Reason.SHORT,
    UNPROVEN: Reason.UNIT,
    CLOSING: Reason.UNIT,
    BACK: Reason.BANK,
    FORK: Reason.UNIT,
    LATE: Reason.LATE,
}
"""What each most likely comes from, for whoever looks into it."""


class Difference(msgspec.Struct, frozen=True):
    """One entry at which two of the three do not agree.

    Attributes:
        name: what kind of difference it is.
        entry: the id of the entry that it is about.
        place: the shop; "" where it is about a unit.
        yen: how much it is about; 0 where that is not known.
        at_ms: when it was written, by its writer's clock.
        is_over: what was lacking is there by now.
    """

    name: str
    entry: str
    place: str
    yen: int
    at_ms: int
    is_over: bool = False


def differences(
    connection: sa.Connection, books: OfficeBooks, said: Sequence[Entry], period: Period, utc_offset_minutes: int
) -> list[Difference]:
    """Return what may have to be looked at of a period; what is only late at the end, and not more than some of it."""
    found = [
        *_forks(connection),
        *_short(connection, books, period),
        *_unproven(connection, books, period),
        *_closings(connection, period),
        *_back(said, period),
    ]
    return [
        *sorted(found, key=lambda one: (-one.at_ms, one.entry)),
        *_late(connection, books, period, utc_offset_minutes),
    ]


def _short(connection: sa.Connection, books: OfficeBooks, period: Period) -> Iterator[Difference]:
    """Yield the payments for which a card had not enough when they were booked: the shop gets them all the same."""
    posting, short = ledger.posting.c, ledger.SHORT
    same = sa.and_(*(posting[name] == line.c[name] for name in ("writer", "boot", "seq")))
    lacked = posting.source.startswith(short, autoescape=True), posting.target == sa.literal(SHOP) + line.c.place
    asked = sa.select(*_LINE, posting.source, posting.amount).join_from(line, ledger.posting, same)
    rows = connection.execute(asked.where(*lacked, counted_by(period.number, books.void)).order_by(*_LINE)).all()
    lacks = ledger.balances(connection, sorted({row.source for row in rows}))
    for row in rows:
        yield Difference(SHORT, _id(row), row.place, row.amount, row.at, is_over=not lacks[row.source])


def _unproven(connection: sa.Connection, books: OfficeBooks, period: Period) -> Iterator[Difference]:
    asked = sa.select(*_LINE, line.c.yen).where(line.c.kind == _UNPROVEN_KIND, counted_by(period.number, books.void))
    for row in connection.execute(asked.order_by(*_LINE)):
        yield Difference(UNPROVEN, _id(row), row.place, row.yen, row.at)


def _closings(connection: sa.Connection, period: Period) -> Iterator[Difference]:
    """Yield the closings of tills in which a unit has added up something else than its entries come to here."""
    table = till.closing.c
    for one in till.closings(connection, period.first or 0):
        if not one.wrong or (period.last is not None and one.day > period.last):
            continue
        its = table.writer == one.unit, table.life == one.life, table.number == one.number, table.at == one.at_ms
        boot, seq = connection.execute(sa.select(table.boot, table.seq).where(*its)).first() or ("", 0)
        yen = one.sums.net - one.entries.net
        yield Difference(CLOSING, f"{one.unit}/{boot}/{seq}", one.place, yen, one.at_ms)


def _back(said: Sequence[Entry], period: Period) -> Iterator[Difference]:
    for entry in said:
        match entry.fact:
            case TransferBack(batch=batch, place=place, yen=yen) if batch == period.number != UNCOUNTED:
                yield Difference(BACK, str(entry.id), place, -yen, entry.at)
            case _:
                pass


def _forks(connection: sa.Connection) -> Iterator[Difference]:
    """Yield where a unit has written two entries under one number, and nobody has settled it; whatever the period."""
    table = store.incident.c
    asked = sa.select(table.detail, table.opened_ms).where(table.kind == FORK, table.closed_ms.is_(None))
    for row in connection.execute(asked.order_by(table.n)):
        yield Difference(FORK, msgspec.json.decode(row.detail)["at"], "", 0, row.opened_ms)


def _late(
    connection: sa.Connection, books: OfficeBooks, period: Period, utc_offset_minutes: int
) -> Iterator[Difference]:
    """Yield the latest entries of earlier periods that a period has counted because they came late."""
    if period.first is None:
        return
    is_late = Days(utc_offset_minutes).is_before(period.first), sa.not_(of_centre())
    asked = sa.select(*_LINE, line.c.yen).select_from(arrived()).where(counted_by(period.number, books.void), *is_late)
    for row in connection.execute(asked.order_by(line.c.at.desc(), *_LINE).limit(LATE_SHOWN)):
        yield Difference(LATE, _id(row), row.place, row.yen, row.at)


_LINE: Final = (line.c.place, line.c.writer, line.c.boot, line.c.seq, line.c.at)


def _id(row: Any) -> str:
    return f"{row.writer}/{row.boot}/{row.seq}"
