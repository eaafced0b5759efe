"""What the coin shows on the console: how shops are paid, tills, the fund, and pages that have a file of their own."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from central import ledger, store
from central.console.brought import About, Page
from central.console.chip import Chip
from central.console.moment import Moment
from central.console.roles import MONEY
from central.places import name_of
from programs.coin import circulation_page, shop_page
from programs.coin.agreed import agreed
from programs.coin.insured import books as insured
from programs.coin.reconciling import showing
from programs.coin.reconciling.acts import ACTS
from programs.coin.settlement import calendar, counted, tables
from programs.coin.settlement.accounts import SHOP
from programs.coin.settlement.books import BatchBook, OfficeBooks
from programs.coin.settlement.facts import State
from programs.coin.terms import Settling
from programs.coin.till import books as till
from programs.coin.trail import TRAIL
from sync.program import town_day

CLOSINGS_DAYS: Final = 31
OWED_SHOWN: Final = 50
BATCHES_SHOWN: Final = 24  # a year of them


class ShopRow(msgspec.Struct, frozen=True):
    """One shop; `last`: what the last batch that paid it paid, and when."""

    place: str
    name: str
    owed: int
    stand: Chip
    last: tuple[int, str] | None


class BatchRow(msgspec.Struct, frozen=True):
    """One batch; `back`: what came back of it, by the names of the shops."""

    number: int
    upto: str
    pay_on: str
    shops: int
    yen: int
    stand: Chip
    back: dict[str, str]
    because: str


_SHOP: Final = {
    "ready": Chip("ok", "○", "次に振り込みます", "paid next"),
    "account": Chip("need", "×", "口座がありません", "no account"),
    "minimum": Chip("late", "…", "最低額まで待ちます", "waits for the minimum"),
    "nothing": Chip("closed", "－", "ありません", "nothing"),
    "owes": Chip("late", "△", "返してもらう分があります", "has to give back"),
}
_BATCH: Final = {
    State.MADE: Chip("sending", "↑", "作成済み(銀行へ送ってください)", "made: send it to the bank"),
    State.SENT: Chip("sending", "↑", "送信済み", "sent"),
    State.ACCEPTED: Chip("ok", "○", "受付済み", "accepted"),
    State.VOID: Chip("closed", "－", "取りやめ", "void"),
}
_NOBODY: Final = Chip("closed", "－", "振込なし", "nobody was paid")
_BOUNCED: Final = Chip("need", "×", "戻った振込があります", "a transfer came back")


def settlement(engine: sa.Engine, moment: Moment) -> Mapping[str, Any]:
    """Return what the page of the settlement shows."""
    settling = agreed(engine).terms.settling
    today = town_day(moment.now_ms, moment.offset_minutes)
    with store.reading(engine) as connection:
        books = tables.office_books(connection)
        shops = _shops(connection, books, settling)
        first = counted.first_day(connection) if books.upto is None else books.upto + 1
        names = {place: name_of(connection, place) for book in books.batches.values() for place in _places(book)}
    latest = sorted(books.batches.values(), key=lambda book: -book.number)[:BATCHES_SHOWN]
    now = calendar.period(settling, today)
    over = now.first - 1
    is_due = first is not None and first <= over and any(shop.owed for shop in shops)
    return {
        "shops": shops,
        "batches": [_batch(book, names, is_newest=book.number == books.next_number - 1) for book in latest],
        "owed": sum(shop.owed for shop in shops),
        "paid": sum(book.paid_yen for book in books.batches.values()),
        "minimum": settling.minimum_yen,
        "period": (calendar.iso(now.first), calendar.iso(now.last)),
        "pay_on": calendar.iso(calendar.pay_day(settling, now.last)),
        "over": calendar.iso(over) if is_due else "",
        "has_payer": books.payer is not None,
        "lost": books.lost,
    }


def _shops(connection: sa.Connection, books: OfficeBooks, settling: Settling) -> list[ShopRow]:
    """Return the shops by name, those that have to get something first."""
    account = ledger.account.c
    kinds = (account.name.startswith(prefix, autoescape=True) for prefix in (SHOP, ledger.short(SHOP)))
    owed: dict[str, int] = dict.fromkeys(books.shops, 0)
    for name, balance in connection.execute(sa.select(account.name, account.balance).where(sa.or_(*kinds))):
        place = name.removeprefix(ledger.SHORT).removeprefix(SHOP)
        owed[place] = owed.get(place, 0) + int(balance)
    last = {
        sent.place: (sent.yen, calendar.iso(book.said.pay_on)) for book in books.standing for sent in book.transfers
    }
    rows = [
        ShopRow(place, name_of(connection, place), yen, _shop(place, yen, books, settling), last.get(place))
        for place, yen in owed.items()
    ]
    return sorted(rows, key=lambda row: (row.owed <= 0, row.name, row.place))


def _shop(place: str, owed: int, books: OfficeBooks, settling: Settling) -> Chip:
    if owed < 0:
        return _SHOP["owes"]
    if not owed:
        return _SHOP["nothing"]
    if place not in books.shops:
        return _SHOP["account"]
    return _SHOP["ready" if owed >= settling.minimum_yen else "minimum"]


def _batch(book: BatchBook, names: Mapping[str, str], *, is_newest: bool) -> BatchRow:
    back = {} if book.is_void else {names[sent.place]: sent.because for sent in book.transfers if sent.back}
    stand = _BOUNCED if back and is_newest else _BATCH[book.state] if book.transfers else _NOBODY
    said = book.said
    days = calendar.iso(said.upto), calendar.iso(said.pay_on)
    return BatchRow(book.number, *days, said.transfers, said.yen, stand, back, book.because)


def _places(book: BatchBook) -> list[str]:
    return [sent.place for sent in book.transfers]


class TillRow(msgspec.Struct, frozen=True):
    """One till: its last closing, and what is in none."""

    unit: str
    number: int
    day: str
    open_entries: int
    since: str
    stand: Chip


class ClosingRow(msgspec.Struct, frozen=True):
    """One closing; `wrong`: what is not right about it."""

    unit: str
    place: str
    number: int
    day: str
    paid: int
    charged: int
    difference: int | None
    by_clock: bool
    stand: Chip
    wrong: tuple[str, ...]


_TILL: Final = {
    "missed": Chip("need", "×", "締めていません", "not closed"),
    "over": Chip("closed", "－", "前の代", "an earlier life"),
    "open": Chip("sending", "…", "きょうの分", "of today"),
    "closed": Chip("ok", "○", "締めずみ", "closed"),
}
_CLOSING: Final = {
    "wrong": Chip("need", "×", "合いません", "wrong"),
    "late": Chip("late", "△", "おくれて締めた", "late"),
    "right": Chip("ok", "○", "合っています", "right"),
}


def closings(engine: sa.Engine, moment: Moment) -> Mapping[str, Any]:
    """Return what the page of the closings shows: how each till stands, missed ones first, and the last closings."""
    terms = agreed(engine).terms
    today = town_day(moment.now_ms, moment.offset_minutes)
    with store.reading(engine) as connection:
        found = till.closings(connection, today - CLOSINGS_DAYS)
        tills = till.standings(connection, today, is_by_clock=terms.close_minute >= 0)
        names = {one.place: name_of(connection, one.place) for one in found}
    rows = sorted(map(_till, tills), key=lambda row: (row.stand is not _TILL["missed"], row.unit))
    return {
        "tills": [row for row in rows if row.stand is not _TILL["over"]],
        "missed": sum(row.stand is _TILL["missed"] for row in rows),
        "closings": [_closing(one, names[one.place]) for one in found],
        "days": CLOSINGS_DAYS,
    }


def _till(one: till.Standing) -> TillRow:
    name = "missed" if one.is_missed else "over" if one.is_over else "open" if one.open_entries else "closed"
    day = calendar.iso(one.day) if one.number else ""
    since = calendar.iso(one.since_day) if one.since_day is not None else ""
    return TillRow(one.unit, one.number, day, one.open_entries, since, _TILL[name])


def _closing(one: till.Checked, place: str) -> ClosingRow:
    stand = _CLOSING["wrong" if one.wrong else "late" if one.is_late else "right"]
    paid, charged = one.sums.paid - one.sums.voided, one.sums.charged - one.sums.undone
    shown = (one.unit, place, one.number, calendar.iso(one.day), paid, charged, one.difference, one.is_automatic)
    return ClosingRow(*shown, stand, one.wrong)


def fund(engine: sa.Engine, _moment: Moment) -> Mapping[str, Any]:
    """Return what the page of the fund shows that stands in where the town cannot be asked."""
    with store.reading(engine) as connection:
        found = insured.standing(connection)
    owed = sorted(found.owed.items(), key=lambda one: -one[1])
    return {"terms": agreed(engine).terms.insured, "fund": found, "owed": owed[:OWED_SHOWN], "owing": len(owed)}


PAGES: Final = (
    Page("settlement", "精算", "Settlement", MONEY, settlement),
    shop_page.PAGE,
    Page(
        "reconciliation",
        "突き合わせ",
        "Reconciliation",
        MONEY,
        showing.read,
        filters=("period", "place", "case", "entry"),
        table=showing.table,
        acts=ACTS,
        about=About("この記録を調べる", "Look into this entry", TRAIL.kinds),
    ),
    Page("closings", "締め", "Closings", MONEY, closings),
    circulation_page.PAGE,
    Page("fund", "立て替え", "Fund", MONEY, fund),
)
