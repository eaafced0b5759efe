"""What the office writes when it gives a payment back."""

from typing import Annotated, Final

import msgspec

from sync.entries import Card, Count, Fact, Ref, Text

PaidEntry = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{0,31}/[0-9a-f]{16}/[1-9][0-9]{0,15}$")]
Yen = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


class Refund(Fact, frozen=True, tag="coin.refund"):
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


KINDS: Final = (Refund,)
