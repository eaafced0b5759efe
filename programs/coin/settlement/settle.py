"""Makes a batch: everything that has arrived is added up, and in the same transaction it is said who is paid what.

So whoever runs it twice pays nobody twice: the second one finds the first. The bank's file is written afterwards, from
what was said; if the power goes in between, it is written again.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import Final

import msgspec
import sqlalchemy as sa

from central import granting, ledger
from central.calendar import utc_offset_minutes
from central.centre import Centre
from programs.coin.settlement import bank, calendar, counted, plan, tables
from programs.coin.settlement.accounts import SHOP
from programs.coin.settlement.books import BatchBook, OfficeBooks
from programs.coin.settlement.facts import PayerSet, Settled
from programs.coin.settlement.plan import Due
from programs.coin.settlement.tables import Line
from programs.coin.terms import Settling
from sync.messages import OFFICE_STREAM, TOWN_STREAM
from sync.program import town_day

_SHORT: Final = f"{ledger.SHORT}coin/"


class SettleError(Exception):
    """Nobody is paid; the message says why, and what to do."""


class Wanted(msgspec.Struct, frozen=True):
    """What the treasurer asks for.

    Attributes:
        upto: the last day to be paid for; a closing day.
        pay_on: another pay day than the calendar's, or None.
        although: why shops are to be paid although cards have spent what they did not have; or "".
    """

    upto: int
    pay_on: int | None = None
    although: str = ""


class Made(msgspec.Struct, frozen=True):
    """A batch that was made, and what came of each shop, by place."""

    book: BatchBook
    dues: tuple[Due, ...]


def settle(centre: Centre, settling: Settling, wanted: Wanted) -> Made:
    """Make a batch of everything up to a day.

    Raises:
        SettleError: it cannot be; nothing was said.
        ZenginError: so much cannot stand in one file; nothing was said.
    """
    with centre.reconciler.counted() as connection:
        offset = utc_offset_minutes(connection)
        today = town_day(centre.town.clock.wall_ms(), offset)
        books = tables.office_books(connection)
        payer = _check_books(connection, books, wanted)
        pay_on = _check_days(settling, books, wanted, today)
        dues = _dues(connection, books, settling, wanted.upto, offset)
        number = books.next_number
        written = bank.file(payer, pay_on, plan.transfers(number, dues, books.shops))
        file = bank.fingerprint(written)
        said = plan.facts(number, wanted.upto, pay_on, payer, dues, books.shops, file, wanted.although)
        centre.streams.append(connection, OFFICE_STREAM, said)
        centre.streams.append(connection, TOWN_STREAM, [Settled(number, wanted.upto, pay_on)])
    return Made(batch(centre, number), tuple(dues))


def batch(centre: Centre, number: int) -> BatchBook:
    """Return a batch and what became of it.

    Raises:
        SettleError: there is none of that number.
    """
    with centre.reconciler.counted() as connection:
        return named(tables.office_books(connection), number)


def named(books: OfficeBooks, number: int) -> BatchBook:
    """Return a batch by its number.

    Raises:
        SettleError: there is none.
    """
    if number not in books.batches:
        raise SettleError(f"there is no batch {number}; machi central coin batches FOLDER lists them")
    return books.batches[number]


def shop_holds(connection: sa.Connection, place: str) -> int:
    """Return what a shop has to get by the ledger; below zero, if more was taken back than it had."""
    account = f"{SHOP}{place}"
    return ledger.balance(connection, account) + ledger.balance(connection, ledger.short(account))


def _check_books(connection: sa.Connection, books: OfficeBooks, wanted: Wanted) -> PayerSet:
    """Return from whom shops are paid, if the books are such that anybody can be."""
    if books.payer is None:
        raise SettleError("it is not known from which account shops are paid; say: machi central coin payer FOLDER …")
    if silent := granting.unheard(connection):
        raise SettleError(granting.waits_for(silent))
    if books.lost:
        lost = ", ".join(map(str, books.lost))
        raise SettleError(
            f"this centre was restored and has lost batch {lost}, which may be paid already. Bring back what was "
            "written beside the bank's file: machi central import FOLDER batch-….segments"
        )
    if (short := _short(connection)) and not wanted.although:
        named = ", ".join(f"{name} ({yen} yen)" for name, yen in short[:5])
        raise SettleError(
            f"more was spent than there was: {named}{' …' if len(short) > 5 else ''}. Look into it first; if the "  # noqa: PLR2004
            'town pays all the same, say why: --although "…"'
        )
    return books.payer


def _short(connection: sa.Connection) -> list[tuple[str, int]]:
    """Return the money of cards that was spent without being there, by account."""
    account = ledger.account.c
    asked = sa.select(account.name, account.balance).where(account.name.startswith(_SHORT), account.balance < 0)
    return [(name, -int(balance)) for name, balance in connection.execute(asked.order_by(account.name))]


def _check_days(settling: Settling, books: OfficeBooks, wanted: Wanted, today: int) -> int:
    """Return the day on which the bank is to pay."""
    upto = wanted.upto
    if not calendar.is_closing(settling, upto):
        near = calendar.closing_before(settling, upto), calendar.closing_after(settling, upto)
        raise SettleError(
            f"no period ends on {calendar.iso(upto)}; {' and '.join(map(calendar.iso, near))} are nearest"
        )
    if upto >= today:
        raise SettleError(f"{calendar.iso(upto)} is not over; settle from the day after it")
    if books.upto is not None and upto <= books.upto:
        raise SettleError(
            f"everything up to {calendar.iso(books.upto)} is settled by batch {books.standing[-1].number}. What came "
            "late is paid with the next period"
        )
    pay_on = calendar.pay_day(settling, upto) if wanted.pay_on is None else wanted.pay_on
    if pay_on <= today:
        raise SettleError(f"the pay day {calendar.iso(pay_on)} has come or is over; choose another: --pay-on DATE")
    if not calendar.is_working(settling, pay_on):
        raise SettleError(f"banks are closed on {calendar.iso(pay_on)}; choose another day: --pay-on DATE")
    return pay_on


def _dues(
    connection: sa.Connection, books: OfficeBooks, settling: Settling, upto: int, utc_offset_minutes: int
) -> list[Due]:
    """Return what comes of every shop that has to get something, or of which something is counted now."""
    waiting = counted.uncounted(connection, books.void)
    taken = {line.id: line.counts_for(utc_offset_minutes) <= upto for line in waiting}
    of_shop = {place: list(lines) for place, lines in groupby(waiting, key=lambda line: line.place)}
    paid = _paid(books)
    dues = []
    for place, yen in sorted(counted.totals(connection).items()):
        here = of_shop.get(place, [])
        owed = yen - sum(line.yen for line in here if not taken[line.id]) - paid.get(place, 0)
        runs = plan.runs(here, taken, _gaps(connection, here))
        if owed or runs:
            holds = shop_holds(connection, place)
            dues.append(plan.due(place, owed, holds, books.shops.get(place), settling.minimum_yen, runs))
    return dues


def _paid(books: OfficeBooks) -> dict[str, int]:
    """Return what each shop has got so far."""
    paid: dict[str, int] = {}
    for book in books.standing:
        for sent in book.transfers:
            if sent.back is None:
                paid[sent.place] = paid.get(sent.place, 0) + sent.yen
    return paid


def _gaps(connection: sa.Connection, lines: Sequence[Line]) -> dict[tuple[str, str], list[int]]:
    found = {}
    for (writer, boot), group in groupby(lines, key=lambda line: (line.writer, line.boot)):
        seqs = [line.seq for line in group]
        found[writer, boot] = counted.holes(connection, writer, boot, seqs[0], seqs[-1])
    return found
