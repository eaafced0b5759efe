"""The terms of the coin in this town, as the office said them last: steps, ceiling, points.

Every figure is the town's to choose. Until it has said anything, the figures below count.
"""

from typing import Annotated, Final

import msgspec

from sync.entries import Entry, Fact
from sync.program import Fold

TERMS_READER: Final = "coin-terms"
TERMS_KEY: Final = "terms"
_PER_YEN: Final = 100

Step = Annotated[int, msgspec.Meta(ge=1, le=100_000)]
Ceiling = Annotated[int, msgspec.Meta(ge=1, le=10_000_000)]
Points = Annotated[int, msgspec.Meta(ge=0, le=100)]
CloseMinute = Annotated[int, msgspec.Meta(ge=-1, le=1_439)]


class Terms(Fact, frozen=True, tag="coin.terms"):
    """What the office says of the coin.

    Attributes:
        step_yen: cash is charged in multiples of this.
        ceiling_yen: no more than this on one card, as far as the desk that charges knows.
        points_per_100_yen: what a payment earns for each whole ¥100.
        close_minute: so many minutes after midnight every till is closed, if nobody has done it; -1 for never.
    """

    step_yen: Step = 1_000
    ceiling_yen: Ceiling = 50_000
    points_per_100_yen: Points = 10
    close_minute: CloseMinute = -1

    def points(self, yen: int) -> int:
        """Return what a payment earns."""
        return yen // _PER_YEN * self.points_per_100_yen


class Agreed(msgspec.Struct, frozen=True):
    """The terms that count. `when`: (time by the centre, boot, seq), which orders what the office said."""

    terms: Terms = Terms()
    when: tuple[int, str, int] | None = None


def _fold(agreed: Agreed, entry: Entry) -> Agreed:
    when = (entry.at, entry.boot, entry.seq)
    fact = entry.fact
    if not isinstance(fact, Terms) or (agreed.when and when < agreed.when):
        return agreed
    return Agreed(fact, when)


TERMS: Final[Fold[Agreed]] = Fold(
    name=TERMS_READER,
    kinds=(Terms,),
    state=Agreed,
    empty=Agreed(),
    key=lambda _: TERMS_KEY,
    fold=_fold,
    samples=(Terms(),),
)
