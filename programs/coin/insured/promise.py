"""Whether the fund stands in for a payment at a unit that cannot ask the town. Arithmetic only."""

from programs.coin.entries import Insured
from programs.coin.insured.fold import Backing
from programs.coin.making_sure import is_large
from programs.coin.purse import Purse
from programs.coin.terms import Terms
from sync.program import Tap
from sync.rights import Right


def promise(purse: Purse, terms: Terms, fund: Right, backing: Backing, tap: Tap) -> Insured | None:
    """Return a payment by the fund, if it stands in for so much.

    Only for a card that is here and has paid here on an earlier day, and for nothing that takes a PIN or a signature.
    """
    yen = tap.wish.amount
    was_here = any(one.day < tap.day and not (one.is_void or one.is_insured) for one in purse.paid)
    can_be = terms.insured.is_on and not tap.wish.about and tap.is_here and was_here
    if not can_be or is_large(terms, yen) or not 1 <= yen <= min(backing.left, fund.amount, terms.insured.card_yen):
        return None
    more = (terms.points(yen), "", tap.operator.number)
    return Insured(tap.life, tap.card, yen, tap.place, tap.day, tap.proof, *more)
