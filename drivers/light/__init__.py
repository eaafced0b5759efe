"""The light port: a ring, or a single lamp, around the place where the card is held.

Colours are chosen so that no common form of colour blindness confuses two of them, and every meaning has a motion of
its own as well. Nothing blinks faster than once a second.
"""

from enum import StrEnum
from typing import Protocol

import msgspec


class Colour(StrEnum):
    OFF = "off"
    WHITE = "white"
    TEAL = "teal"
    BLUE = "blue"
    YELLOW = "yellow"
    ORANGE = "orange"  # an orange-red, so that it stays apart from teal


class Motion(StrEnum):
    STEADY = "steady"
    TURN = "turn"  # one light going round: working
    HALVES = "halves"  # two half rings
    BLINK = "blink"  # once a second
    CHASE = "chase"  # running round, faster than `turn`: touch again


class Pattern(msgspec.Struct, frozen=True):
    """One thing the light does. `ms`: how long; 0 means until it is told otherwise."""

    colour: Colour
    motion: Motion = Motion.STEADY
    ms: int = 0


class Light(Protocol):
    def show(self, patterns: tuple[Pattern, ...]) -> None:
        """Start showing the patterns one after the other, then go dark; return at once."""

    def dim(self, *, on: bool) -> None:
        """Show all at a third of its brightness from now on, to spare power, or as it was set; return at once."""
