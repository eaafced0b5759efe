"""The display port: a small screen without a browser shows a sign and one short word.

At arm's length an older eye can read six characters a line on 480 by 320 pixels (JIS S 0032), so there are no
sentences here; light and sound say the same result.
"""

from enum import StrEnum
from typing import Final, Protocol

import msgspec


class Sign(StrEnum):
    """What is drawn. The value is how it is written where it cannot be drawn."""

    TOUCH = "▭"  # a card and waves: touch here
    WORKING = "◌"
    GOOD = "○"
    LOW = "○!"
    SAME = "＝"
    MARK = "!"
    CROSS = "×"
    PAUSE = "－"


class Face(msgspec.Struct, frozen=True):
    """How one result looks; colours as `#rrggbb`. `band`: a frame of a second colour, or nothing."""

    sign: Sign
    paper: str
    ink: str
    band: str = ""


_DARK: Final = "#101012"
_WHITE: Final = "#ffffff"
_GREEN: Final = "#51b883"
_RED: Final = "#850000"

# Named as the results, like the sounds; and the two states between results. The colours stay apart for every form of
# colour blindness, and ink on paper has a contrast of seven to one or more (WCAG 2.2, 1.4.6).
FACES: Final[dict[str, Face]] = {
    "reading": Face(Sign.WORKING, _WHITE, _DARK),
    "ok_points": Face(Sign.GOOD, _GREEN, _DARK),
    "ok_pay": Face(Sign.GOOD, _GREEN, _DARK),
    "ok_low": Face(Sign.LOW, _GREEN, _DARK, band="#ffd43d"),
    "already": Face(Sign.SAME, "#0017c1", _WHITE),
    "refused": Face(Sign.MARK, "#ebb700", _DARK),
    "retry": Face(Sign.CROSS, _RED, _WHITE),
    "help": Face(Sign.CROSS, _RED, _WHITE),
    "idle": Face(Sign.TOUCH, _WHITE, _DARK),
    "closed": Face(Sign.PAUSE, "#e8e8ec", _DARK),
}


class Picture(msgspec.Struct, frozen=True):
    """Attributes: face: a name in `FACES`. word: one short word, about six characters."""

    face: str
    word: str


class Display(Protocol):
    def show(self, rest: Picture, result: Picture | None = None, seconds: float = 0) -> None:
        """Show something else from now on; return at once.

        Args:
            rest: what there is to see while nobody touches.
            result: what there is to see first.
            seconds: for how long; then `rest`. 0: until the next call.
        """
