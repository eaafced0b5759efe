"""Whether a large payment is made by whoever the card belongs to: a PIN, or a signature where there is none.

The town says above how much. Without a network: the PIN that counts is folded like everything the centre says.
"""

from programs.coin.pins import BY_PIN, BY_SIGNATURE, TRIES, Pin, PinChosen, PinWrong
from programs.coin.purse import Purse
from programs.coin.terms import Terms
from sync.pins import KeptPin, is_easy, is_pin, keep, matches
from sync.program import Decision, Result, Tap


def is_large(terms: Terms, yen: int) -> bool:
    return 0 < terms.pin_over_yen < yen


def ask(purse: Purse, pin: Pin, tap: Tap) -> Decision | None:
    """Return what a large payment still takes; None once somebody has made sure of it."""
    if pin.kept is None:
        signature = Decision(Result.HELP, "COI-080", values={"yen": tap.wish.amount}, goes_on=True)
        return None if tap.typed.is_signed else signature
    wrong = purse.wrong if purse.wrong_of == pin.kept.salt else 0
    if wrong >= TRIES:
        return Decision(Result.REFUSED, "COI-083")
    if tap.typed.is_signed:
        needs_supervisor = tap.operator.is_needed and not tap.operator.is_supervisor
        return Decision(Result.HELP, "COI-071") if needs_supervisor else None
    return _try(pin.kept, wrong, tap)


def _try(kept: KeptPin, wrong: int, tap: Tap) -> Decision | None:
    """Try what was typed, if anything was; a wrong one is written down before anybody is told."""
    values: dict[str, int | str] = {"yen": tap.wish.amount}
    if not tap.typed.pin:
        return Decision(Result.HELP, "COI-081", values=values, goes_on=True)
    if matches(tap.typed.pin, kept, tap.typed.secret):
        return None
    fact = PinWrong(tap.life, tap.card, tap.place, tap.day, kept.salt)
    if left := TRIES - wrong - 1:
        return Decision(Result.REFUSED, "COI-082", (fact,), values | {"left": left}, goes_on=True)
    return Decision(Result.REFUSED, "COI-083", (fact,))


def made_by(pin: Pin, tap: Tap) -> str:
    """Return how somebody made sure of a large payment, as its entry says it."""
    return BY_SIGNATURE if tap.typed.is_signed or pin.kept is None else BY_PIN


def choose(tap: Tap) -> Decision:
    """Let somebody choose a PIN whose card is here."""
    if not tap.is_here:
        return Decision(Result.REFUSED, "COI-086")
    if not tap.typed.pin:
        return Decision(Result.HELP, "COI-084", goes_on=True)
    if not is_pin(tap.typed.pin) or is_easy(tap.typed.pin):
        return Decision(Result.REFUSED, "COI-087", goes_on=True)
    kept = keep(tap.typed.pin, bytes.fromhex(tap.typed.salt), tap.typed.secret)
    fact = PinChosen(tap.life, tap.card, tap.place, tap.day, tap.proof, kept, tap.operator.number)
    return Decision(Result.OK_POINTS, "COI-085", (fact,))
