"""Payments from residents' pages in a simulated town: the centre may die over them, be put back, and be asked again.

A resident who was told that something is paid remembers the number that the page drew.
"""

import random
from typing import TYPE_CHECKING, Final

from central import ledger
from central.resident import door
from central.resident.purse import NotPaidError, Order
from central.store import reading
from programs.coin.entries import money
from programs.coin.resident import PURSE
from simulation.deeds import FACILITY

if TYPE_CHECKING:
    from simulation.town import SimTown

_MORE: Final = 200  # yen, for which machines may have to be asked, or which nobody has
_ONCE_MORE: Final = 0.3
_NUMBER_BITS: Final = 128


def pay(town: "SimTown", card: int, dice: random.Random) -> str:
    """Let a resident with money pay at some till's place from the page, or send the last order once more."""
    card = next((one for one in _after(card, town.setting.cards) if _free(town, one)), card)
    before = town.orders.get(card)
    order = before if before and dice.random() < _ONCE_MORE else _order(town, card, dice)
    town.orders[card] = order
    try:
        paid = town.office(lambda: PURSE.pay(town.centre.centre, order))
    except NotPaidError as error:
        if error.why == "stopped":  # or the centre that was put back knows nothing of this phone
            town.phones.pop(card, None)
            town.orders.pop(card)
        return f"not paid: {error.why}"
    if not paid.entry:
        return "the money is being fetched"
    town.people.paid[order.number] = order.yen
    return f"{paid.yen} yen paid as {paid.entry}"


def _order(town: "SimTown", card: int, dice: random.Random) -> Order:
    tills = [box for slot, box in enumerate(town.slots) if town.setting.counter(slot) != FACILITY]
    number, name = f"{dice.getrandbits(_NUMBER_BITS):032x}", town.name_of(card)
    yen = dice.randint(1, _free(town, card) + _MORE)
    return Order(number, name, _phone(town, card), yen, place=dice.choice(tills).place)


def _after(card: int, cards: int) -> list[int]:
    """Return all cards, in a circle from one on."""
    return [(card + at) % cards for at in range(cards)]


def _free(town: "SimTown", card: int) -> int:
    """Return how much of a card's money nobody may give out yet."""

    def read() -> int:
        with reading(town.centre.centre.engine) as connection:
            return ledger.balance(connection, ledger.free(money(town.name_of(card))))

    return town.office(read)


def _phone(town: "SimTown", card: int) -> str:
    """Return a resident's phone, which is let in the first time; one whose card is stopped stays out."""
    if card not in town.phones:
        try:
            code = town.office(lambda: door.invite(town.centre.centre, town.name_of(card)))
            there = town.office(lambda: door.let_in(town.centre.centre, town.centre.card_key, code))
        except door.LinkError:
            return ""
        town.phones[card] = there.phone
    return town.phones[card]
