"""What each entry of the coin moves in the ledger, from the counters and from the office: one table to read."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from central.ledger import Move, free, held, suspense
from programs.coin.entries import Charge, Pay, Undo, Void, money
from programs.coin.lots.facts import Expired, Given
from programs.coin.lots.fold import EXPIRED
from programs.coin.online.books import is_ours
from programs.coin.online.facts import PaidOnline
from programs.coin.refunds.facts import Refund
from programs.coin.remedies import Cleared, Compensated, MadeWhole, Repaid
from programs.coin.settlement.accounts import BANK, SHOP
from programs.coin.settlement.facts import Transfer, TransferBack
from sync.entries import Entry
from sync.messages import OFFICE_STREAM

FUND: Final = "fund/guarantee"
"""The account of what the town stands in for: below zero by what it has paid and has not got back."""

POINTS: Final = "issuer/points"
"""The account from which points come: below zero by all that are outstanding."""


def drawer(unit: str) -> str:
    """Return the account of the cash in a desk's drawer: below zero by as much as there is in it."""
    return f"cash/{unit}"


def shop(place: str) -> str:
    """Return the account of what a shop has to get."""
    return f"{SHOP}{place}"


def points(card: str) -> str:
    """Return the account of a card's points."""
    return f"points/{card}"


def in_suspense(unit: str, life: int, card: str) -> str:
    """Return the account of a card's money that a lost life of a unit could give out."""
    return f"{suspense(unit, life)}/{money(card)}"


def moves(entry: Entry) -> tuple[Move, ...]:
    """Return what an entry moves; what only the centre can say moves nothing if anybody else says it."""
    if entry.unit == OFFICE_STREAM or is_ours(entry):
        of_office = _OFFICE.get(type(entry.fact))
        return of_office(entry.fact) if of_office else ()
    match entry.fact:
        case Charge(life=life, card=card, yen=yen):
            return (Move(drawer(entry.unit), held(money(card), entry.unit, life), yen),)
        case Undo(life=life, card=card, yen=yen):
            return (Move(held(money(card), entry.unit, life), drawer(entry.unit), yen),)
        case Pay(life=life, card=card, yen=yen, place=place, points=earned, issue=issue):
            there = held(money(card, issue), entry.unit, life)
            return (Move(there, shop(place), yen), *_points(POINTS, points(card), earned))
        case Void(life=life, card=card, yen=yen, place=place, points=earned, issue=issue):
            there = held(money(card, issue), entry.unit, life)
            return (Move(shop(place), there, yen), *_points(points(card), POINTS, earned))
        case _:
            return ()


def _points(source: str, target: str, earned: int) -> tuple[Move, ...]:
    return (Move(source, target, earned),) if earned else ()


def _online(fact: PaidOnline) -> tuple[Move, ...]:
    paid = Move(free(money(fact.card)), shop(fact.place), fact.yen)
    return (paid, *_points(POINTS, points(fact.card), fact.points))


def _given(fact: Given) -> tuple[Move, ...]:
    return (Move(f"fund/{fact.fund}", free(money(fact.card, fact.issue)), fact.yen),)


def _expired(fact: Expired) -> tuple[Move, ...]:
    return (Move(free(fact.what), EXPIRED, fact.yen),)


def _refund(fact: Refund) -> tuple[Move, ...]:
    there = free(money(fact.card, fact.issue))
    return (Move(shop(fact.place), there, fact.yen), *_points(points(fact.card), POINTS, fact.points))


def _transfer(fact: Transfer) -> tuple[Move, ...]:
    return (Move(shop(fact.place), BANK, fact.yen),)


def _transfer_back(fact: TransferBack) -> tuple[Move, ...]:
    return (Move(BANK, shop(fact.place), fact.yen),)


def _made_whole(fact: MadeWhole) -> tuple[Move, ...]:
    return (Move(FUND, free(money(fact.card)), fact.yen),)


def _compensated(fact: Compensated) -> tuple[Move, ...]:
    return (Move(FUND, shop(fact.place), fact.yen),)


def _repaid(fact: Repaid) -> tuple[Move, ...]:
    return (Move(shop(fact.place), FUND, fact.yen),)


def _cleared(fact: Cleared) -> tuple[Move, ...]:
    there = in_suspense(fact.of, fact.life, fact.card)
    to_card = Move(there, free(money(fact.card)), fact.to_card)
    all_moves = (to_card, Move(there, FUND, fact.to_fund), Move(FUND, there, -fact.to_fund))
    return tuple(move for move in all_moves if move.amount > 0)


_OFFICE: Final[Mapping[type, Callable[[Any], tuple[Move, ...]]]] = {
    Given: _given,
    Expired: _expired,
    PaidOnline: _online,
    Refund: _refund,
    MadeWhole: _made_whole,
    Compensated: _compensated,
    Repaid: _repaid,
    Cleared: _cleared,
    Transfer: _transfer,
    TransferBack: _transfer_back,
}
