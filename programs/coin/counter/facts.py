"""What centre, office and units say about the money that only the counter in a card guards.

`Told` stands in the town's journal and `Seat` in that of one unit; what is the office's alone stands in its own, and
whoever else writes it moves nothing.
"""

from typing import Annotated, Final, Self

import msgspec

from sync.entries import Card, Count, Fact, Text, UnitName
from sync.rights import AMOUNT_MAX, Life, Moves
from sync.touches import PaidBack, PayingBack

USE_KIND: Final = "counter"
USE: Final = f"{USE_KIND}/use"
"""What the right to decide by counters is called; a unit has one of it, or none."""

Signed = Annotated[int, msgspec.Meta(ge=-AMOUNT_MAX, le=AMOUNT_MAX)]
Number = Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]
StepYen = Annotated[int, msgspec.Meta(ge=100, le=100_000)]


def counted(card: str) -> str:
    """Return the account of a card's money that every unit may spend, guarded by the card's counter alone."""
    return f"coin/{card}/counter"


class Told(Fact, frozen=True, tag="coin.counter-told"):
    """Everybody may spend so much of a card's money, less what its counter says may have been spent since.

    Attributes:
        number: counts all that was ever told of counters in this town, without a gap; the greatest counts for a card.
        put: so much was put there by this word out of what was free; below zero: it is free again.
        yen: how much there is, as far as has been heard.
        paid: how much was paid out of it until now, as far as has been heard.
        step: the furthest step of which anything was heard.
        unexplained: of how many steps up to it nothing is known.
        settled: up to this step nothing more can come: everybody has been heard since.
        asks: every unit says that it has heard this.
    """

    number: Number
    card: Card
    put: Signed
    yen: Count
    paid: Count
    step: Count
    unexplained: Count
    settled: Count
    asks: bool = False


class Seat(Fact, frozen=True, tag="coin.counter-seat"):
    """A unit, in one of its lives, may decide by counters, once it has heard all that was told up to a number.

    Attributes:
        step_yen: so much is paid at most for each step, and so much is feared for each that nobody knows of. It is the
            same for all units at a time.
    """

    to: UnitName
    life: Life
    since: Count
    step_yen: StepYen


class Heard(Moves, frozen=True, tag="coin.counter-heard"):
    """A unit has heard what was told of a card under a number; from this entry on it decides by that or later."""

    card: Card
    number: Number

    @property
    def moves(self) -> tuple[str, int]:
        return f"coin/{self.card}", 0


class KeptFree(Fact, frozen=True, tag="coin.counter-kept"):
    """So much of a card's money is to be free, for the office to deal with, and not under its counter; 0: nothing."""

    card: Card
    yen: Count
    because: Text


class Covered(Fact, frozen=True, tag="coin.counter-covered"):
    """More was paid under a card's counter than there was; the town stands in for it."""

    card: Card
    yen: Count


class Unproven(PayingBack, frozen=True, tag="coin.counter-unproven"):
    """A unit wrote a payment that the card never signed: it is the card's again, and the shop's no more.

    `of`: the entry.
    """

    of: Annotated[str, msgspec.Meta(max_length=80)]
    card: Card
    place: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
    yen: Count
    points: Count = 0

    @property
    def paid_back(self) -> PaidBack:
        return PaidBack(self.card, self.of, self.yen)

    @classmethod
    def sample(cls) -> Self:
        return cls("shop01/9f3c0a1b22d4e5f6/1", "0a" * 16, "fish", 1280, 120)


OFFICE: Final = (KeptFree, Covered, Unproven)
KINDS: Final = (Told, Seat, Heard, *OFFICE)
