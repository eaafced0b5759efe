"""What the office does to the money on cards: it gives some, and takes away what has run out.

All of it stands in the office's own journal; whoever else writes such a thing moves nothing.
"""

from enum import StrEnum
from typing import Annotated

import msgspec

from programs.coin.lots.issues import AnIssue
from sync.entries import Card, Count, Fact, Text
from sync.rights import AMOUNT_MAX, Amount, What

FundName = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
SignedYen = Annotated[int, msgspec.Meta(ge=-AMOUNT_MAX, le=AMOUNT_MAX)]
RefText = Annotated[str, msgspec.Meta(max_length=120)]


class Source(StrEnum):
    """Why the town gives money to a card."""

    PREMIUM = "premium"  # on top of what was charged
    GRANT = "grant"  # by the town, to a resident
    CERTIFICATE = "certificate"  # left on a gift certificate of an earlier system


class Given(Fact, frozen=True, tag="coin.given"):
    """The town gave money to a card; nobody paid for it.

    Attributes:
        fund: which of the town's funds pays.
        day: when (days since 1970-01-01 by the town's calendar).
        expires: the last day on which it is good, counted in the same way; 0: for ever.
        ref: what it was given for, if that must not be given for twice; or "".
        issue: the issue of gift certificates that it is of; or "", for money that counts everywhere.
    """

    card: Card
    yen: Amount
    source: Source
    fund: FundName
    reason: Text
    day: Count
    expires: Count = 0
    ref: RefText = ""
    issue: AnIssue = ""


class Expired(Fact, frozen=True, tag="coin.expired"):
    """What was left of a lot had run out, and lay at no unit.

    Attributes:
        of: the lot, by the entry that made it (unit/boot/seq).
        day: up to when lots had to be good to be left alone.
    """

    what: What
    yen: Amount
    of: RefText
    day: Count


class Carried(Fact, frozen=True, tag="coin.carried"):
    """A line of the history of a gift certificate, as an earlier system had it; it moves nothing.

    Attributes:
        ref: the certificate, as what was left on it was given for.
        day, yen, text: when, how much (below zero: it was used), and what for, in the words of that system.
    """

    card: Card
    ref: RefText
    day: Count
    yen: SignedYen
    text: Text


KINDS = (Given, Expired, Carried)
