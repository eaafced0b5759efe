"""Of one card at one unit: the payments and charges that may still be taken back, and what was. Arithmetic only."""

from typing import Any, Final

import msgspec

from programs.coin.entries import Charge, Insured, Pay, ShopRefund, TakenBack, Undo, Void
from programs.coin.pins import BY_PIN, PinChosen, PinWrong
from programs.coin.till.fold import place_of
from sync.entries import Entry
from sync.months import month_of

KEPT: Final = 8
_MONTHS_KEPT: Final = 2


class Paid(msgspec.Struct, frozen=True):
    """One payment or charge: its entry (boot/seq), when, how much, what it earned, and who took it.

    Attributes:
        is_void: it was taken back.
        back, points_back: what was given back of it here.
        returns: the last day on which that may be done.
        is_insured: the fund paid.
    """

    entry: str
    at_ms: int
    day: int
    yen: int
    points: int = 0
    is_void: bool = False
    issue: str = ""
    operator: int = 0
    back: int = 0
    points_back: int = 0
    returns: int = 0
    is_insured: bool = False


class Purse(msgspec.Struct, frozen=True):
    """Of one card at one unit: the last payments and charges, as they were made, and how much was taken back (yen).

    Attributes:
        wrong: how often in a row a wrong PIN was typed; `wrong_of`: the salt of the PIN that counted then.
        chosen: the salt of the PIN that was chosen here last.
        months: the last two months in which something was charged, and how much of it was not taken back.
    """

    paid: tuple[Paid, ...] = ()
    charged: tuple[Paid, ...] = ()
    voided: int = 0
    wrong: int = 0
    wrong_of: str = ""
    chosen: str = ""
    months: tuple[tuple[int, int], ...] = ()

    def charged_in(self, month: int) -> int:
        """Return how much was charged in a month, and not taken back."""
        return next((yen for one, yen in self.months if one == month), 0)


def key(entry: Entry) -> str:
    fact = entry.fact
    if not isinstance(fact, Charge | Pay | TakenBack | Undo | PinChosen | PinWrong):
        return ""
    return f"{entry.unit}/{fact.card}"


def fold(purse: Purse, entry: Entry) -> Purse:
    return msgspec.structs.replace(purse, **_changes(purse, entry))


def _changes(purse: Purse, entry: Entry) -> dict[str, Any]:
    """Return what is another in a purse after an entry."""
    changes: dict[str, Any] = {}
    match entry.fact:
        case Charge(yen=yen, day=day, operator=operator):
            charged = Paid(place_of(entry), entry.at, day, yen, operator=operator)
            changes = {"charged": (*purse.charged, charged)[-KEPT:], "months": _in_month(purse, day, yen)}
        case Pay() as fact:
            about = (place_of(entry), entry.at, fact.day, fact.yen, fact.points)
            paid = Paid(*about, issue=fact.issue, operator=fact.operator, returns=fact.returns)
            paid = msgspec.structs.replace(paid, is_insured=isinstance(fact, Insured))
            changes = {"paid": (*purse.paid, paid)[-KEPT:], "wrong": 0 if fact.sure == BY_PIN else purse.wrong}
        case Void(of=of, yen=yen):
            changes = {"paid": _marked(purse.paid, of), "voided": purse.voided + yen}
        case Undo(of=of, yen=yen, day=day):
            changes = {"charged": _marked(purse.charged, of), "voided": purse.voided + yen}
            changes["months"] = _in_month(purse, day, -yen)
        case ShopRefund(of=of, yen=yen, points=points):
            back = tuple(_given_back(one, yen, points) if one.entry == of else one for one in purse.paid)
            changes = {"paid": back, "voided": purse.voided + yen}
        case PinWrong(of=of):
            changes = {"wrong": purse.wrong + 1 if of == purse.wrong_of else 1, "wrong_of": of}
        case PinChosen(kept=kept):
            changes = {"chosen": kept.salt}
    return changes


def _in_month(purse: Purse, day: int, yen: int) -> tuple[tuple[int, int], ...]:
    """Return what was charged by months, with something more on a day; a clock that was set back hides no month."""
    month = month_of(day)
    others = tuple(one for one in purse.months if one[0] != month)
    return tuple(sorted((*others, (month, purse.charged_in(month) + yen)))[-_MONTHS_KEPT:])


def _given_back(paid: Paid, yen: int, points: int) -> Paid:
    return msgspec.structs.replace(paid, back=paid.back + yen, points_back=paid.points_back + points)


def _marked(kept: tuple[Paid, ...], void: str) -> tuple[Paid, ...]:
    return tuple(msgspec.structs.replace(one, is_void=True) if one.entry == void else one for one in kept)


def is_safe(purse: Purse) -> bool:
    """Whether no more is kept than fits, and no more was given back than was paid."""
    return max(len(purse.paid), len(purse.charged)) <= KEPT and all(one.back <= one.yen for one in purse.paid)
