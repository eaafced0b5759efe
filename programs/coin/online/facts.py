"""What the centre writes when somebody pays from the resident's page."""

from typing import Annotated, Final, Self

import msgspec

from sync.entries import Card, Count, Ref, UnitName
from sync.messages import ONE_UNIT
from sync.touches import Paid, Paying

Yen = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
Number = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}$")]
BillName = Annotated[str, msgspec.Meta(max_length=25)]


class PaidOnline(Paying, frozen=True, tag="coin.online"):
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

    def paid(self, writer: str) -> Paid:
        return Paid(self.card, self.place, self.day, self.yen if writer == ONE_UNIT + self.to else 0)

    @classmethod
    def sample(cls) -> Self:
        return cls("0d" * 16, "0a" * 16, "0b" * 16, 1280, "fish", "shop01", 20_780, 120)


KINDS: Final = (PaidOnline,)
