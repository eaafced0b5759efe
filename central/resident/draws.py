"""The port that a program fills so that residents see the town's draws on their own phones, and get tickets for points.

A program's `resident.py` has `DRAWS`. It reads within a transaction of the caller's, and decides in one of its own;
what it does not do it says as `purse.NotPaidError`.
"""

from typing import Protocol

import msgspec
import sqlalchemy as sa

from central.centre import Centre
from sync import installed


class Prize(msgspec.Struct, frozen=True):
    """What one of the resident's tickets has won. `is_fetched`: somebody has it."""

    ticket: str
    ja: str
    en: str
    is_fetched: bool


class Draw(msgspec.Struct, frozen=True):
    """One draw, for one resident.

    Attributes:
        draw: its name for ever.
        close_ms: when no more tickets are given out, Unix milliseconds.
        cost: of one ticket, in points; 0: tickets are not to be had for points.
        more: how many tickets this resident may still get; 0 once it is closed.
        tickets: the numbers of the resident's tickets.
        is_drawn: the winners are known. `prizes`: what the resident's tickets have won.
    """

    draw: str
    title_ja: str
    title_en: str
    close_ms: int
    cost: int
    more: int
    tickets: tuple[str, ...] = ()
    is_drawn: bool = False
    prizes: tuple[Prize, ...] = ()


class Wanted(msgspec.Struct, frozen=True):
    """One ticket, for points. `number`: drawn by the page for it; sent again, nothing is taken again."""

    number: str
    card: str
    draw: str


class Draws(Protocol):
    """One program's draws."""

    def seen(self, connection: sa.Connection, card: str, now_ms: int) -> list[Draw]:
        """Return the draws that concern the holder of a card: those that are open, and of the others the latest."""

    def take(self, centre: Centre, wanted: Wanted) -> Draw:
        """Give out one ticket for points, once for each number; return the draw as it is then.

        Raises:
            NotPaidError: nothing was given out, and no points were taken.
        """


def draws() -> Draws | None:
    """Return the draws of the first installed program that has some."""
    found = (module.DRAWS for module in installed.parts("resident").values() if hasattr(module, "DRAWS"))
    return next(found, None)
