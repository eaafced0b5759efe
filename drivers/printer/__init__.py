"""The receipt printer port: a slip of paper for a person, and the truth about how much of it came out.

A slip is a plain value; how it looks is the driver's business. Printing takes seconds and may stop anywhere: `print`
blocks, so call it from a thread of its own, never from the one that serves cards. Money is booked before a slip is
printed, and no slip undoes it.

Nothing is printed twice in silence. `Printed.reach` says whether a person may hold a piece of this slip. A driver marks
a slip 「再発行 / Reprint」 when it is told that it is one, and also of its own accord when a piece of the same number
came out before. It remembers that only while it runs; what must be known for ever, the caller writes down.
"""

from enum import StrEnum
from typing import Protocol

import msgspec


class Size(StrEnum):
    SMALL = "small"
    NORMAL = "normal"
    LARGE = "large"


class Side(StrEnum):
    LEFT = "left"
    MIDDLE = "middle"
    RIGHT = "right"


class Words(msgspec.Struct, frozen=True, tag="words"):
    """Text, broken where it does not fit."""

    text: str
    size: Size = Size.NORMAL
    side: Side = Side.LEFT


class Amount(msgspec.Struct, frozen=True, tag="amount"):
    """What, on the left, and how much, on the right. Whole yen; negative for what is given back."""

    what: str
    yen: int
    size: Size = Size.NORMAL


class Rule(msgspec.Struct, frozen=True, tag="rule"):
    """A line from side to side."""


class Code(msgspec.Struct, frozen=True, tag="code"):
    """A QR code (ISO/IEC 18004), with words below it that a person can read instead."""

    says: str
    below: str = ""


Line = Words | Amount | Rule | Code


class Slip(msgspec.Struct, frozen=True):
    """One piece of paper. `number`: names it for ever, as the entry that it is about."""

    number: str
    lines: tuple[Line, ...]


class Reach(StrEnum):
    """How far a slip came."""

    NOTHING = "nothing"  # not a dot of it: print it again as if for the first time
    PARTLY = "partly"  # a piece may be out, or in somebody's hand
    SENT = "sent"  # all of it was sent, and this printer does not say more
    WHOLE = "whole"  # the printer said that it is out and cut


class Trouble(StrEnum):
    GONE = "gone"  # no such device, or pulled out
    BUSY = "busy"  # another program has it
    SILENT = "silent"  # there, and does not answer: switched off
    COVER = "cover"
    PAPER = "paper"
    CUTTER = "cutter"
    ERROR = "error"  # says that something is wrong, and not what
    FONT = "font"  # no Japanese letters on this machine


class Printed(msgspec.Struct, frozen=True):
    """What became of a slip.

    Attributes:
        bands: how many bands (of `of`) are known to be on paper.
        marked: it said that it is a reprint.
        trouble: what stopped it, or None.
    """

    reach: Reach
    bands: int
    of: int
    marked: bool
    trouble: Trouble | None = None


class Look(msgspec.Struct, frozen=True):
    """How the printer is. `low`: the paper ends soon."""

    trouble: Trouble | None = None
    low: bool = False


class Printer(Protocol):
    def print(self, slip: Slip, *, again: bool = False) -> Printed:
        """Print a slip, or as much of it as can be. Never raises for what a printer does.

        Args:
            slip: what to print.
            again: it was printed before, so mark it.
        """

    def look(self) -> Look:
        """Ask the printer how it is; takes two seconds at most, and prints nothing."""
