"""What a resident sees of the coin on the own phone: how much there is, where it is, and what happened last."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final

import sqlalchemy as sa

from central import heirs, ledger, reconcile
from central.centre import Centre
from central.ledger import free, points
from central.places import called
from central.resident.purse import Away, Bill, Line, Order, Paid, Purse, Sheet, Shop
from drivers.card import paper
from drivers.card.paper import Kind, Paper
from programs.coin import paying
from programs.coin.entries import money
from programs.coin.lots.notes import detail
from programs.coin.online import books, shops
from programs.coin.online.shops import Till
from programs.coin.settlement.accounts import SHOP
from sync.chain import Signer
from sync.days import date_of
from sync.program import town_day

LINES_SHOWN: Final = 20
PAPER_DAYS: Final = 730
_WHAT: Final = {
    "coin.pay": "pay",
    "coin.online": "pay",
    "coin.charge": "charge",
    "coin.undo": "void",
    "coin.void": "void",
    "coin.refund": "refund",
    "coin.shop-refund": "refund",
    "coin.given": "gift",
}
_ENTRY: Final = reconcile.entry.c
_SAME: Final = sa.and_(_ENTRY.writer == detail.c.unit, _ENTRY.boot == detail.c.boot, _ENTRY.seq == detail.c.seq)
_LAST: Final = (
    sa.select(detail.c.yen, _ENTRY.writer, _ENTRY.boot, _ENTRY.seq, _ENTRY.at, _ENTRY.kind)
    .join(reconcile.entry, _SAME)
    .where(detail.c.what == sa.bindparam("of"))
    .order_by(_ENTRY.at.desc(), _ENTRY.n.desc(), _ENTRY.seq.desc())
    .limit(LINES_SHOWN)
)


class CoinPurse:
    """The coin of one card, for its holder."""

    def sheet(self, connection: sa.Connection, card: str, now_ms: int) -> Sheet:
        what = _now(connection, card)
        held = _held(connection, what)
        known = {till.unit: till for till in shops.tills(connection)}
        away = tuple(
            _away(connection, known.get(unit, Till(unit, unit, None)), yen)
            for unit, yen in sorted(held.items())
            if yen and (unit not in known or not known[unit].in_reach(now_ms))
        )
        return Sheet(
            at_ms=now_ms,
            usable=sum(ledger.balance(connection, f"{what}/{part}") for part in ("free", "counter"))
            + sum(held.values()),
            points=ledger.balance(connection, points(what.removeprefix(money("")))),
            away=away,
            lines=tuple(_lines(connection, what, card)),
        )

    def shops(self, connection: sa.Connection, now_ms: int) -> list[Shop]:
        return shops.shops(connection, now_ms)

    def read(self, connection: sa.Connection, code: str, now_ms: int) -> Bill:
        return paying.read(connection, code, now_ms)

    def pay(self, centre: Centre, order: Order) -> Paid:
        return paying.pay(centre, order)

    def paid(self, centre: Centre, phone: str, number: str) -> Paid:
        return paying.written(centre, phone, number)

    def paper(self, number: bytes, key: bytes, issuer: str, signer: Signer, now_ms: int) -> bytes:
        today = date_of(town_day(now_ms, 0))
        # From the day before: it may still be yesterday on the phone's clock, or already tomorrow in Japan.
        days = today - timedelta(days=1), today + timedelta(days=PAPER_DAYS)
        return paper.issue(Paper(Kind.PHONE, issuer, number, *days, key), signer)


def lines(connection: sa.Connection, card: str) -> list[Line]:
    """Return what happened last to the money of a card, the newest first."""
    return list(_lines(connection, _now(connection, card), card))


def _now(connection: sa.Connection, card: str) -> str:
    """Return the purse of a card; of one that was lost, that of the card which has its money now."""
    whose = heirs.follow(connection, [free(money(card))])
    return next(iter(whose.values())).removesuffix("/free")


def _held(connection: sa.Connection, what: str) -> dict[str, int]:
    """Return how much of a purse lies at which machine."""
    prefix = f"{what}/at/"
    table = ledger.account
    asked = sa.select(table.c.name, table.c.balance).where(table.c.name.startswith(prefix, autoescape=True))
    found: dict[str, int] = {}
    for name, yen in connection.execute(asked):
        unit = name.removeprefix(prefix).partition("/")[0]
        found[unit] = found.get(unit, 0) + yen
    return found


def _away(connection: sa.Connection, till: Till, yen: int) -> Away:
    place = called(connection, till.place)
    return Away(place.name, place.name_en, yen, till.contact_ms)


def _lines(connection: sa.Connection, what: str, card: str) -> Iterator[Line]:
    rows = connection.execute(_LAST, {"of": what}).all()
    places = _places(connection, [row[1:4] for row in rows])
    latest = books.latest(connection, card, LINES_SHOWN)
    lacks = {unit: shops.lacks(connection, unit) for unit in sorted({one.fact.to for one in latest})}
    waiting = {one.entry for one in latest if lacks[one.fact.to](one.boot, one.seq)}
    for yen, writer, boot, seq, at_ms, kind in rows:
        entry = f"{writer}/{boot}/{seq}"
        name, name_en = "", ""
        if place := places.get((writer, boot, seq)):
            named = called(connection, place)
            name, name_en = named.name, named.name_en
        yield Line(entry, at_ms, _WHAT.get(kind, "other"), name, name_en, yen, is_coming=entry in waiting)


def _places(connection: sa.Connection, entries: Sequence[tuple[str, str, int]]) -> dict[tuple[str, str, int], str]:
    """Return the shops between which and a card entries have moved money."""
    posting = ledger.posting.c
    asked = sa.select(posting.writer, posting.boot, posting.seq, posting.source, posting.target).where(
        sa.tuple_(posting.writer, posting.boot, posting.seq).in_(entries)
    )
    found = {}
    for writer, boot, seq, *sides in connection.execute(asked):
        for side in sides:
            if side.removeprefix(ledger.SHORT).startswith(SHOP):
                found[writer, boot, seq] = side.removeprefix(ledger.SHORT).removeprefix(SHOP)
    return found


PURSE: Final[Purse] = CoinPurse()
