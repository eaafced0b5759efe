"""How coin goes round in the town, month by month: what comes in, how often it is paid with, how much leaves and how.

Every figure is added up from the ledger's lines, by the month in which an entry arrived, so that it is the same
whenever it is asked, and the last days of all months fit the unused balances (`procedures.unused`); or by the month in
which it was written, for whoever asks what people did then. Over all months both come to the same yen. The sentences
that explain the figures stand beside them, for the command and for the page on the console.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from central import ledger, store
from central.calendar import utc_offset_minutes
from central.reconcile import entry
from programs.coin.insured.facts import FUND
from programs.coin.lots.fold import EXPIRED
from programs.coin.settlement import tables
from programs.coin.settlement.accounts import BANK, SHOP
from programs.coin.settlement.books import OfficeBooks
from programs.coin.settlement.facts import Transfer, TransferBack
from sync.months import days_in, month_of, written
from sync.program import DAY_MS, MINUTE_MS

_CARD, _SHOP, _CASH, _BANK, _EXPIRED, _OTHER = "card", "shop", "cash", "bank", "expired", "other"
_INSIDE: Final = frozenset({_CARD, _SHOP})
_BETWEEN: Final = "coin.shop-paid"
_DRAWN: Final = frozenset({"coin.drawn", "coin.put-back"})
_CASHED_OUT: Final = "coin.cashed-out"


class Month(msgspec.Struct, frozen=True):
    """One month, in yen; each figure is explained in `EXPLAINED`. `before`, `held_before`: when the month began."""

    month: str
    charged: int
    given: int
    paid: int
    between: int
    to_banks: int
    outside: int
    cash_out: int
    expired: int
    before: int
    circulating: int
    held_before: int
    held: int
    days: int

    @property
    def turnover(self) -> int:
        return self.paid + self.between

    @property
    def left(self) -> int:
        return self.to_banks + self.cash_out + self.expired

    @property
    def velocity(self) -> float | None:
        """Return how often each yen in circulation was paid with; None where nothing was in circulation."""
        average = (self.before + self.circulating) / 2
        return round(self.turnover / average, 2) if average > 0 else None

    @property
    def stays(self) -> float | None:
        """Return how many days a yen lay on a card before it was paid with; None where nothing was paid or lay there.

        What lies somewhere on average is what passes through a day, times the days that it stays (Little's law).
        """
        average = (self.held_before + self.held) / 2
        return round(average * self.days / self.paid, 1) if self.paid > 0 and average > 0 else None

    @property
    def turns(self) -> float | None:
        """Return how often a yen was paid with for each yen that left; None where nothing left."""
        return round(self.turnover / self.left, 2) if self.left > 0 else None

    @property
    def leaked(self) -> int:
        return self.outside + self.expired


class Explained(msgspec.Struct, frozen=True):
    """A figure: its name, what it is called, and what it is in a sentence."""

    name: str
    ja: str
    en: str
    why_ja: str
    why_en: str


EXPLAINED: Final = (
    Explained(
        *("charged", "チャージ", "Charged"),
        "窓口で現金からコインになった額。取り消した分を引きます。",
        "Cash that became coin at desks, less what was taken back.",
    ),
    Explained(
        *("given", "町から", "Given"),
        "町がカードに渡した額(給付・上乗せ・立て替え)。返してもらった分を引きます。",
        "What the town put on cards (grants, premiums, what it stood in for), less what it got back.",
    ),
    Explained(
        *("paid", "支払い", "Paid"),
        "カードから店に払われた額。取り消しと返金を引きます。",
        "What was paid with cards at shops, less voids and refunds.",
    ),
    Explained(
        *("between", "店どうし", "Between shops"),
        "役場を通して店が店に払った額。店のカードでの支払いは「支払い」に入ります。",
        "What shops paid each other through the office; with a card of their own it counts as paid.",
    ),
    Explained(
        *("to_banks", "銀行へ", "To banks"),
        "店の銀行口座に振り込んだ額。戻った分を引きます。",
        "What was transferred to shops' bank accounts, less what came back.",
    ),
    Explained(
        *("outside", "うち町の外", "Of it outside"),
        "そのうち、町の中と登録された支店ではない口座への分(local-banks で登録)。",
        "Of it, what went to branches that are not named as in the town (local-banks).",
    ),
    Explained(
        *("cash_out", "払戻し", "Cashed out"),
        "役場がカードの人に現金で返した額。",
        "What the office gave holders of cards in cash.",
    ),
    Explained(
        *("expired", "期限切れ", "Expired"),
        "使われずに期限が切れた額。",
        "What ran out before anybody had spent it.",
    ),
    Explained(
        *("circulating", "出回っている額", "Circulating"),
        "月の終わりにカードと店にあった額。前の月の額に、入った分を足し、出た分を引くと出ます。",
        "What cards and shops held when the month ended: that of the month before, and what came in, less what left.",
    ),
    Explained(
        *("held", "カードにある額", "Held on cards"),
        "出回っている額のうち、月の終わりにカードにあった額。残りは、店がこれから受け取る分です。",
        "Of what circulates, what was on cards when the month ended; the rest is what shops were still to get.",
    ),
    Explained(
        *("stays", "使うまでの日数", "Days on a card"),
        "(月の初めと終わりにカードにあった額の平均)÷(1日の支払い)。1円がカードに平均で何日あるか。",
        "(Mean of what was on cards at the month's two ends) / (paid a day): how many days a yen lies on a card.",
    ),
    Explained(
        *("velocity", "月の回転", "Velocity"),
        "(支払い+店どうし)÷(月の初めと終わりに出回っていた額の平均)。1円がその月に何回使われたか。",
        "(Paid + between shops) / (mean of what circulated at the month's two ends): how often a yen was used.",
    ),
    Explained(
        *("turns", "出るまでの回数", "Turns"),
        "(支払い+店どうし)÷(銀行へ+払戻し+期限切れ)。出ていった1円につき何回使われたか。",
        "(Paid + between shops) / (to banks + cashed out + expired): how often a yen was used for each that left.",
    ),
    Explained(
        *("leaked", "町から出た額", "Leaked"),
        "町の外の口座へ振り込んだ分と、期限切れの分。",
        "What went to accounts outside, and what expired.",
    ),
)
"""What every figure is, in the order in which it is shown."""


def months(connection: sa.Connection) -> list[Month]:
    """Return the months since the first in which something arrived that moved, by what has arrived."""
    moved = _by_month(connection, _arrived(connection))
    return _listed(moved, range(min(moved), max(moved) + 1) if moved else range(0))


def months_done(connection: sa.Connection, last: int, count: int) -> list[Month]:
    """Return so many months up to the last one, by the clocks of those who wrote; without those before the first.

    A clock that is ahead writes into a month after the last one: that is in none of them until its month comes.
    """
    moved = _by_month(connection, _written(connection))
    first = max(last - count + 1, min(moved, default=last + 1))
    return _listed(moved, range(first, last + 1))


def _by_month(connection: sa.Connection, day: sa.ColumnElement[int]) -> dict[int, Counter[str]]:
    """Return what the figures of each month come to; `day`: what says when an entry counts."""
    moved: dict[int, Counter[str]] = {}
    for when, kind, source, target, yen in _moved(connection, day):
        found = moved.setdefault(month_of(when), Counter())
        for figure, change in _figures(kind, source, target, yen):
            found[figure] += change
    for month, yen in _outside(connection, day):
        moved.setdefault(month, Counter())["outside"] += yen
    return moved


def _listed(moved: dict[int, Counter[str]], wanted: range) -> list[Month]:
    earlier = [found for month, found in moved.items() if month < wanted.start]
    before, held_before = (sum(found[name] for found in earlier) for name in ("inside", "on_cards"))
    result = []
    for month in wanted:
        found = moved.get(month, Counter())
        after, held = before + found["inside"], held_before + found["on_cards"]
        figures = {name: found[name] for name in _SUMMED}
        ends = {"before": before, "circulating": after, "held_before": held_before, "held": held}
        result.append(Month(month=written(month), **figures, **ends, days=days_in(month)))
        before, held_before = after, held
    return result


_SUMMED: Final = ("charged", "given", "paid", "between", "to_banks", "outside", "cash_out", "expired")


def _figures(kind: str, source: str, target: str, yen: int) -> Iterator[tuple[str, int]]:
    """Return to which figures an amount counts that went from one sort of account to another."""
    if (source in _INSIDE) != (target in _INSIDE):
        into = yen if target in _INSIDE else -yen
        yield "inside", into
        if kind == _CASHED_OUT:
            yield "cash_out", -into
        elif name := {_CASH: "charged", _OTHER: "given"}.get(other := source if into > 0 else target):
            yield name, into
        else:
            yield {_BANK: "to_banks", _EXPIRED: "expired"}[other], -into
    if (source == _CARD) != (target == _CARD):
        yield "on_cards", yen if target == _CARD else -yen
    if kind == _BETWEEN:
        yield "between", yen
    elif _SHOP in (source, target) and kind not in _DRAWN and _BANK not in (source, target):
        yield "paid", yen if target == _SHOP else -yen


def _sort(name: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    """Return of which sort an account is, as the database can say it."""

    def any_of(*prefixes: str) -> sa.ColumnElement[bool]:
        both = (f"{before}{prefix}" for before in ("", ledger.SHORT) for prefix in prefixes)
        return sa.or_(*(name.startswith(prefix, autoescape=True) for prefix in both))

    return sa.case(
        (name.contains(FUND, autoescape=True), _OTHER),
        (any_of("coin/", "gift/", "suspense/"), _CARD),
        (any_of(SHOP), _SHOP),
        (any_of("cash/"), _CASH),
        (name == BANK, _BANK),
        (name == EXPIRED, _EXPIRED),
        (any_of("points/", "issuer/"), ""),
        else_=_OTHER,
    )


def _moved(connection: sa.Connection, day: sa.ColumnElement[int]) -> Iterator[tuple[int, str, str, str, int]]:
    """Return what was moved on each day, by kind of entry and sorts of accounts; points are no money."""
    line = ledger.posting
    source, target = _sort(line.c.source), _sort(line.c.target)
    same = sa.and_(*(line.c[name] == entry.c[name] for name in ("writer", "boot", "seq")))
    columns = (day.label("day"), entry.c.kind, source.label("source"), target.label("target"))
    each = sa.select(*columns, line.c.amount).join(entry, same).join(store.segment, store.segment.c.n == entry.c.n)
    lines = each.where(source != "", target != "").subquery()
    keys = (lines.c.day, lines.c.kind, lines.c.source, lines.c.target)
    asked = sa.select(*keys, sa.func.sum(lines.c.amount)).group_by(*keys).order_by(*keys)
    for when, kind, of, to, yen in connection.execute(asked):
        if of != to or kind == _BETWEEN:
            yield int(when), kind, of, to, int(yen)


def _arrived(connection: sa.Connection) -> sa.ColumnElement[int]:
    """Return the day of the town on which a segment arrived."""
    return (store.segment.c.received_ms + utc_offset_minutes(connection) * MINUTE_MS) // DAY_MS


def _written(connection: sa.Connection) -> sa.ColumnElement[int]:
    """Return the day of the town on which an entry was written, by the clock of whoever wrote it."""
    return (entry.c.at + utc_offset_minutes(connection) * MINUTE_MS) // DAY_MS


def _outside(connection: sa.Connection, day: sa.ColumnElement[int]) -> Iterator[tuple[int, int]]:
    """Return what went to branches that are not in the town, and what came back from there, with its month."""
    books = tables.office_books(connection)
    said = [one for one in tables.said_entries(connection) if isinstance(one.fact, Transfer | TransferBack)]
    if not said:
        return
    asked = sa.select(entry.c.boot, entry.c.seq, day).join(store.segment, store.segment.c.n == entry.c.n)
    asked = asked.where(entry.c.kind.in_(["coin.transfer", "coin.transfer-back"]))
    days = {(boot, seq): int(when) for boot, seq, when in connection.execute(asked)}
    for one in said:
        fact: Any = one.fact
        if _is_outside(books, fact.batch, fact.place):
            yen = fact.yen if isinstance(fact, Transfer) else -fact.yen
            yield month_of(days[one.boot, one.seq]), yen


def _is_outside(books: OfficeBooks, batch: int, place: str) -> bool:
    """Tell whether a transfer goes out of the town: its branch is not named as in it, or none is named at all."""
    book = books.batches.get(batch)
    sent = next((sent for sent in book.transfers if sent.place == place), None) if book else None
    return sent is None or f"{sent.account.bank}-{sent.account.branch}" not in (books.local or frozenset())


def table(found: Iterable[Month]) -> str:
    """Return months as a table for a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    names = [of.name for of in EXPLAINED]
    writer.writerow(["month", *names])
    writer.writerows([one.month, *(getattr(one, name) for name in names)] for one in found)
    return out.getvalue()
