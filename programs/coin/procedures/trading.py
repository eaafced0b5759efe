"""Shops pay each other before they are paid: with a card of their own at the other's counter, or through the office.

A shop's takings are in the books, not in its till, so it can spend them without a network only as anybody can: out of
rights. What it draws is money on its card from then on, and no longer what it has to get; units give it out within
rights, so nothing is spent twice. Only what was taken on a day that is over can be drawn, because until then a shop may
make a payment void. The decision and the books it is made by are in one transaction.
"""

from typing import Final, TypeVar

import sqlalchemy as sa

from central.calendar import utc_offset_minutes
from central.centre import Centre
from central.granting import Deal, waits_for
from central.ledger import true_sum
from central.places import named, unnamed
from central.reconcile import statement
from programs.coin.agreed import agreed_in
from programs.coin.entries import money
from programs.coin.insured.books import owed_by
from programs.coin.lots import books
from programs.coin.lots.giving import is_stopped
from programs.coin.postings import shop
from programs.coin.settlement import counted, tables
from programs.coin.trading.books import card_of, place_of
from programs.coin.trading.facts import Drawn, PutBack, ShopCardSet, ShopPaid
from sync.directory import card_key
from sync.facts import CardSet
from sync.messages import OFFICE_STREAM
from sync.program import town_day

_SALES: Final = frozenset({"coin.pay", "coin.insured"})
_Said = TypeVar("_Said", Drawn, PutBack, ShopPaid)

FROM_A_SHOP: Final = "shop"
"""The source of a lot that was drawn, as the account is called that it came from."""


class NoTradeError(Exception):
    """Nothing was booked; the message says why."""


class WaitsError(NoTradeError):
    """It lies at units, which were asked for it: try again when it has come."""


def set_card(centre: Centre, place: str, card: str) -> ShopCardSet:
    """Say which card is a shop's own; "": none any more.

    Raises:
        NoTradeError: there is no such place or card, it is stopped, or another shop's.
    """
    with centre.reconciler.counted() as connection:
        _make_sure_of_place(connection, place)
        if card:
            if not isinstance(statement(connection, card_key(card)).fact, CardSet) or is_stopped(connection, card):
                raise NoTradeError("register the card first (machi central card add); a stopped one cannot be a shop's")
            if (other := place_of(connection, card)) not in ("", place):
                raise NoTradeError(f"this card is that of {other}")
        said = ShopCardSet(place, card)
        centre.streams.append(connection, OFFICE_STREAM, [said])
    return said


def spendable(connection: sa.Connection, place: str, now_ms: int) -> int:
    """Return what a shop may draw or pay: what it has to get, without what it took on a day that is not over."""
    offset = utc_offset_minutes(connection)
    today = town_day(now_ms, offset)
    void = tables.office_books(connection).void
    fresh = (
        line.yen
        for line in counted.lines(connection, place, counted.UNCOUNTED, void)
        if line.yen > 0 and line.kind in _SALES and line.counts_for(offset) >= today
    )
    return max(0, true_sum(connection, shop(place)) - sum(fresh))


def draw(centre: Centre, place: str, yen: int) -> Drawn:
    """Put so much of a shop's takings on its own card.

    Raises:
        NoTradeError: it has no card, or has not so much to get.
    """
    with centre.granter.deal() as deal:
        card = _card(deal.connection, place)
        if is_stopped(deal.connection, card):
            raise NoTradeError(f"the card of {place} is stopped; name its new one: machi central coin shop-card")
        today = _check(deal, centre, place, yen)
        expires = max(0, agreed_in(deal.connection).terms.law.last_day(today))
        return _said(centre, deal, Drawn(place, card, yen, today, expires))


def pay(centre: Centre, place: str, to: str, yen: int, because: str) -> ShopPaid:
    """Let a shop pay another out of what it has to get.

    Raises:
        NoTradeError: there is no such shop, or it has not so much to get.
    """
    with centre.granter.deal() as deal:
        _make_sure_of_place(deal.connection, to)
        if place == to:
            raise NoTradeError("a shop cannot pay itself")
        return _said(centre, deal, ShopPaid(place, to, yen, because, _check(deal, centre, place, yen)))


def put_back(centre: Centre, place: str, yen: int | None = None) -> PutBack:
    """Let what a shop has drawn and not spent be what it has to get again; all of it, if no sum is named.

    Raises:
        NoTradeError: so much was not drawn, or is spent.
        WaitsError: it lies at units; they were asked for it.
    """
    with centre.granter.deal() as deal:
        card = _card(deal.connection, place)
        what = money(card)
        drawn = sum(lot.left for lot in books.purse(deal.connection, what).lots if lot.source == FROM_A_SHOP)
        wanted = drawn if yen is None else yen
        if deal.unheard:
            raise NoTradeError(waits_for(deal.unheard))
        if not 1 <= wanted <= drawn:
            raise NoTradeError(f"{drawn} yen of what {place} has drawn are left")
        owes = max(0, owed_by(deal.connection, card))
        lacks = wanted + owes - deal.free(what)
        if lacks <= 0:
            today = town_day(centre.town.clock.wall_ms(), utc_offset_minutes(deal.connection))
            return _said(centre, deal, PutBack(place, card, wanted, today))
        is_coming = deal.gather(what, wanted + owes)
    if is_coming:
        raise WaitsError(f"{lacks} yen of it lie at units, which were asked for it; say it again in a minute")
    raise NoTradeError(f"{lacks} yen of it lie at units that cannot be reached now")


def _said(centre: Centre, deal: Deal, fact: _Said) -> _Said:
    centre.streams.append(deal.connection, OFFICE_STREAM, [fact])
    return fact


def _check(deal: Deal, centre: Centre, place: str, yen: int) -> int:
    """Return today, if a shop may spend so much."""
    if deal.unheard:
        raise NoTradeError(waits_for(deal.unheard))
    now = centre.town.clock.wall_ms()
    if yen > (there := spendable(deal.connection, place, now)):
        raise NoTradeError(f"{place} can spend {there} yen: what it has to get, without what it took today")
    return town_day(now, utc_offset_minutes(deal.connection))


def _card(connection: sa.Connection, place: str) -> str:
    if not (card := card_of(connection, place)):
        raise NoTradeError(f"{place} has no card of its own; say which: machi central coin shop-card FOLDER {place} …")
    return card


def _make_sure_of_place(connection: sa.Connection, place: str) -> None:
    if not named(connection, place):
        raise NoTradeError(unnamed(place))
