"""The two facts of this program: an umbrella was lent, and one came back."""

from typing import Final

from sync.entries import Card, Fact, Ref


class Lent(Fact, frozen=True, tag="umbrellas.lent"):
    """A card took an umbrella out of the stand at a place."""

    card: Card
    place: Ref


class Back(Fact, frozen=True, tag="umbrellas.back"):
    """A card put one back there."""

    card: Card
    place: Ref


KINDS: Final = (Lent, Back)
"""Every kind of fact that this program writes."""
