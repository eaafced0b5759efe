"""What the office writes when it gives a payment back, and how many points with it, or cash for what is on a card."""

from typing import Annotated, Final, Self

import msgspec

from programs.coin.law import Cause
from sync.entries import Card, Count, Fact, Ref, Text
from sync.touches import PaidBack, PayingBack

PaidEntry = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{0,31}/[0-9a-f]{16}/[1-9][0-9]{0,15}$")]
Yen = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


class Refund(PayingBack, frozen=True, tag="coin.refund"):
    """So much of a payment is given back: the shop gets less by it, and the card has it again.

    Attributes:
        of: the payment's entry (unit/boot/seq).
        card, place: as in that payment.
        points: how many of the points that it earned go back with it.
        issue: the issue of gift certificates that was paid with; or "".
    """

    of: PaidEntry
    card: Card
    place: Ref
    yen: Yen
    points: Count
    reason: Text
    issue: Annotated[str, msgspec.Meta(max_length=19)] = ""

    @property
    def paid_back(self) -> PaidBack:
        return PaidBack(self.card, self.of, self.yen)

    @classmethod
    def sample(cls) -> Self:
        return cls("shop01/9f3c0a1b22d4e5f6/1", "0a" * 16, "fish", 1280, 120, "broken")


class CashedOut(Fact, frozen=True, tag="coin.cashed-out"):
    """The office has handed out cash for what was on a card.

    Attributes:
        cause: why, in a word of `programs.coin.law.Cause`.
        because: what was shown for it.
        day: when (days since 1970-01-01 by the town's calendar).
    """

    card: Card
    yen: Yen
    cause: Cause
    because: Text
    day: Count


def points_back(earned: int, paid: int, back: int) -> int:
    """Return how many of the points that a payment earned are back once so much of its yen is.

    They go back as the money does, to the point: after the last yen, all of them are.
    """
    return earned * back // paid


KINDS: Final = (Refund, CashedOut)
