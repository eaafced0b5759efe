"""How reading cards goes at this reader: lately, and usually. Pure but for what it counts.

What is usual is learnt from the touches that have gone by, and kept over a start by whoever owns this (`kept`).
"""

from collections import deque
from typing import Final

from appliance.symptoms import Reads

_LATELY: Final = 30  # touches
_KNOWN: Final = 60, 3  # touches and failures with which a unit begins: one in twenty is lifted too early anywhere
_MOST: Final = 1000  # then what is older counts half, so that a unit that moved learns its new place
_PERCENT: Final = 100
_KEPT_MAX: Final = 9  # what is longer was not written by us


class ReadHabit:
    """Counts touches, and those of which the card could not be read.

    Args:
        kept: what `kept` returned before the last end; anything else begins anew.
    """

    def __init__(self, kept: str = "") -> None:
        self._lately: deque[bool] = deque()
        touches, _, failed = kept[:_KEPT_MAX].partition("/")
        is_known = touches.isdecimal() and failed.isdecimal() and int(failed) <= int(touches) <= _MOST
        self._touches, self._failed = (int(touches), int(failed)) if is_known and int(touches) else _KNOWN

    def note(self, *, failed: bool, learns: bool) -> None:
        """Count a touch; `learns`: what has gone by is what is usual here."""
        self._lately.append(failed)
        if len(self._lately) <= _LATELY:
            return
        gone = self._lately.popleft()
        if learns:
            self._touches += 1
            self._failed += gone
        if self._touches > _MOST:
            self._touches, self._failed = self._touches // 2, self._failed // 2

    @property
    def reads(self) -> Reads:
        usual = self._failed * _PERCENT // self._touches
        is_enough = len(self._lately) == _LATELY
        return Reads(sum(self._lately) * _PERCENT // _LATELY if is_enough else None, usual)

    @property
    def kept(self) -> str:
        return f"{self._touches}/{self._failed}"
