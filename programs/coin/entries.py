"""What happens to the coin at a counter: cash is charged, something is paid, either is taken back."""

from typing import Annotated, Final

import msgspec

from programs.coin import remedies
from programs.coin.lots import facts as lots
from programs.coin.lots.issues import AnIssue, Issue
from programs.coin.online import facts as online
from programs.coin.refunds import facts as refunds
from programs.coin.settlement import facts as settlement
from programs.coin.terms import Terms
from programs.coin.till import facts as till
from sync.entries import Card, Count, Ref
from sync.rights import Moves

YEN_MAX: Final = 1_000_000

Yen = Annotated[int, msgspec.Meta(ge=1, le=YEN_MAX)]
EntryRef = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{16}/[1-9][0-9]{0,15}$")]


def money(card: str, issue: str = "") -> str:
    """Return what the rights to a card's money are called, or those to what it has of an issue of gift certificates."""
    return f"gift/{issue}/{card}" if issue else f"coin/{card}"


class Charge(Moves, frozen=True, tag="coin.charge"):
    """Cash was taken in at this unit, and may be spent here at once.

    Attributes:
        proof: what the card proved: "none", "card", "pin" or "token".
        expires: the last day on which the money is good, by the terms that this unit knew; 0: for ever.
    """

    card: Card
    yen: Yen
    place: Ref
    day: int
    proof: str
    expires: Count = 0

    @property
    def moves(self) -> tuple[str, int]:
        return money(self.card), self.yen


class Pay(Moves, frozen=True, tag="coin.pay"):
    """A shop was paid out of what this unit may give out of a card's money.

    Attributes:
        points: what the payment earned, by the terms that this unit knew.
        issue: the issue of gift certificates that it was paid with; or "".
    """

    card: Card
    yen: Yen
    place: Ref
    day: int
    proof: str
    points: Count = 0
    issue: AnIssue = ""

    @property
    def moves(self) -> tuple[str, int]:
        return money(self.card, self.issue), -self.yen


class Void(Moves, frozen=True, tag="coin.void"):
    """A payment at this unit, on the same day, is taken back whole, with its points; `of`: its entry (boot/seq)."""

    card: Card
    yen: Yen
    place: Ref
    day: int
    of: EntryRef
    points: Count = 0
    issue: AnIssue = ""

    @property
    def moves(self) -> tuple[str, int]:
        return money(self.card, self.issue), self.yen


class Undo(Moves, frozen=True, tag="coin.undo"):
    """A charge at this unit, on the same day, is taken back whole, and the cash handed out.

    `of`: its entry (boot/seq).
    """

    card: Card
    yen: Yen
    place: Ref
    day: int
    of: EntryRef

    @property
    def moves(self) -> tuple[str, int]:
        return money(self.card), -self.yen


_ROOMS: Final = (lots, online, refunds, remedies, settlement, till)
KINDS: Final = (Charge, Pay, Void, Undo, Terms, Issue, *(kind for room in _ROOMS for kind in room.KINDS))
"""Every kind of fact that this program writes."""
