"""A touch that other programs may read: who, where and on which day, whatever it was for.

Programs do not know each other; they meet in the journal. A program whose fact is such a touch makes it a `Touched`,
and whoever counts touches (points do) reads all of them alike. Arithmetic only.
"""

from sync.entries import Card, Fact, Ref, kind_of


class Touched(Fact, frozen=True):
    """A card was touched at a place. A kind that adds fields gives them defaults.

    Attributes:
        day: days since 1970-01-01 by the town's calendar, as the unit saw it.
        proof: what the card proved: "none", "card", "pin" or "token".
    """

    card: Card
    place: Ref
    day: int
    proof: str

    @property
    def service(self) -> str:
        """What the touch was for: the name of the program that wrote it."""
        return kind_of(self).partition(".")[0]
