"""The port that a program fills which keeps something for a card: what that is, and that it goes over to another card.

A program's `belongings.py` has `BELONGINGS`. Registration stops cards and gives out new ones; what lies on them is
the programs', and goes over by the procedures that they have for it.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from central.centre import Centre
from sync import installed


class BelongingsError(Exception):
    """It cannot go over; the message says why, and nothing did. Done again later, it may."""


class Belonging(msgspec.Struct, frozen=True):
    """What a program keeps for one card.

    Attributes:
        program: as its folder is called.
        ja, en: what it is, in words.
        is_any: there is something.
        units: at so many units some of it can be spent until they have heard that the card was stopped.
        at_most: and this is the most, in yen.
    """

    program: str
    ja: str
    en: str
    is_any: bool
    units: int = 0
    at_most: int = 0


class Belongings(Protocol):
    """What one program keeps for cards."""

    def of(self, centre: Centre, card: str) -> Belonging:
        """Return what a card has."""

    def move(self, centre: Centre, old: str, new: str) -> None:
        """Let everything of one card be another's; doing it again asks once more for what has not come back.

        Raises:
            BelongingsError: it cannot.
        """


def every() -> tuple[Belongings, ...]:
    """Return those of all installed programs."""
    return tuple(module.BELONGINGS for module in installed.parts("belongings").values())


def of(centre: Centre, card: str) -> Sequence[Belonging]:
    """Return what each program keeps for a card."""
    return [one.of(centre, card) for one in every()]


def move(centre: Centre, old: str, new: str) -> None:
    """Let everything that programs keep for one card be another's.

    Raises:
        BelongingsError: something of it cannot.
    """
    for one in every():
        one.move(centre, old, new)
