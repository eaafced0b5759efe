"""What each entry of the coin moves in the ledger, from the counters and from the office: one table to read."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from central.ledger import POINTS, Move, free, held, points, suspense
from programs.coin.counter import facts as counter
from programs.coin.entries import (
    Charge,
    CounterPay,
    Insured,
    InsuredVoid,
    Pay,
    ShopRefund,
    TakenBack,
    Undo,
    Void,
    money,
)
from programs.coin.insured import facts as insured
from programs.coin.lots.facts import Expired, Given
from programs.coin.lots.fold import EXPIRED
from programs.coin.online.books import is_ours
from programs.coin.online.facts import PaidOnline
from programs.coin.refunds.facts import CashedOut, Refund
from programs.coin.remedies import Cleared, Compensated, MadeWhole, Repaid
from programs.coin.settlement.accounts import BANK, SHOP
from programs.coin.settlement.facts import Transfer, TransferBack
from programs.coin.trading.facts import Drawn, PutBack, ShopPaid
from sync.entries import Entry
from sync.messages import OFFICE_STREAM, ONE_UNIT, TOWN_STREAM

FUND: Final = "fund/guarantee"
"""The account of what the town stands in for: below zero by what it has paid and has not got back."""

OFFICE_CASH: Final = "cash/office"
"""The account of the cash that the office itself has handed out for coin; no unit can be called so."""

DEBTS: Final = "issuer/debts"
"""What stands against what cards owe the fund: below zero by all of it."""

SEATS: Final = "issuer/counters"
"""What stands against the units' rights to decide by counters: below zero by all of them."""


def drawer(unit: str) -> str:
    """Return the account of the cash in a desk's drawer: below zero by as much as there is in it."""
    return f"cash/{unit}"


def shop(place: str) -> str:
    """Return the account of what a shop has to get."""
    return f"{SHOP}{place}"


def debt(card: str) -> str:
    """Return the account of what a card owes the fund that stood in for it."""
    return f"debt/{card}"


def in_suspense(unit: str, life: int, card: str) -> str:
    """Return the account of a card's money that a lost life of a unit could give out."""
    return f"{suspense(unit, life)}/{money(card)}"


def moves(entry: Entry) -> tuple[Move, ...]:
    """Return what an entry moves; what only the centre can say moves nothing if anybody else says it."""
    if isinstance(fact := entry.fact, counter.Told | counter.Seat):
        return _of_counters(entry.unit, fact)
    if entry.unit == OFFICE_STREAM or is_ours(entry):
        of_office = _OFFICE.get(type(entry.fact))
        return of_office(entry.fact) if of_office else ()
    at_counter = _AT_COUNTERS.get(type(entry.fact))
    return at_counter(entry.unit, entry.fact) if at_counter else ()


def _charge(unit: str, fact: Charge) -> tuple[Move, ...]:
    return (Move(drawer(unit), held(money(fact.card), unit, fact.life), fact.yen),)


def _undo(unit: str, fact: Undo) -> tuple[Move, ...]:
    return (Move(held(money(fact.card), unit, fact.life), drawer(unit), fact.yen),)


def _pay(unit: str, fact: Pay) -> tuple[Move, ...]:
    there = held(money(fact.card, fact.issue), unit, fact.life)
    return (Move(there, shop(fact.place), fact.yen), *_points(POINTS, points(fact.card), fact.points))


def _counter_pay(_unit: str, fact: CounterPay) -> tuple[Move, ...]:
    paid = Move(counter.counted(fact.card), shop(fact.place), fact.yen)
    return (paid, *_points(POINTS, points(fact.card), fact.points))


def _of_counters(writer: str, fact: counter.Told | counter.Seat) -> tuple[Move, ...]:
    """Return what is moved by what the centre says of counters; a unit's right to decide by them comes from nowhere."""
    match fact:
        case counter.Told(card=card, put=put) if writer == TOWN_STREAM:
            return _signed(free(money(card)), counter.counted(card), put)
        case counter.Seat(to=unit) if writer == ONE_UNIT + unit:
            return (Move(SEATS, free(counter.USE), 1),)
        case _:
            return ()


def _covered(fact: counter.Covered) -> tuple[Move, ...]:
    return _signed(FUND, counter.counted(fact.card), fact.yen)


def _unproven(fact: counter.Unproven) -> tuple[Move, ...]:
    back = _signed(shop(fact.place), counter.counted(fact.card), fact.yen)
    return (*back, *_points(points(fact.card), POINTS, fact.points))


def _taken_back(unit: str, fact: TakenBack) -> tuple[Move, ...]:
    there = held(money(fact.card, fact.issue), unit, fact.life)
    return (Move(shop(fact.place), there, fact.yen), *_points(points(fact.card), POINTS, fact.points))


def _insured(unit: str, fact: Insured) -> tuple[Move, ...]:
    promised = Move(held(insured.FUND, unit, fact.life), shop(fact.place), fact.yen)
    owed = Move(DEBTS, debt(fact.card), fact.yen)
    return (promised, owed, *_points(POINTS, points(fact.card), fact.points))


def _insured_void(unit: str, fact: InsuredVoid) -> tuple[Move, ...]:
    promised = Move(shop(fact.place), held(insured.FUND, unit, fact.life), fact.yen)
    owed = Move(debt(fact.card), DEBTS, fact.yen)
    return (promised, owed, *_points(points(fact.card), POINTS, fact.points))


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


def _cashed_out(fact: CashedOut) -> tuple[Move, ...]:
    return (Move(free(money(fact.card)), OFFICE_CASH, fact.yen),)


def _signed(source: str, target: str, amount: int) -> tuple[Move, ...]:
    """Return a movement that goes the other way round if its amount is below zero."""
    if amount < 0:
        return (Move(target, source, -amount),)
    return (Move(source, target, amount),) if amount else ()


def _fund_set(fact: insured.FundSet) -> tuple[Move, ...]:
    return _signed(FUND, free(insured.FUND), fact.yen)


def _recovered(fact: insured.Recovered) -> tuple[Move, ...]:
    """What was taken too much comes from the town: the fund may have promised it again, where no one can ask for it."""
    there = free(insured.FUND) if fact.yen > 0 else FUND
    money_back = _signed(free(money(fact.card)), there, fact.yen)
    return (*money_back, *_signed(debt(fact.card), DEBTS, fact.yen))


def _written_off(fact: insured.WrittenOff) -> tuple[Move, ...]:
    return _signed(debt(fact.card), DEBTS, fact.yen)


def _fund_cleared(fact: insured.FundCleared) -> tuple[Move, ...]:
    return _signed(f"{suspense(fact.of, fact.life)}/{insured.FUND}", free(insured.FUND), fact.yen)


def _drawn(fact: Drawn) -> tuple[Move, ...]:
    return (Move(shop(fact.place), free(money(fact.card)), fact.yen),)


def _put_back(fact: PutBack) -> tuple[Move, ...]:
    return (Move(free(money(fact.card)), shop(fact.place), fact.yen),)


def _shop_paid(fact: ShopPaid) -> tuple[Move, ...]:
    return (Move(shop(fact.place), shop(fact.to), fact.yen),)


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


_AT_COUNTERS: Final[Mapping[type, Callable[[str, Any], tuple[Move, ...]]]] = {
    Charge: _charge,
    Undo: _undo,
    Pay: _pay,
    Void: _taken_back,
    ShopRefund: _taken_back,
    Insured: _insured,
    InsuredVoid: _insured_void,
    CounterPay: _counter_pay,
}
_OFFICE: Final[Mapping[type, Callable[[Any], tuple[Move, ...]]]] = {
    Given: _given,
    Expired: _expired,
    PaidOnline: _online,
    Refund: _refund,
    CashedOut: _cashed_out,
    MadeWhole: _made_whole,
    Compensated: _compensated,
    Repaid: _repaid,
    Cleared: _cleared,
    counter.Covered: _covered,
    counter.Unproven: _unproven,
    insured.FundSet: _fund_set,
    insured.Recovered: _recovered,
    insured.WrittenOff: _written_off,
    insured.FundCleared: _fund_cleared,
    Drawn: _drawn,
    PutBack: _put_back,
    ShopPaid: _shop_paid,
    Transfer: _transfer,
    TransferBack: _transfer_back,
}
