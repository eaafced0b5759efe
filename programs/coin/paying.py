"""Paying from the resident's page: out of what is free of a card's money, decided by the books, once for each number.

What is free, nobody else may give out, so nobody has to be asked whether it was spent. If too little is free, machines
that can be reached are asked for what lies there, and whoever asks again in a moment may pay.
"""

from typing import Final

import msgspec
import sqlalchemy as sa

from central import ledger
from central.calendar import day_at
from central.centre import Centre
from central.granting import Deal
from central.resident.door import card_behind
from central.resident.purse import Bill, NotPaidError, Order, Paid
from programs.coin import bills
from programs.coin.agreed import agreed_in
from programs.coin.codes import mpm
from programs.coin.codes.errors import CodeError, Why
from programs.coin.counter.facts import counted
from programs.coin.counters import Counters
from programs.coin.entries import YEN_MAX, money
from programs.coin.online import books, shops
from programs.coin.online.books import Written
from programs.coin.online.facts import PaidOnline
from programs.coin.online.shops import Till

LATE_MS: Final = 600_000  # so long after a counter forgot its bill it may still be paid: clocks differ, people are slow


class Asked(msgspec.Struct, frozen=True):
    """Whom a code, or a resident, wants paid. `yen`: None if the code leaves that open; `bill`: "" if it is none."""

    till: Till
    yen: int | None = None
    bill: str = ""


def read(connection: sa.Connection, code: str, now_ms: int) -> Bill:
    """Return what a shop's code asks for.

    Raises:
        NotPaidError: it is no such code, another network's, too old or paid, or there is no such shop.
    """
    asked = _asked(connection, code, "", now_ms)
    return Bill(shops.shop(connection, asked.till, now_ms), asked.yen)


def pay(centre: Centre, order: Order) -> Paid:
    """Pay a shop, or tell the machines to bring the money.

    Raises:
        NotPaidError: nothing was booked.
    """
    now_ms = centre.town.clock.wall_ms()
    what = money(order.card)
    with centre.granter.deal() as deal:
        if known := books.by_number(deal.connection, order.number):
            return _again(deal.connection, known, order, now_ms)
        asked = _asked(deal.connection, order.code, order.place, now_ms)
        _check(deal, order, asked)
        shop = shops.shop(deal.connection, asked.till, now_ms)
        lacks = order.yen - deal.free(what)
        if lacks > 0:
            if not deal.gather(what, order.yen) and not _take_from_counter(deal, what, order):
                raise NotPaidError("short", usable=_reachable(deal, what))
            centre.granter.keep(what, order.yen)
            return Paid("", shop, order.yen, 0, now_ms)
        fact = _fact(deal.connection, order, asked, now_ms)
        centre.streams.append_for(deal.connection, asked.till.unit, [fact])
    centre.granter.release(what)
    return written(centre, order.phone, order.number)


def written(centre: Centre, phone: str, number: str) -> Paid:
    """Return a payment of a phone that was written, as the books have it.

    Raises:
        NotPaidError: it made none with this number.
    """
    now_ms = centre.town.clock.wall_ms()
    with centre.reconciler.counted() as connection:
        known = books.by_number(connection, number)
        if known is None or known.fact.phone != phone:
            raise NotPaidError("unknown")
        return _paid(connection, known, now_ms)


def _asked(connection: sa.Connection, code: str, place: str, now_ms: int) -> Asked:
    if not code:
        return Asked(_till(connection, place, "", now_ms))
    try:
        said = mpm.read(code, agreed_in(connection).terms.network)
    except CodeError as error:
        raise NotPaidError("foreign" if error.why is Why.FOREIGN else "code") from error
    till = _till(connection, said.place, said.terminal, now_ms)
    until_s = bills.good_until_s(said)
    if until_s and now_ms > until_s * 1_000 + LATE_MS:
        raise NotPaidError("expired")
    if said.bill and books.is_paid(connection, till.unit, said.bill):
        raise NotPaidError("bill-paid")
    return Asked(till, said.yen, said.bill)


def _till(connection: sa.Connection, place: str, unit: str, now_ms: int) -> Till:
    found = shops.till_at(connection, place, unit, now_ms)
    if found is None:
        raise NotPaidError("no-shop")
    return found


def _check(deal: Deal, order: Order, asked: Asked) -> None:
    """Make sure that this may be paid, if the money is there."""
    terms = agreed_in(deal.connection).terms
    if not 1 <= order.yen <= YEN_MAX or asked.yen not in {None, order.yen}:
        raise NotPaidError("amount", most=YEN_MAX)
    if order.yen > terms.token_yen:
        raise NotPaidError("limit", limit=terms.token_yen)
    if card_behind(deal.connection, order.phone) != order.card:
        raise NotPaidError("stopped")
    if deal.unheard:
        raise NotPaidError("later")


def _reachable(deal: Deal, what: str) -> int:
    holders = deal.holders(what)
    return holders.free + sum(holders.units.values()) + holders.coming


def _take_from_counter(deal: Deal, what: str, order: Order) -> bool:
    """Ask for what lies under the counter in the card, if that is enough; it is free once everybody has heard so."""
    there = ledger.true_sum(deal.connection, counted(order.card))
    if there <= 0 or _reachable(deal, what) + there < order.yen:
        return False
    deal.want(what, order.yen)
    Counters().tend(deal, [what])
    return True


def _fact(connection: sa.Connection, order: Order, asked: Asked, now_ms: int) -> PaidOnline:
    return PaidOnline(
        number=order.number,
        card=order.card,
        phone=order.phone,
        yen=order.yen,
        place=asked.till.place,
        to=asked.till.unit,
        day=day_at(connection, now_ms),
        points=agreed_in(connection).terms.points(order.yen),
        bill=asked.bill,
    )


def _again(connection: sa.Connection, known: Written, order: Order, now_ms: int) -> Paid:
    """Answer an order that was carried out; another one under its number is none of ours."""
    same = (known.fact.phone, known.fact.yen) == (order.phone, order.yen)
    if not same or (order.place and order.place != known.fact.place) or not _is_of(connection, known, order.code):
        raise NotPaidError("number")
    return _paid(connection, known, now_ms)


def _is_of(connection: sa.Connection, known: Written, code: str) -> bool:
    """Whether a code names the shop and bill that were paid; it may be too old by now. Without a code, it does."""
    if not code:
        return not known.fact.bill
    try:
        said = mpm.read(code, agreed_in(connection).terms.network)
    except CodeError:
        return False
    return (said.place, said.bill) == (known.fact.place, known.fact.bill)


def _paid(connection: sa.Connection, known: Written, now_ms: int) -> Paid:
    fact = known.fact
    till = next((one for one in shops.tills(connection) if one.unit == fact.to), Till(fact.to, fact.place, None))
    is_heard = not shops.lacks(connection, fact.to)(known.boot, known.seq)
    return Paid(
        known.entry, shops.shop(connection, till, now_ms), fact.yen, fact.points, known.at_ms, is_heard=is_heard
    )
