"""What centre and office say about the fund that stands in where the town cannot be asked.

Of `Backed` a unit hears; everything else stands in the office's own journal, and whoever else writes it moves nothing.
"""

from typing import Annotated, Final

import msgspec

from sync.entries import Card, Count, Fact, Text, UnitName
from sync.rights import AMOUNT_MAX, Life

FUND_KIND: Final = "insured"
FUND: Final = f"{FUND_KIND}/fund"
"""What the rights to promise out of the fund are called."""

Signed = Annotated[int, msgspec.Meta(ge=-AMOUNT_MAX, le=AMOUNT_MAX)]


class Backed(Fact, frozen=True, tag="coin.backed"):
    """At a unit, in one of its lives, the fund stands in for a card up to so much, for its money that lies elsewhere.

    `counted`: what that life had promised for the card so far, of which the centre had heard. So it does not matter
    what the unit has written meanwhile: that comes off.
    """

    to: UnitName
    life: Life
    card: Card
    yen: Count
    counted: Count = 0


class FundSet(Fact, frozen=True, tag="coin.fund"):
    """The town has put so much more into the fund that may be promised; below zero: it has taken so much out."""

    yen: Signed
    because: Text


class Recovered(Fact, frozen=True, tag="coin.recovered"):
    """So much of what a card owed the fund was taken from its money; below zero: too much was taken, and is back."""

    card: Card
    yen: Signed


class WrittenOff(Fact, frozen=True, tag="coin.written-off"):
    """So much of what a card owes will never be there; the fund bears it."""

    card: Card
    yen: Count
    because: Text


class FundCleared(Fact, frozen=True, tag="coin.fund-cleared"):
    """What a lost life of a unit might have promised is promised no more; below zero: it had promised more."""

    of: UnitName
    life: Life
    yen: Signed


OFFICE: Final = (FundSet, Recovered, WrittenOff, FundCleared)
KINDS: Final = (Backed, *OFFICE)
