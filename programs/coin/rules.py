"""What a coin counter decides: pay, charge, take back. Whether the money is there, only rights say (`sync.rights`).

The shape is a sum with rights: a unit spends what was granted to it and what it took in itself, so it is never asked
whether somebody else has spent the same yen. What is kept beside that, for each card at each unit, are the payments and
charges that may still be taken back (`purse`); by which rules they are, `taking_back` says.
"""

from typing import Final

from programs.coin.counter import deciding
from programs.coin.counter.deciding import CardCounter
from programs.coin.counter.facts import USE
from programs.coin.counter.fold import READERS as COUNTER_READERS
from programs.coin.counter.fold import Gate, Known, Seated, Touches
from programs.coin.entries import (
    SAMPLE_CARD,
    YEN_MAX,
    Charge,
    CounterPay,
    Insured,
    InsuredVoid,
    Pay,
    ShopRefund,
    Undo,
    Void,
    money,
)
from programs.coin.insured.facts import FUND
from programs.coin.insured.fold import BACKED, BACKED_READER, Backing, backed_key
from programs.coin.insured.promise import promise
from programs.coin.lots.issues import ISSUES, ISSUES_READER, Issue, Issued
from programs.coin.making_sure import ask, choose, is_large, made_by
from programs.coin.pins import PINS, PINS_READER, Pin, PinChosen, PinWrong
from programs.coin.purse import Purse, fold, is_safe, key
from programs.coin.taking_back import refund, void
from programs.coin.terms import TERMS, TERMS_KEY, TERMS_READER, Agreed, Terms
from programs.coin.till.acts import ACTS
from programs.coin.till.fold import TILL, TILL_READER, Till, till_key
from sync.months import month_of
from sync.pins import KeptPin
from sync.program import Asked, Decision, Program, Result, Tap, Wish
from sync.rights import RIGHTS, Right, right_key

AGAIN_MS: Final = 60_000

PAY: Final = "pay"
CHARGE: Final = "charge"
VOID: Final = "void"
REFUND: Final = "refund"
SET_PIN: Final = "pin"
BALANCE: Final = "balance"


def asks(tap: Tap) -> str:
    return f"{tap.unit}/{tap.card}"


def besides(tap: Tap) -> tuple[Asked, ...]:
    rights = right_key(tap.unit, tap.life, money(tap.card, _issue(tap)))
    till = till_key(tap.unit, tap.life)
    of_town = ((TERMS_READER, TERMS_KEY), (ISSUES_READER, _issue(tap)))
    of_fund = ((RIGHTS, right_key(tap.unit, tap.life, FUND)), (BACKED_READER, backed_key(tap.unit, tap.life, tap.card)))
    of_counter = ((RIGHTS, right_key(tap.unit, tap.life, USE)), *deciding.asks(tap.unit, tap.life, tap.card))
    return ((RIGHTS, rights), *of_town, (TILL_READER, till), (PINS_READER, tap.card), *of_fund, *of_counter)


def _issue(tap: Tap) -> str:
    """Return the issue of gift certificates that is to be paid with; or ""."""
    return tap.wish.about if tap.wish.what == PAY else ""


def decide(
    purse: Purse,
    right: Right,
    agreed: Agreed,
    issued: Issued,
    till: Till,
    pin: Pin,
    fund: Right,
    backing: Backing,
    use: Right,
    known: Known,
    gate: Gate,
    seated: Seated,
    touches: Touches,
    tap: Tap,
) -> Decision:
    """Decide one touch, by what the counter was set to.

    Args:
        right: how much of the card's money this unit may give out; or of its certificates, if it pays with them.
        agreed: the town's terms.
        issued: what the town says of those certificates.
        till: what this unit has taken, of whichever card.
        pin: the resident's PIN for large payments, if there is one.
        fund: how much this unit may promise out of the fund, and `backing` how much of it for this card.
        use, known, gate, seated, touches: what decides by the counter in a card, where it has one.
    """
    counter = CardCounter(known, gate, seated, touches, use)
    if tap.wish.is_for_same and tap.before != tap.card:
        return Decision(Result.REFUSED, "COI-034")
    terms = agreed.terms
    match tap.wish.what:
        case "pay":
            otherwise = promise(purse, terms, fund, backing, tap) if tap.steps is None else None
            decision = _not_here(issued.issue, tap) or _pay(purse, right, terms, pin, otherwise, counter, tap)
        case "charge":
            decision = _charge(purse, right.amount + known.yen, terms, tap)
        case "void":
            decision = void(purse, right, terms, till, tap)
        case "refund":
            decision = refund(purse, till, tap)
        case "pin":
            decision = choose(tap)
        case _:
            there = max(right.amount, deciding.usable(counter, tap))
            decision = Decision(Result.ALREADY, "COI-001", values={"rights": there})
    return decision


def _not_here(issue: Issue | None, tap: Tap) -> Decision | None:
    """Return why somebody cannot pay so much with such certificates here; None if he can, or pays with coin."""
    if not _issue(tap):
        return None
    if issue is None or tap.place not in issue.places:
        return Decision(Result.REFUSED, "COI-090")
    if issue.has_run_out(tap.day):
        return Decision(Result.REFUSED, "COI-091")
    if tap.wish.amount % issue.step_yen:
        return Decision(Result.HELP, "COI-092", values={"step": issue.step_yen})
    return None


def _pay(
    purse: Purse, right: Right, terms: Terms, pin: Pin, otherwise: Insured | None, counter: CardCounter, tap: Tap
) -> Decision:
    yen = tap.wish.amount
    if not 1 <= yen <= YEN_MAX:
        return Decision(Result.HELP, "COI-002")
    if not tap.wish.is_sure and _is_again(purse, tap):
        return Decision(Result.HELP, "COI-003", values={"yen": yen})
    if yen > terms.token_yen and not tap.is_here:
        return Decision(Result.REFUSED, "COI-012", values={"limit": terms.token_yen})
    sure = made_by(pin, tap) if is_large(terms, yen) else ""
    by_counter = deciding.pay(counter, terms, sure, tap) if yen > right.amount else None
    if yen > right.amount and by_counter is None:
        return _lacking(right, otherwise, counter, tap)
    if is_large(terms, yen) and (more := ask(purse, pin, tap)):
        return more
    points = terms.points(yen)
    about = (points, _issue(tap), tap.operator.number, terms.returns(tap.day), sure)
    fact = by_counter or Pay(tap.life, tap.card, yen, tap.place, tap.day, tap.proof, *about)
    return Decision(Result.OK_PAY, "COI-020" if points else "COI-022", (fact,), {"yen": yen, "points": points})


def _lacking(right: Right, otherwise: Insured | None, counter: CardCounter, tap: Tap) -> Decision:
    """Say how much may be spent here, of what may be given out or by the card's counter, whichever is more."""
    yen, there = tap.wish.amount, max(right.amount, deciding.usable(counter, tap))
    lacks = money(tap.card, _issue(tap)), yen - right.amount
    promised = _promised(otherwise, lacks) if otherwise else None
    values: dict[str, int | str] = {"yen": yen, "rights": there}
    is_too_much_at_once = tap.steps is not None and counter.at_once(tap.steps) < yen <= counter.spendable(
        tap.steps.values
    )
    message = "COI-013" if is_too_much_at_once else "COI-011" if there > 0 else "COI-010"
    return Decision(Result.REFUSED, message, values=values, lacks=lacks, otherwise=promised)


def _promised(fact: Insured, lacks: tuple[str, int]) -> Decision:
    """Return what is decided if the town cannot be asked: the fund pays."""
    values: dict[str, int | str] = {"yen": fact.yen, "points": fact.points}
    return Decision(Result.OK_PAY, "COI-024" if fact.points else "COI-025", (fact,), values, lacks)


def _is_again(purse: Purse, tap: Tap) -> bool:
    """Whether the same was paid a moment ago; a clock that was set back must not hide it."""
    if not purse.paid or purse.paid[-1].is_void:
        return False
    last = purse.paid[-1]
    return last.yen == tap.wish.amount and abs(tap.at_ms - last.at_ms) < AGAIN_MS


def _charge(purse: Purse, there: int, terms: Terms, tap: Tap) -> Decision:
    """Take in cash. `there`: what the card has, as far as this desk knows."""
    yen = tap.wish.amount
    if not 1 <= yen <= YEN_MAX or yen % terms.step_yen:
        return Decision(Result.HELP, "COI-030", values={"step": terms.step_yen})
    if there + yen > terms.ceiling_yen:
        room = (terms.ceiling_yen - there) // terms.step_yen * terms.step_yen
        return Decision(Result.REFUSED, "COI-033", values={"ceiling": terms.ceiling_yen, "room": max(0, room)})
    if terms.month_yen and yen > (left := terms.month_yen - purse.charged_in(month_of(tap.day))):
        room = max(0, left) // terms.step_yen * terms.step_yen
        return Decision(Result.REFUSED, "COI-035", values={"limit": terms.month_yen, "room": room})
    expires, operator = terms.expires(tap.day), tap.operator.number
    fact = Charge(tap.life, tap.card, yen, tap.place, tap.day, tap.proof, expires, operator)
    return Decision(Result.OK_PAY, "COI-031", (fact,), {"yen": yen, "rights": there + yen})


PROGRAM: Program[Purse] = Program(
    name="coin",
    kinds=(Charge, Pay, Void, Undo, ShopRefund, Insured, InsuredVoid, CounterPay, PinChosen, PinWrong),
    state=Purse,
    empty=Purse(),
    key=key,
    fold=fold,
    samples=(
        Charge(1, SAMPLE_CARD, 3000, "hall", 20_780, "card"),
        Pay.sample(),
        Void.sample(),
        Undo(1, SAMPLE_CARD, 3000, "hall", 20_780, "9f3c0a1b22d4e5f6/1"),
        Pay(1, SAMPLE_CARD, 1500, "fish", 20_780, "card", 150, "summer-2026", 3, 20_787),
        ShopRefund(1, SAMPLE_CARD, 300, "fish", 20_781, "9f3c0a1b22d4e5f6/1", 30),
        Insured(1, SAMPLE_CARD, 900, "fish", 20_780, "card", 90),
        InsuredVoid(1, SAMPLE_CARD, 900, "fish", 20_780, "9f3c0a1b22d4e5f6/1", 90),
        CounterPay.sample(),
        PinChosen(1, SAMPLE_CARD, "hall", 20_780, "card", KeptPin("0a" * 16, "0b" * 32)),
        PinWrong(1, SAMPLE_CARD, "fish", 20_780, "0a" * 16),
    ),
    asks=asks,
    besides=besides,
    decide=decide,
    wishes=(
        *(Wish(BALANCE), Wish(PAY, 1280), Wish(CHARGE, 3000), Wish(CHARGE, 3000, is_for_same=True)),
        Wish(PAY, 1500, about="summer-2026"),
        Wish(SET_PIN),
        *(Wish(VOID, about="lib01/9f3c0a1b22d4e5f6/1"), Wish(REFUND, 300, about="lib01/9f3c0a1b22d4e5f6/1")),
    ),
    readers=(TERMS, ISSUES, TILL, PINS, BACKED, *COUNTER_READERS),
    acts=ACTS,
    answers=deciding.answers,
    pays_in_town=deciding.may_pay_in_town,
    version=7,
    safe=is_safe,
)
