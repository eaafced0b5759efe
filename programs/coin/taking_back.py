"""What is taken back at a counter of the coin: a payment or a charge on its day, whole; later, some of a payment.

A void and the undoing of a charge are of one day and one card, and hide nothing: both stay in the books. A shop gives
back later only what the payment itself allows, and out of what it has taken; the town hall does the rest.
"""

from programs.coin.entries import InsuredVoid, ShopRefund, Undo, Void, money
from programs.coin.purse import KEPT, Paid, Purse
from programs.coin.refunds.facts import points_back
from programs.coin.terms import Terms
from programs.coin.till.fold import Till
from sync.program import Decision, Result, Tap
from sync.rights import Right


def void(purse: Purse, right: Right, terms: Terms, till: Till, tap: Tap) -> Decision:
    """Take back whole what is named, of this card, at this unit, on the same day."""
    about = tap.wish.about.removeprefix(f"{tap.unit}/")
    found = next((one for one in (*purse.paid, *purse.charged) if one.entry == about), None)
    if found is None:
        return _not_of_this_card(purse, till, about)
    if refusal := _not_voidable(found, terms, tap):
        return refusal
    if found in purse.charged:
        return _undo(found, right, tap)
    taken_back = (found.entry, found.points, found.issue, tap.operator.number)
    kind = InsuredVoid if found.is_insured else Void
    fact = kind(tap.life, tap.card, found.yen, tap.place, tap.day, *taken_back)
    return Decision(Result.OK_PAY, "COI-043", (fact,), {"yen": found.yen})


def _not_voidable(found: Paid, terms: Terms, tap: Tap) -> Decision | None:
    """Return why a payment or a charge is not taken back here and now; None if it is."""
    if found.is_void:
        return Decision(Result.ALREADY, "COI-041", values={"yen": found.yen})
    if found.day != tap.day:
        return Decision(Result.REFUSED, "COI-042")
    if found.back:
        return Decision(Result.REFUSED, "COI-075", values={"back": found.back})
    if found.operator != tap.operator.number and terms.wants_supervisor(tap.operator):
        return Decision(Result.HELP, "COI-070")
    return None


def _not_of_this_card(purse: Purse, till: Till, about: str) -> Decision:
    """Say whether it was made with another card, if that is known."""
    is_anothers = len(purse.paid) < KEPT and any(line.entry == about and not line.of for line in till.lines)
    return Decision(Result.REFUSED, "COI-045" if is_anothers else "COI-040")


def refund(purse: Purse, till: Till, tap: Tap) -> Decision:
    """Give some of a payment back: a supervisor, to the card that paid, out of what this unit has taken itself."""
    if not tap.operator.is_supervisor:
        return Decision(Result.HELP, "COI-071")
    if not tap.wish.about:
        return _which(purse, tap)
    about = tap.wish.about.removeprefix(f"{tap.unit}/")
    paid = next((one for one in purse.paid if one.entry == about), None)
    if paid is None:
        return _not_of_this_card(purse, till, about)
    return _not_refundable(paid, till, tap) or _given_back(paid, tap)


def _which(purse: Purse, tap: Tap) -> Decision:
    """Say what of this card's payments here can still be given back: older ones than a list of the day can hold."""
    found = [one for one in purse.paid if not one.is_void and one.back < one.yen and tap.day <= one.returns]
    if not found:
        return Decision(Result.REFUSED, "COI-040")
    rows = [f"{one.entry} {one.at_ms} {one.yen} {one.yen - one.back}" for one in reversed(found)]
    return Decision(Result.ALREADY, "COI-077", values={"count": len(rows), "rows": "\n".join(rows)})


def _not_refundable(paid: Paid, till: Till, tap: Tap) -> Decision | None:
    """Return why so much of a payment is not given back here; None if it is."""
    yen, left, room = tap.wish.amount, paid.yen - paid.back, till.sums.net
    if paid.is_void:
        return Decision(Result.ALREADY, "COI-041", values={"yen": paid.yen})
    if not till.latest <= tap.day <= paid.returns:
        return Decision(Result.REFUSED, "COI-040")
    if not 1 <= yen <= left:
        return Decision(Result.REFUSED, "COI-073", values={"left": left})
    return Decision(Result.REFUSED, "COI-074", values={"room": max(0, room)}) if yen > room else None


def _given_back(paid: Paid, tap: Tap) -> Decision:
    yen = tap.wish.amount
    points = points_back(paid.points, paid.yen, paid.back + yen) - paid.points_back
    about = (paid.entry, points, paid.issue, tap.operator.number)
    fact = ShopRefund(tap.life, tap.card, yen, tap.place, tap.day, *about)
    return Decision(Result.OK_PAY, "COI-072", (fact,), {"yen": yen, "left": paid.yen - paid.back - yen})


def _undo(charged: Paid, right: Right, tap: Tap) -> Decision:
    """Hand the cash out again, if the money is still here, and not spent or dealt out elsewhere."""
    if charged.yen > right.amount:
        values: dict[str, int | str] = {"yen": charged.yen, "rights": right.amount}
        lacks = (money(tap.card), charged.yen - right.amount)
        return Decision(Result.REFUSED, "COI-046", values=values, lacks=lacks)
    fact = Undo(tap.life, tap.card, charged.yen, tap.place, tap.day, charged.entry, tap.operator.number)
    return Decision(Result.OK_PAY, "COI-047", (fact,), {"yen": charged.yen})
