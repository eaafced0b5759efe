"""What the centre writes when somebody pays from the resident's page."""

from typing import Annotated, Final

import msgspec

from sync.entries import Card, Count, Fact, Ref, UnitName

Yen = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
Number = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}$")]
BillName = Annotated[str, msgspec.Meta(max_length=25)]


class PaidOnline(Fact, frozen=True, tag="coin.online"):
    """A shop was paid out of what is free of a card's money; written into the journal for the unit that says so there.

    Attributes:
        number: drawn by the page for this payment, and never paid twice.
        phone: by which phone.
        to: the unit for which this is written.
        points: what the payment earned.
        bill: the counter's bill that is paid with it; "" where a sticker was read, or a shop chosen.
    """

    number: Number
    card: Card
    phone: Card
    yen: Yen
    place: Ref
    to: UnitName
    day: int
    points: Count = 0
    bill: BillName = ""


KINDS: Final = (PaidOnline,)
