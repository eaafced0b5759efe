"""What a coin counter decides: pay, charge, take back. Whether the money is there, only rights say (`sync.rights`).

The shape is a sum with rights: a unit spends what was granted to it and what it took in itself, so it is never asked
whether somebody else has spent the same yen. What is kept here, for each card at each unit, are the payments and
charges that may still be taken back.
"""

from typing import Final

import msgspec

from programs.coin.entries import YEN_MAX, Charge, Insured, InsuredVoid, Pay, Undo, Void, money
from programs.coin.insured.facts import FUND
from programs.coin.insured.fold import BACKED, BACKED_READER, Backing, backed_key
from programs.coin.lots.issues import ISSUES, ISSUES_READER, Issue, Issued
from programs.coin.months import month_of
from programs.coin.terms import TERMS, TERMS_KEY, TERMS_READER, Agreed, Terms
from programs.coin.till.acts import ACTS
from programs.coin.till.fold import TILL, TILL_READER, Till, place_of, till_key
from sync.entries import Entry
from sync.program import Asked, Decision, Program, Result, Tap, Wish
from sync.rights import RIGHTS, Right, right_key

AGAIN_MS: Final = 60_000
_KEPT: Final = 8
_MONTHS_KEPT: Final = 2
_HERE: Final = frozenset({"card", "pin"})  # what proves that a card is here, and not a picture of one

PAY: Final = "pay"
CHARGE: Final = "charge"
VOID: Final = "void"
BALANCE: Final = "balance"


class Paid(msgspec.Struct, frozen=True):
    """One payment or charge: its entry (boot/seq), when, how much, what it earned.

    `is_void`: it was taken back. `is_insured`: the fund paid.
    """

    entry: str
    at_ms: int
    day: int
    yen: int
    points: int = 0
    is_void: bool = False
    issue: str = ""
    is_insured: bool = False


class Purse(msgspec.Struct, frozen=True):
    """Of one card at one unit: the last payments and charges, as they were made, and how much was taken back (yen).

    `months`: the last two months in which something was charged, and how much of it was not taken back.
    """

    paid: tuple[Paid, ...] = ()
    charged: tuple[Paid, ...] = ()
    voided: int = 0
    months: tuple[tuple[int, int], ...] = ()

    def charged_in(self, month: int) -> int:
        """Return how much was charged in a month, and not taken back."""
        return next((yen for one, yen in self.months if one == month), 0)


def key(entry: Entry) -> str:
    fact = entry.fact
    return f"{entry.unit}/{fact.card}" if isinstance(fact, Charge | Pay | Void | Undo) else ""


def asks(tap: Tap) -> str:
    return f"{tap.unit}/{tap.card}"


def besides(tap: Tap) -> tuple[Asked, ...]:
    rights = right_key(tap.unit, tap.life, money(tap.card, _issue(tap)))
    till = till_key(tap.unit, tap.life)
    fund = right_key(tap.unit, tap.life, FUND)
    backed = backed_key(tap.unit, tap.life, tap.card)
    own = (RIGHTS, rights), (TERMS_READER, TERMS_KEY), (ISSUES_READER, _issue(tap)), (TILL_READER, till)
    return (*own, (RIGHTS, fund), (BACKED_READER, backed))


def _issue(tap: Tap) -> str:
    """Return the issue of gift certificates that is to be paid with; or ""."""
    return tap.wish.about if tap.wish.what == PAY else ""


def fold(purse: Purse, entry: Entry) -> Purse:
    match entry.fact:
        case Charge(yen=yen, day=day):
            charged = Paid(place_of(entry), entry.at, day, yen)
            months = _in_month(purse, day, yen)
            return msgspec.structs.replace(purse, charged=(*purse.charged, charged)[-_KEPT:], months=months)
        case Pay(yen=yen, day=day, points=points, issue=issue):
            is_insured = isinstance(entry.fact, Insured)
            paid = Paid(place_of(entry), entry.at, day, yen, points, issue=issue, is_insured=is_insured)
            return msgspec.structs.replace(purse, paid=(*purse.paid, paid)[-_KEPT:])
        case Void(of=of, yen=yen):
            return msgspec.structs.replace(purse, paid=_marked(purse.paid, of), voided=purse.voided + yen)
        case Undo(of=of, yen=yen, day=day):
            charges, months = _marked(purse.charged, of), _in_month(purse, day, -yen)
            return msgspec.structs.replace(purse, charged=charges, voided=purse.voided + yen, months=months)
        case _:
            return purse


def _in_month(purse: Purse, day: int, yen: int) -> tuple[tuple[int, int], ...]:
    """Return what was charged by months, with something more on a day; a clock that was set back hides no month."""
    month = month_of(day)
    others = tuple(one for one in purse.months if one[0] != month)
    return tuple(sorted((*others, (month, purse.charged_in(month) + yen)))[-_MONTHS_KEPT:])


def _marked(kept: tuple[Paid, ...], void: str) -> tuple[Paid, ...]:
    return tuple(msgspec.structs.replace(one, is_void=True) if one.entry == void else one for one in kept)


def decide(
    purse: Purse, right: Right, agreed: Agreed, issued: Issued, till: Till, fund: Right, backing: Backing, tap: Tap
) -> Decision:
    """Decide one touch, by what the counter was set to.

    Args:
        right: how much of the card's money this unit may give out; or of its certificates, if it pays with them.
        agreed: the town's terms.
        issued: what the town says of those certificates.
        till: what this unit has taken, of whichever card.
        fund: how much this unit may promise out of the fund, and `backing` how much of it for this card.
    """
    if tap.wish.is_for_same and tap.before != tap.card:
        return Decision(Result.REFUSED, "COI-034")
    match tap.wish.what:
        case "pay":
            insured = _insured(purse, agreed.terms, fund, backing, tap)
            return _not_here(issued.issue, tap) or _pay(purse, right, agreed.terms, insured, tap)
        case "charge":
            return _charge(purse, right, agreed.terms, tap)
        case "void":
            return _void(purse, right, till, tap)
        case _:
            return Decision(Result.ALREADY, "COI-001", values={"rights": right.amount})


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


def _pay(purse: Purse, right: Right, terms: Terms, insured: Insured | None, tap: Tap) -> Decision:
    yen = tap.wish.amount
    if not 1 <= yen <= YEN_MAX:
        return Decision(Result.HELP, "COI-002")
    if not tap.wish.is_sure and _is_again(purse, tap):
        return Decision(Result.HELP, "COI-003", values={"yen": yen})
    if yen > terms.token_yen and tap.proof not in _HERE:
        return Decision(Result.REFUSED, "COI-012", values={"limit": terms.token_yen})
    if yen > right.amount:
        message = "COI-011" if right.amount > 0 else "COI-010"
        values: dict[str, int | str] = {"yen": yen, "rights": right.amount}
        lacks = money(tap.card, _issue(tap)), yen - right.amount
        otherwise = _promised(insured, lacks) if insured else None
        return Decision(Result.REFUSED, message, values=values, lacks=lacks, otherwise=otherwise)
    points = terms.points(yen)
    fact = Pay(tap.life, tap.card, yen, tap.place, tap.day, tap.proof, points, _issue(tap))
    return Decision(Result.OK_PAY, "COI-020" if points else "COI-022", (fact,), {"yen": yen, "points": points})


def _insured(purse: Purse, terms: Terms, fund: Right, backing: Backing, tap: Tap) -> Insured | None:
    """Return a payment by the fund, if it stands in for so much: only for a card that is here, and paid here before."""
    yen = tap.wish.amount
    was_here = any(one.day < tap.day and not (one.is_void or one.is_insured) for one in purse.paid)
    can_be = terms.insured.is_on and not _issue(tap) and tap.proof in _HERE and was_here
    if not can_be or not 1 <= yen <= min(backing.left, fund.amount, terms.insured.card_yen):
        return None
    return Insured(tap.life, tap.card, yen, tap.place, tap.day, tap.proof, terms.points(yen))


def _promised(fact: Insured, lacks: tuple[str, int]) -> Decision:
    values: dict[str, int | str] = {"yen": fact.yen, "points": fact.points}
    return Decision(Result.OK_PAY, "COI-024" if fact.points else "COI-025", (fact,), values, lacks)


def _is_again(purse: Purse, tap: Tap) -> bool:
    """Whether the same was paid a moment ago; a clock that was set back must not hide it."""
    if not purse.paid or purse.paid[-1].is_void:
        return False
    last = purse.paid[-1]
    return last.yen == tap.wish.amount and abs(tap.at_ms - last.at_ms) < AGAIN_MS


def _charge(purse: Purse, right: Right, terms: Terms, tap: Tap) -> Decision:
    yen = tap.wish.amount
    if not 1 <= yen <= YEN_MAX or yen % terms.step_yen:
        return Decision(Result.HELP, "COI-030", values={"step": terms.step_yen})
    if right.amount + yen > terms.ceiling_yen:
        room = (terms.ceiling_yen - right.amount) // terms.step_yen * terms.step_yen
        return Decision(Result.REFUSED, "COI-033", values={"ceiling": terms.ceiling_yen, "room": max(0, room)})
    if terms.month_yen and yen > (left := terms.month_yen - purse.charged_in(month_of(tap.day))):
        room = max(0, left) // terms.step_yen * terms.step_yen
        return Decision(Result.REFUSED, "COI-035", values={"limit": terms.month_yen, "room": room})
    fact = Charge(tap.life, tap.card, yen, tap.place, tap.day, tap.proof, terms.expires(tap.day))
    return Decision(Result.OK_PAY, "COI-031", (fact,), {"yen": yen, "rights": right.amount + yen})


def _void(purse: Purse, right: Right, till: Till, tap: Tap) -> Decision:
    """Take back whole what is named, of this card, at this unit, on the same day."""
    about = tap.wish.about.removeprefix(f"{tap.unit}/")
    found = next((one for one in (*purse.paid, *purse.charged) if one.entry == about), None)
    if found is None:
        is_anothers = len(purse.paid) < _KEPT and any(line.entry == about for line in till.lines)
        return Decision(Result.REFUSED, "COI-045" if is_anothers else "COI-040")
    if found.is_void:
        return Decision(Result.ALREADY, "COI-041", values={"yen": found.yen})
    if found.day != tap.day:
        return Decision(Result.REFUSED, "COI-042")
    if found in purse.charged:
        return _undo(found, right, tap)
    kind = InsuredVoid if found.is_insured else Void
    fact = kind(tap.life, tap.card, found.yen, tap.place, tap.day, found.entry, found.points, found.issue)
    return Decision(Result.OK_PAY, "COI-043", (fact,), {"yen": found.yen})


def _undo(charged: Paid, right: Right, tap: Tap) -> Decision:
    """Hand the cash out again, if the money is still here, and not spent or dealt out elsewhere."""
    if charged.yen > right.amount:
        values: dict[str, int | str] = {"yen": charged.yen, "rights": right.amount}
        lacks = (money(tap.card), charged.yen - right.amount)
        return Decision(Result.REFUSED, "COI-046", values=values, lacks=lacks)
    fact = Undo(tap.life, tap.card, charged.yen, tap.place, tap.day, charged.entry)
    return Decision(Result.OK_PAY, "COI-047", (fact,), {"yen": charged.yen})


_CARD: Final = "0a" * 16

PROGRAM: Program[Purse] = Program(
    name="coin",
    kinds=(Charge, Pay, Void, Undo, Insured, InsuredVoid),
    state=Purse,
    empty=Purse(),
    key=key,
    fold=fold,
    samples=(
        Charge(1, _CARD, 3000, "hall", 20_780, "card"),
        Pay(1, _CARD, 1280, "fish", 20_780, "card", 120),
        Void(1, _CARD, 1280, "fish", 20_780, "9f3c0a1b22d4e5f6/1", 120),
        Undo(1, _CARD, 3000, "hall", 20_780, "9f3c0a1b22d4e5f6/1"),
        Pay(1, _CARD, 1500, "fish", 20_780, "card", 150, "summer-2026"),
        Insured(1, _CARD, 900, "fish", 20_780, "card", 90),
        InsuredVoid(1, _CARD, 900, "fish", 20_780, "9f3c0a1b22d4e5f6/1", 90),
    ),
    asks=asks,
    besides=besides,
    decide=decide,
    wishes=(
        *(Wish(BALANCE), Wish(PAY, 1280), Wish(CHARGE, 3000), Wish(CHARGE, 3000, is_for_same=True)),
        Wish(PAY, 1500, about="summer-2026"),
        Wish(VOID, about="lib01/9f3c0a1b22d4e5f6/1"),
    ),
    readers=(TERMS, ISSUES, TILL, BACKED),
    acts=ACTS,
    version=5,
    safe=lambda purse: max(len(purse.paid), len(purse.charged)) <= _KEPT,
)
