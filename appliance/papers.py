"""The port that a counter fills if it gives out paper or codes: receipts, bills, and how a phone may spell its code."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from appliance.journal import Written
from drivers.printer import Slip
from sync.facts import PlaceNamed, Town
from sync.program import Wish


class NoReceiptError(Exception):
    """There is no receipt of that; the message says why."""


@dataclass(frozen=True)
class Around:
    """What a paper may say besides what stands in an entry.

    Attributes:
        unit: who gives it out.
        town: as the town calls itself.
        place: finds what a place is called.
        state: finds the state of a reader's key, as it is now.
        is_copy: it was given out before.
        is_practice: no money moved, and the paper has to say so.
    """

    unit: str
    town: Town
    place: Callable[[str], PlaceNamed]
    state: Callable[[str, str], Any]
    is_copy: bool = False
    is_practice: bool = False


class Papers(Protocol):
    def receipt(self, written: Written, around: Around) -> Slip | None:
        """Return what is printed about an entry of this unit; None if nothing is."""

    def receipt_code(self, written: Written) -> str:
        """Return what the code on that receipt says, for a screen; "" if there is none."""

    def bill(self, wish: Wish, name: str, place: str, around: Around) -> str:
        """Return the code by which a phone pays what the counter is set to; "" if it cannot.

        Args:
            name: names this bill, and no other of this unit's.
            place: where the unit stands.
        """

    def spelled(self, text: str) -> str:
        """Return a code that was scanned in the house's own spelling, or as it is.

        Raises:
            CardError: it is a code of somebody else's payments, or one that cannot be.
        """
