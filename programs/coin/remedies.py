"""What the office does about money after a loss: facts of its own journal, each with the very amounts that it moves."""

from typing import Annotated, Final

import msgspec

from sync.entries import Card, Count, Fact, Ref, Text, UnitName
from sync.rights import Life

Sum = Annotated[int, msgspec.Meta(ge=1, le=10**9)]
Signed = Annotated[int, msgspec.Meta(ge=-(10**12), le=10**12)]


class MadeWhole(Fact, frozen=True, tag="coin.whole"):
    """A card gets from the fund what a lost life of a unit (`of`, `life`) held of its money.

    `because`: what the cardholder has shown, where the books know of nothing: a receipt for cash. "" if they know.
    """

    of: UnitName
    life: Life
    card: Card
    yen: Sum
    because: Text = ""


class Compensated(Fact, frozen=True, tag="coin.compensated"):
    """A shop gets from the fund what it has shown to have taken at a lost unit, and the unit had not sent."""

    of: UnitName
    life: Life
    place: Ref
    yen: Sum
    because: Text


class Cleared(Fact, frozen=True, tag="coin.cleared"):
    """What is in suspense for a card at a lost life goes where it belongs.

    `to_card`: what the fund has not given the card already. `to_fund`: the rest; less than nothing where more was spent
    at the unit than there was left, which the fund bears.
    """

    of: UnitName
    life: Life
    card: Card
    to_card: Count
    to_fund: Signed


class Repaid(Fact, frozen=True, tag="coin.repaid"):
    """A shop's takings at a lost unit were found after all: what the fund had paid for them goes back to it."""

    of: UnitName
    life: Life
    place: Ref
    yen: Sum


class CardMoved(Fact, frozen=True, tag="coin.moved"):
    """All money and points of one card are another's: what is free now, and whatever becomes free later."""

    old: Card
    new: Card


KINDS: Final = (MadeWhole, Compensated, Cleared, Repaid, CardMoved)
ABOUT_LOSSES: Final = (MadeWhole, Compensated, Cleared, Repaid)
