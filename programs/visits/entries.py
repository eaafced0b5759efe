"""The one fact of this program: a card was touched at a place."""

from typing import Final

from sync.entries import Card, Fact, Ref


class Touch(Fact, frozen=True, tag="visits.touch"):
    """A card was touched at a place.

    Attributes:
        day: days since 1970-01-01 by the town's calendar, as the unit saw it.
        proof: what the card proved: "none", "card", "pin" or "token".
    """

    card: Card
    place: Ref
    day: int
    proof: str


KINDS: Final = (Touch,)
"""Every kind of fact that this program writes."""
