"""What a shop is told of one period (精算書): what it had to get, what was added and taken back, what it is paid.

It follows from the stored entries alone. Which entries a batch has counted was said with it, so a statement of a
settled period stays what it was, whatever arrives later: that stands in the next one, named as late.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
import sqlalchemy as sa

from programs.coin.settlement import counted
from programs.coin.settlement.books import BatchBook, OfficeBooks, When
from programs.coin.settlement.counted import UNCOUNTED, Sum
from programs.coin.settlement.tables import Line

PAYMENTS: Final = "payments"
VOIDS: Final = "voids"
REFUNDS: Final = "refunds"
SHOPS: Final = "shops"
ADJUSTMENTS: Final = "adjustments"
PARTS: Final = (PAYMENTS, VOIDS, REFUNDS, SHOPS, ADJUSTMENTS)
_PART_OF: Final = {
    **dict.fromkeys(("coin.pay", "coin.insured", "coin.counter-pay", "coin.online"), PAYMENTS),
    **dict.fromkeys(("coin.void", "coin.insured-void"), VOIDS),
    **dict.fromkeys(("coin.refund", "coin.shop-refund"), REFUNDS),
    **dict.fromkeys(("coin.drawn", "coin.put-back", "coin.shop-paid"), SHOPS),
}
_FIRST: Final[When] = (-(2**53), "", 0)


class Part(msgspec.Struct, frozen=True):
    """How many entries, and what they come to."""

    count: int = 0
    yen: int = 0


class StatementLine(msgspec.Struct, frozen=True):
    """One entry on a statement.

    Attributes:
        entry: its id, by which anybody can look it up.
        day: for which it counts. `is_late`: that is before the period, and it arrived when that one was settled.
    """

    entry: str
    day: int
    part: str
    yen: int
    is_late: bool


class Statement(msgspec.Struct, frozen=True):
    """One shop, one period.

    Attributes:
        batch: by which it was settled; 0: not yet.
        first, last: of the period; None where it has no beginning, or is not settled.
        opening: what was carried forward.
        parts: the entries of the period, by payments, voids, refunds, what went between shops, and adjustments.
        late: those of earlier periods that arrived after those were settled.
        returned: transfers that came back since the last statement.
        paid: the transfer; 0 if the sum waits. `pay_on`: on which day. `bounced`: why it came back, or "".
        closing: what is carried forward.
    """

    place: str
    batch: int
    first: int | None
    last: int | None
    opening: int
    parts: dict[str, Part]
    late: Part
    returned: int
    paid: int
    pay_on: int | None
    state: str
    bounced: str
    closing: int
    lines: tuple[StatementLine, ...]


class Carried(msgspec.Struct, frozen=True):
    """How a shop stood at the end of one statement: behind which batch, made when, and what was carried forward."""

    batch: BatchBook | None
    opening: int
    returned: int
    closing: int


def statement(
    connection: sa.Connection, books: OfficeBooks, place: str, batch: int, utc_offset_minutes: int
) -> Statement:
    """Return what a shop is told of the period that a batch settled, or of what none has settled (`UNCOUNTED`)."""
    sums = counted.sums(connection, place, books.void)
    standing = [book for book in books.standing if batch == UNCOUNTED or book.number <= batch]
    carried = balances(standing, sums, place, is_open=batch == UNCOUNTED)
    before = standing if batch == UNCOUNTED else standing[:-1]
    first = before[-1].said.upto + 1 if before else None
    found = counted.lines(connection, place, batch, books.void)
    lines = tuple(_line(line, first, utc_offset_minutes) for line in found)
    book = None if batch == UNCOUNTED else standing[-1]
    sent = next((sent for sent in book.transfers if sent.place == place), None) if book else None
    return Statement(
        place=place,
        batch=batch,
        first=first,
        last=book.said.upto if book else None,
        opening=carried.opening,
        parts={part: _part([line for line in lines if line.part == part and not line.is_late]) for part in PARTS},
        late=_part([line for line in lines if line.is_late]),
        returned=carried.returned,
        paid=sent.yen if sent else 0,
        pay_on=book.said.pay_on if book and sent else None,
        state=str(book.state) if book else "",
        bounced=sent.because if sent and sent.back else "",
        closing=carried.closing,
        lines=lines,
    )


def balances(standing: Sequence[BatchBook], sums: Sequence[Sum], place: str, *, is_open: bool) -> Carried:
    """Return how a shop stood at the end of the last of these batches, or stands now."""
    added: dict[int, int] = {}
    for one in sums:
        added[one.batch] = added.get(one.batch, 0) + one.yen
    here = Carried(None, 0, 0, 0)
    since = _FIRST
    for book in standing:
        returned = _returned(standing, place, since, book.when)
        paid = sum(sent.yen for sent in book.transfers if sent.place == place)
        closing = here.closing + added.get(book.number, 0) + returned - paid
        here, since = Carried(book, here.closing, returned, closing), book.when
    if not is_open:
        return here
    returned = _returned(standing, place, since, None)
    return Carried(None, here.closing, returned, here.closing + added.get(UNCOUNTED, 0) + returned)


def _returned(standing: Sequence[BatchBook], place: str, since: When, upto: When | None) -> int:
    """Return what came back to a shop between two moments, or since one."""
    came = (sent for book in standing for sent in book.transfers if sent.place == place and sent.back is not None)
    return sum(sent.yen for sent in came if sent.back and since < sent.back and (upto is None or sent.back < upto))


def part_of(kind: str) -> str:
    """Return to which part of a statement an entry belongs, by its kind."""
    return _PART_OF.get(kind, ADJUSTMENTS)


def _line(line: Line, first: int | None, utc_offset_minutes: int) -> StatementLine:
    day = line.counts_for(utc_offset_minutes)
    part = part_of(line.kind)
    return StatementLine(line.id, day, part, line.yen, is_late=first is not None and day < first)


def _part(lines: Sequence[StatementLine]) -> Part:
    return Part(len(lines), sum(line.yen for line in lines))
