"""What every pixel shows at a moment: arithmetic only, so that a motion can be looked at without a lamp.

A ring shows shape and movement. A single lamp shows the same meaning by its timing alone: steady, breathing, bright and
dim in turn, on and off, short flashes. Nothing goes from dark to bright more often than once a second (WCAG 2.2,
2.3.1, allows three flashes a second; once is kinder).
"""

import math
from collections.abc import Sequence
from typing import Final

from drivers.light import Colour, Motion, Pattern

Rgb = tuple[int, int, int]
Levels = tuple[float, ...]

# sRGB values. The worst pair stays apart for people who see no red, no green or no blue.
RGB: Final[dict[Colour, Rgb]] = {
    Colour.OFF: (0, 0, 0),
    Colour.WHITE: (255, 255, 255),
    Colour.TEAL: (0, 200, 144),
    Colour.BLUE: (32, 96, 255),
    Colour.YELLOW: (255, 208, 0),
    Colour.ORANGE: (255, 40, 0),
}

_TURN_S: Final = 2.0
_CHASE_S: Final = 1.0
_TURN_ARC: Final = 0.24  # of the whole ring, as on the screen
_CHASE_ARC: Final = 0.40
_HALF_ARC: Final = 0.41
_BLINK_S: Final = 1.0
_FLASH_S: Final = 0.2
_DIM: Final = 0.45
_GAMMA: Final = 2.2  # a lamp is linear, sRGB is not
_MS: Final = 1000


def showing(patterns: Sequence[Pattern], seconds: float) -> tuple[Pattern, float] | None:
    """Return which of the patterns is on, and for how many seconds already; None when all are over."""
    begins = 0.0
    for pattern in patterns:
        ends = begins + pattern.ms / _MS
        if not pattern.ms or seconds < ends:
            return pattern, seconds - begins
        begins = ends
    return None


def frame(motion: Motion, seconds: float, count: int) -> Levels:
    """Return how bright each of `count` pixels is, 0 to 1, `seconds` after the motion began; one pixel is a lamp."""
    if motion is Motion.STEADY:
        return (1.0,) * count
    if motion is Motion.BLINK:
        return (_on(seconds, _BLINK_S / 2),) * count
    return (_lamp(motion, seconds),) if count == 1 else _ring(motion, seconds, count)


def linear(colour: Colour, level: float) -> tuple[float, float, float]:
    """Return how strongly red, green and blue are driven, 0 to 1, so that it looks like that share of the colour."""
    red, green, blue = ((part / 255 * level) ** _GAMMA for part in RGB[colour])
    return red, green, blue


def _lamp(motion: Motion, seconds: float) -> float:
    match motion:
        case Motion.TURN:  # breathes, and never goes out
            return _DIM + (1 - _DIM) * (0.5 + 0.5 * math.cos(2 * math.pi * seconds / _TURN_S))
        case Motion.HALVES:  # bright, dim, bright
            return max(_DIM, _on(seconds, _BLINK_S / 2))
        case _:  # short flashes
            return _on(seconds, _FLASH_S)


def _ring(motion: Motion, seconds: float, count: int) -> Levels:
    match motion:
        case Motion.HALVES:
            left = _arc(0.5 - _HALF_ARC / 2, _HALF_ARC, count)
            right = _arc(1.0 - _HALF_ARC / 2, _HALF_ARC, count)
            return tuple(a + b for a, b in zip(left, right, strict=True))
        case Motion.TURN:
            return _arc(seconds / _TURN_S, _TURN_ARC, count)
        case _:
            return _arc(seconds / _CHASE_S, _CHASE_ARC, count)


def _on(seconds: float, lit: float) -> float:
    return 1.0 if seconds % _BLINK_S < lit else 0.0


def _arc(begins: float, length: float, count: int) -> Levels:
    """Return how much of each pixel lies under an arc; both in shares of the ring, round the corner if need be."""
    begins %= 1.0
    pieces = ((begins, begins + length), (begins - 1.0, begins + length - 1.0))
    return tuple(
        sum(max(0.0, min((at + 1) / count, to) - max(at / count, since)) * count for since, to in pieces)
        for at in range(count)
    )
