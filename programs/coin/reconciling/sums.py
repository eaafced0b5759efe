"""Three figures for each shop and period, and what leads from one to the next, so that nothing is left unexplained.

A period is what one batch has settled, or what none has yet. What a unit wrote counts for the day that it says; what
came when the period was settled stands in a later one, and is named here as late.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import sqlalchemy as sa

from central import ledger, reconcile, store
from programs.coin.settlement import counted
from programs.coin.settlement.accounts import SHOP
from programs.coin.settlement.books import BatchBook, OfficeBooks
from programs.coin.settlement.counted import UNCOUNTED
from programs.coin.settlement.statement import Carried, balances
from programs.coin.settlement.tables import line, run
from sync.messages import OFFICE_STREAM, ONE_UNIT, TOWN_STREAM
from sync.program import DAY_MS, MINUTE_MS

OPEN: Final = "open"
"""What the period is called that is not settled yet."""

LATER: Final = "later"  # entries of this period that came when it was settled
EARLIER: Final = "earlier"  # entries of earlier periods that came so, and are counted in this one
OFFICE: Final = "office"  # what the office itself wrote: refunds, pages of residents, remedies
UNLIKE: Final = "unlike"  # the ledger has another sum than these entries; nothing else explains it
OPENING: Final = "opening"  # carried forward from before
RETURNED: Final = "returned"  # transfers that came back since the batch before
CARRIED: Final = "carried"  # carried forward: too little, no account, or more taken back than paid
BOUNCED: Final = "bounced"  # the transfer itself came back
TO_LEDGER: Final = (LATER, EARLIER, OFFICE, UNLIKE)
TO_BANK: Final = (OPENING, RETURNED, CARRIED, BOUNCED)


class Sums(msgspec.Struct, frozen=True):
    """One shop in one period (yen).

    Attributes:
        units: what units wrote for the days of the period, whenever it came.
        ledger: what the entries that the batch has counted moved in the ledger.
        bank: what the bank was told to pay, and did not send back.
        why: what leads from units to ledger (`TO_LEDGER`), and from there, less what is unexplained, to bank
            (`TO_BANK`); by name, and nothing is left out.
    """

    place: str
    units: int
    ledger: int
    bank: int
    why: Mapping[str, int]

    @property
    def difference(self) -> int:
        """Return by how much less the bank pays than the units have taken."""
        return self.units - self.bank

    @property
    def unexplained(self) -> int:
        """Return by how much the ledger differs from the entries that it is made from; anything but 0 is a fault."""
        return self.why.get(UNLIKE, 0)


class Period(msgspec.Struct, frozen=True):
    """What one batch has settled, or what none has (`number` UNCOUNTED). `first`, `last`: days; None: it has no end."""

    number: int
    first: int | None
    last: int | None

    @property
    def name(self) -> str:
        """Return what it is called in an address or a command: its number, or `OPEN`."""
        return str(self.number) if self.number else OPEN


def periods(books: OfficeBooks) -> list[Period]:
    """Return the periods, that which is not settled first, then the latest."""
    ends = [(book.number, book.said.upto) for book in books.standing]
    begins = [None, *(upto + 1 for _, upto in ends)]
    settled = [Period(number, first, upto) for (number, upto), first in zip(ends, begins, strict=False)]
    return [Period(UNCOUNTED, begins[-1], None), *reversed(settled)]


def asked(books: OfficeBooks, name: str) -> Period | None:
    """Return the period of a name; that which was settled last, if none is named; None if there is none such."""
    known = periods(books)
    if not name:
        return known[min(1, len(known) - 1)]
    return next((one for one in known if one.name == name), None)


def sums(connection: sa.Connection, books: OfficeBooks, period: Period, utc_offset_minutes: int) -> list[Sums]:
    """Return the three figures of every shop that has any in a period, by place."""
    days = Days(utc_offset_minutes)
    parts, later = _parts(connection, books, period, days), _later(connection, books, period, days)
    booked, carried = _booked(connection, books, period), _carried(connection, books, period)
    book = books.batches.get(period.number)
    sent = {one.place: one for one in book.transfers} if book else {}
    found = []
    for place in sorted(parts.keys() | later.keys() | carried.keys() | sent.keys()):
        units, early, office = (parts.get(place, {}).get(part, 0) for part in ("units", EARLIER, OFFICE))
        here = carried.get(place, Carried(None, 0, 0, 0))
        back = sent[place].yen if place in sent and sent[place].back else 0
        in_ledger = booked.get(place, 0)
        why = {
            LATER: -later.get(place, 0),
            EARLIER: early,
            OFFICE: office,
            UNLIKE: in_ledger - units - early - office,
            OPENING: here.opening,
            RETURNED: here.returned,
            CARRIED: -here.closing,
            BOUNCED: -back,
        }
        paid = sent[place].yen - back if place in sent else 0
        found.append(
            Sums(place, units + later.get(place, 0), in_ledger, paid, {name: yen for name, yen in why.items() if yen})
        )
    return [one for one in found if one.units or one.ledger or one.bank or one.why]


class Days:
    """Days by the town's calendar, as a database works them out."""

    def __init__(self, utc_offset_minutes: int) -> None:
        offset_ms = utc_offset_minutes * MINUTE_MS
        self.said = sa.func.coalesce(line.c.day, (line.c.at + offset_ms) // DAY_MS)
        self.received = (store.segment.c.received_ms + offset_ms) // DAY_MS

    def is_before(self, first: int | None) -> sa.ColumnElement[bool]:
        """Whether an entry counts for a day before another: nothing happens after it has arrived."""
        return sa.false() if first is None else sa.or_(self.said < first, self.received < first)


def days_of(utc_offset_minutes: int) -> Days:
    """Return days by the calendar of a town so far ahead of UTC."""
    return Days(utc_offset_minutes)


def counted_by(number: int, void: Sequence[int]) -> sa.ColumnElement[bool]:
    """Whether a batch has counted an entry of a shop, and no batch before it; UNCOUNTED: whether none has."""
    key = (line.c.place, line.c.writer, line.c.boot, line.c.seq)
    inside = sa.select(*key).join_from(run, line, _same()).where(run.c.batch.not_in(void))
    if number == UNCOUNTED:
        return sa.tuple_(*key).in_(sa.except_(sa.select(*key), inside))
    here = sa.tuple_(*key).in_(inside.where(run.c.batch == number))
    return sa.and_(here, sa.not_(_covered(void, run.c.batch < number)))


def _same() -> sa.ColumnElement[bool]:
    same = (run.c[name] == line.c[name] for name in ("place", "writer", "boot"))
    return sa.and_(*same, line.c.seq.between(run.c.first, run.c.last))


def _covered(void: Sequence[int], which: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    return sa.exists().where(_same(), run.c.batch.not_in(void), which).correlate(line)


def of_centre() -> sa.ColumnElement[bool]:
    """Whether the centre itself wrote an entry of a shop."""
    return sa.or_(line.c.writer.in_((OFFICE_STREAM, TOWN_STREAM)), line.c.writer.startswith(ONE_UNIT, autoescape=True))


def arrived() -> sa.FromClause:
    """Return the entries of shops, each with the delivery in which it came."""
    entry = reconcile.entry
    same = sa.and_(*(entry.c[name] == line.c[name] for name in ("writer", "boot", "seq")))
    return line.join(entry, same).join(store.segment, store.segment.c.n == entry.c.n)


def _parts(connection: sa.Connection, books: OfficeBooks, period: Period, days: Days) -> dict[str, dict[str, int]]:
    """Return what a batch has counted of each shop: of its own days, of earlier ones, and of the office."""
    part = sa.case((of_centre(), OFFICE), (days.is_before(period.first), EARLIER), else_="units")
    rows = sa.select(line.c.place, part.label("part"), line.c.yen).select_from(arrived())
    each = rows.where(counted_by(period.number, books.void)).subquery()
    asked = sa.select(each.c.place, each.c.part, sa.func.sum(each.c.yen)).group_by(each.c.place, each.c.part)
    found: dict[str, dict[str, int]] = {}
    for place, name, yen in connection.execute(asked):
        found.setdefault(place, {})[name] = int(yen)
    return found


def _later(connection: sa.Connection, books: OfficeBooks, period: Period, days: Days) -> dict[str, int]:
    """Return what units wrote for the days of a settled period that came when it was settled."""
    if period.last is None:
        return {}
    in_it = days.said <= period.last
    if period.first is not None:
        in_it &= days.said >= period.first
    missed = sa.not_(_covered(books.void, run.c.batch <= period.number))
    asked = sa.select(line.c.place, sa.func.sum(line.c.yen)).where(in_it, missed, sa.not_(of_centre()))
    return {place: int(yen) for place, yen in connection.execute(asked.group_by(line.c.place))}


def _booked(connection: sa.Connection, books: OfficeBooks, period: Period) -> dict[str, int]:
    """Return what the entries that a batch has counted moved on each shop's account, by the ledger's own lines."""
    posting = ledger.posting.c
    same = sa.and_(*(posting[name] == line.c[name] for name in ("writer", "boot", "seq")))
    names = [sa.literal(prefix) + line.c.place for prefix in (SHOP, ledger.short(SHOP))]
    signed = sa.case((posting.target.in_(names), posting.amount), else_=0) - sa.case(
        (posting.source.in_(names), posting.amount), else_=0
    )
    rows = sa.select(line.c.place, signed.label("yen")).join_from(line, ledger.posting, same)
    each = rows.where(counted_by(period.number, books.void)).subquery()
    asked = sa.select(each.c.place, sa.func.sum(each.c.yen)).group_by(each.c.place)
    return {place: int(yen) for place, yen in connection.execute(asked)}


def _carried(connection: sa.Connection, books: OfficeBooks, period: Period) -> dict[str, Carried]:
    """Return how each shop stood at the end of a period, by the arithmetic of its statement."""
    is_open = period.number == UNCOUNTED
    standing: list[BatchBook] = [book for book in books.standing if is_open or book.number <= period.number]
    by_place = counted.sums_of_all(connection, books.void)
    places = by_place.keys() | {sent.place for book in standing for sent in book.transfers}
    return {place: balances(standing, by_place.get(place, []), place, is_open=is_open) for place in places}
