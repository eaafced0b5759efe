"""What happens to the coin at a counter: cash is charged, something is paid, either is taken back.

`operator`: the number of whoever was signed in behind the counter, or 0 where nobody has to be.
"""

from typing import Annotated, Final, Self

import msgspec

from programs.coin import pins, remedies
from programs.coin.counter import facts as counter
from programs.coin.insured import facts as insured
from programs.coin.lots import facts as lots
from programs.coin.lots.issues import AnIssue, Issue
from programs.coin.online import facts as online
from programs.coin.refunds import facts as refunds
from programs.coin.settlement import facts as settlement
from programs.coin.terms import Terms
from programs.coin.till import facts as till
from programs.coin.trading import facts as trading
from programs.coin.turnover import facts as turnover
from sync.entries import Card, Count, Ref
from sync.rights import Moves
from sync.steps import Counted, Step, Steps
from sync.touches import Paid, PaidBack, Paying, PayingBack

YEN_MAX: Final = 1_000_000
SAMPLE_CARD: Final = "0a" * 16
_SAMPLE_STEPS: Final = Steps("0c" * 32, 1_280, (Step(8, 1, "A" * 86 + "=="),))

Yen = Annotated[int, msgspec.Meta(ge=1, le=YEN_MAX)]
EntryRef = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{16}/[1-9][0-9]{0,15}$")]


def money(card: str, issue: str = "") -> str:
    """Return what the rights to a card's money are called, or those to what it has of an issue of gift certificates."""
    return f"gift/{issue}/{card}" if issue else f"coin/{card}"


class Charge(Moves, frozen=True, tag="coin.charge"):
    """Cash was taken in at this unit, and may be spent here at once.

    Attributes:
        proof: what the card proved: "none", "card", "pin" or "token".
        expires: the last day on which the money is good, by the terms that this unit knew; 0: for ever.
    """

    card: Card
    yen: Yen
    place: Ref
    day: int
    proof: str
    expires: Count = 0
    operator: Count = 0

    @property
    def moves(self) -> tuple[str, int]:
        return money(self.card), self.yen


class Pay(Moves, Paying, frozen=True, tag="coin.pay"):
    """A shop was paid out of what this unit may give out of a card's money.

    Attributes:
        points: what the payment earned, by the terms that this unit knew.
        issue: the issue of gift certificates that it was paid with; or "".
        returns: up to this day the unit itself may give some of it back, by the terms that it knew; 0: never. Until
            that day has passed there, nobody else does: so nothing is given back in two places.
        sure: how somebody made sure of a large payment: "pin", "signature" or "".
    """

    card: Card
    yen: Yen
    place: Ref
    day: int
    proof: str
    points: Count = 0
    issue: AnIssue = ""
    operator: Count = 0
    returns: Count = 0
    sure: Annotated[str, msgspec.Meta(max_length=16)] = ""

    @property
    def moves(self) -> tuple[str, int]:
        return money(self.card, self.issue), -self.yen

    def paid(self, _writer: str) -> Paid:
        return Paid(self.card, self.place, self.day, self.yen)

    @classmethod
    def sample(cls) -> Self:
        return cls(1, SAMPLE_CARD, 1280, "fish", 20_780, "card", 120)


class TakenBack(Moves, PayingBack, frozen=True):
    """Some of a payment at this unit, or all of it, is taken back: the card has it again, and the shop gets less.

    Attributes:
        of: the payment's entry (boot/seq).
        points: how many of the points that it earned go back with it.
        issue: as in the payment.
    """

    card: Card
    yen: Yen
    place: Ref
    day: int
    of: EntryRef
    points: Count = 0
    issue: AnIssue = ""
    operator: Count = 0

    @property
    def moves(self) -> tuple[str, int]:
        return money(self.card, self.issue), self.yen

    @property
    def paid_back(self) -> PaidBack:
        return PaidBack(self.card, self.of, self.yen)

    @classmethod
    def sample(cls) -> Self:
        return cls(1, SAMPLE_CARD, 1280, "fish", 20_780, "9f3c0a1b22d4e5f6/1", 120)


class Void(TakenBack, frozen=True, tag="coin.void"):
    """A payment at this unit, on the same day, is taken back whole, with its points."""


class Undo(Moves, frozen=True, tag="coin.undo"):
    """A charge at this unit, on the same day, is taken back whole, and the cash handed out.

    `of`: its entry (boot/seq).
    """

    card: Card
    yen: Yen
    place: Ref
    day: int
    of: EntryRef
    operator: Count = 0

    @property
    def moves(self) -> tuple[str, int]:
        return money(self.card), -self.yen


class ShopRefund(TakenBack, frozen=True, tag="coin.shop-refund"):
    """Some of a payment at this unit is given back there: out of what the unit has taken, to the card that paid."""


class Insured(Pay, frozen=True, tag="coin.insured"):
    """A shop was paid by the fund where the town could not be asked; the card owes the fund so much."""

    @property
    def moves(self) -> tuple[str, int]:
        return insured.FUND, -self.yen


class CounterPay(Pay, Counted, frozen=True, kw_only=True, tag="coin.counter-pay"):
    """A shop was paid by the counter in a card: out of what every unit may spend, by steps that the card has signed.

    It takes nothing of what this unit may give out. What is taken back of it, the unit may give out like any other.
    """

    steps: Steps

    @property
    def moves(self) -> tuple[str, int]:
        return money(self.card), 0

    @property
    def counted(self) -> tuple[str, Steps]:
        return self.card, self.steps

    @classmethod
    def sample(cls) -> Self:
        return cls(1, SAMPLE_CARD, 1280, "fish", 20_780, "card", 120, steps=_SAMPLE_STEPS)


class InsuredVoid(Void, frozen=True, tag="coin.insured-void"):
    """Such a payment at this unit, on the same day, is taken back whole: the fund may promise it again."""

    @property
    def moves(self) -> tuple[str, int]:
        return insured.FUND, self.yen


_COUNTERS: Final = (Charge, Pay, Void, Undo, ShopRefund, Insured, InsuredVoid, CounterPay)
_ROOMS: Final = (counter, insured, lots, online, pins, refunds, remedies, settlement, till, trading, turnover)
KINDS: Final = (*_COUNTERS, Terms, Issue, *(kind for room in _ROOMS for kind in room.KINDS))
"""Every kind of fact that this program writes."""
