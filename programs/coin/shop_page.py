"""What one shop sees of its money on the console: what it will get and when, day by day, and each pay-out that was.

The statement is the one that the treasurer has (`settlement.statement`). A shop's own account sees its own place and
no other; the town hall chooses one.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from central import store
from central.console.brought import Page
from central.console.chip import Chip
from central.console.moment import Moment
from central.console.roles import MONEY
from central.places import name_of
from programs.coin.agreed import agreed
from programs.coin.settlement import calendar, counted, paper, tables
from programs.coin.settlement.books import BatchBook, OfficeBooks
from programs.coin.settlement.counted import UNCOUNTED
from programs.coin.settlement.facts import State
from programs.coin.settlement.statement import PARTS, PAYMENTS, Statement, StatementLine, statement
from programs.coin.terms import Settling
from sync.accounts import Role
from sync.program import town_day

PAID_SHOWN: Final = 24  # a year of periods


class Day(msgspec.Struct, frozen=True):
    """One day of a statement: how many payments, what they came to, and what everything else came to."""

    day: str
    payments: int
    paid: int
    others: int
    is_late: bool


class Paid(msgspec.Struct, frozen=True):
    """One period that was settled; `yen`: the transfer, 0 if nothing was sent. `back`: why it came back, or ""."""

    number: int
    upto: str
    pay_on: str
    yen: int
    state: State
    back: str


def shop(engine: sa.Engine, moment: Moment, place: str, batch: str) -> Mapping[str, Any] | None:
    """Return what the page shows of a place and a period; without a place, which there are to choose from."""
    settling = agreed(engine).terms.settling
    today = town_day(moment.now_ms, moment.offset_minutes)
    with store.reading(engine) as connection:
        books = tables.office_books(connection)
        if not place:
            return {"place": "", "choose": _places(connection, books)}
        told = _statement(connection, books, place, batch, moment)
        if told is None:
            return None
        arrived_ms = counted.arrived_ms(connection, place, books.void)
        name = name_of(connection, place)
    now = [line for line in told.lines if line.day == today] if told.batch == UNCOUNTED else []
    return {
        "place": place,
        "shop": name,
        "told": told,
        "period": (_iso(told.first), _iso(told.last)),
        "parts": [(part, paper.PARTS_JA[part], told.parts[part]) for part in PARTS],
        "days": _days(told.lines),
        "today": _days(now)[0] if now else Day(calendar.iso(today), 0, 0, 0, is_late=False),
        "paid": [_paid(book, place) for book in reversed(books.standing[-PAID_SHOWN:])],
        "paid_on": _iso(told.pay_on),
        "waits": _waits(told, books, settling, today),
        "arrived_ms": arrived_ms,
    }


def table(engine: sa.Engine, moment: Moment, place: str, batch: str) -> bytes | None:
    """Return every entry behind the statement, a line each."""
    with store.reading(engine) as connection:
        told = _statement(connection, tables.office_books(connection), place, batch, moment)
    return paper.statement_table([told]).encode() if told else None


def _statement(
    connection: sa.Connection, books: OfficeBooks, place: str, batch: str, moment: Moment
) -> Statement | None:
    """Return the statement of a period that was settled, or of the one that runs; None: there is no such period."""
    number = int(batch) if batch.isascii() and batch.isdecimal() else UNCOUNTED
    is_there = number == UNCOUNTED and batch in ("", str(UNCOUNTED))
    if not place or not (is_there or number in {book.number for book in books.standing}):
        return None
    return statement(connection, books, place, number, moment.offset_minutes)


def _places(connection: sa.Connection, books: OfficeBooks) -> list[tuple[str, str]]:
    """Return whoever takes coin, or has said where it is paid: (place, name), by name."""
    known = {*counted.totals(connection), *books.shops}
    return sorted(((place, name_of(connection, place)) for place in known), key=lambda one: (one[1], one[0]))


def _days(lines: Sequence[StatementLine]) -> list[Day]:
    """Return the days of a statement, the newest first; what arrived late stands behind them, for its own days."""
    found: dict[tuple[bool, int], list[StatementLine]] = defaultdict(list)
    for line in lines:
        found[line.is_late, -line.day].append(line)
    return [_day(-day, of, is_late=is_late) for (is_late, day), of in sorted(found.items())]


def _day(day: int, lines: Sequence[StatementLine], *, is_late: bool) -> Day:
    paid = [line.yen for line in lines if line.part == PAYMENTS]
    others = sum(line.yen for line in lines if line.part != PAYMENTS)
    return Day(calendar.iso(day), len(paid), sum(paid), others, is_late)


def _paid(book: BatchBook, place: str) -> Paid:
    sent = next((sent for sent in book.transfers if sent.place == place), None)
    days = calendar.iso(book.said.upto), calendar.iso(book.said.pay_on)
    return Paid(book.number, *days, sent.yen if sent else 0, book.state, sent.because if sent and sent.back else "")


def _waits(told: Statement, books: OfficeBooks, settling: Settling, today: int) -> Chip:
    """Return what will happen to what the shop has to get now."""
    yen, minimum = told.closing, settling.minimum_yen
    now = calendar.period(settling, today)
    pays = calendar.pay_day(settling, now.last)
    if yen < 0:
        return Chip(
            "part",
            "△",
            f"{-yen:,}円は、次の売上から返していただきます。",
            f"{-yen:,} yen are taken from the next sales.",
        )
    if yen and told.place not in books.shops:
        return Chip(
            "bad",
            "×",
            "振込先の口座がまだ登録されていません。役場に届けてください。",
            "The town hall does not know your bank account yet: tell it.",
        )
    if 0 < yen < minimum:
        return Chip(
            "good",
            "○",
            f"{minimum:,}円になるまで、次の回へくりこします。",
            f"Less than {minimum:,} yen waits for the next time.",
        )
    return Chip(
        "good",
        "○",
        f"{_month_day(now.last)}までの分を、{_month_day(pays)}に振り込みます。",
        f"What you sell up to {calendar.iso(now.last)} is paid on {calendar.iso(pays)}.",
    )


def _month_day(day: int) -> str:
    return "{}月{}日".format(*calendar.month_day(day))


def _iso(day: int | None) -> str:
    return "" if day is None else calendar.iso(day)


PAGE: Final = Page(
    "shop",
    "店の明細",
    "Shop",
    MONEY | {Role.SHOP},
    shop,
    filters=("place", "batch"),
    table=table,
)
