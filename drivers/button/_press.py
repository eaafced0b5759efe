"""From the level of a pin to a press: arithmetic only. A contact that bounces is believed when it has come to rest."""

from dataclasses import dataclass, replace
from enum import Enum, auto


class Seen(Enum):
    NOTHING = auto()
    SHORT = auto()
    LONG = auto()


@dataclass(frozen=True)
class Press:
    """One button, as far as it is believed.

    Attributes:
        down: whether it is held down.
        since: when that began, in seconds.
        told: whether this press needs no more telling: it was long, or it was there from the start.
        doubt: since when the pin says otherwise; None while it agrees.
    """

    down: bool
    since: float
    told: bool
    doubt: float | None = None


def begin(now: float, *, down: bool) -> Press:
    """Return the state of a button of which nothing is known yet."""
    return Press(down=down, since=now, told=down)


def step(press: Press, now: float, *, down: bool, debounce_s: float, long_s: float) -> tuple[Press, Seen]:
    """Take in what the pin says now. `now` never goes back."""
    if down == press.down:
        press = replace(press, doubt=None)
    elif press.doubt is None:
        press = replace(press, doubt=now)
    if press.doubt is not None and now - press.doubt >= debounce_s:
        short = press.down and not press.told
        return Press(down=down, since=press.doubt, told=False), Seen.SHORT if short else Seen.NOTHING
    if press.down and not press.told and press.doubt is None and now - press.since >= long_s:
        return replace(press, told=True), Seen.LONG
    return press, Seen.NOTHING
