"""What the centre has decided for this unit's counter, said there: a phone has paid its bill from the resident's page.

Nothing is written here for it: it stands in the centre's journal for this unit, and came from there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from appliance.counter import Told
from appliance.feedback import Shown
from appliance.tap import TapPath
from sync.entries import Entry
from sync.program import Decision

QUIET_S: Final = 3.0  # between two that are said, so that each can be read
NEWS_MS: Final = 12 * 3_600_000  # what was decided longer ago is news to nobody
WAITING_MAX: Final = 20


@dataclass
class Announcer:
    """Says it as soon as it disturbs nobody.

    Attributes:
        tap: the unit's tap path.
    """

    tap: TapPath
    _waiting: list[tuple[Told, int]] = field(default_factory=list, init=False)  # each with when it was decided
    _said_s: float = field(default=-QUIET_S, init=False)

    def hear(self, entries: Sequence[Entry]) -> None:
        """Take note of what the centre has said."""
        counter = self.tap.counter
        for entry in entries if counter else ():
            if counter and self.tap.now_ms() - entry.at < NEWS_MS and (told := counter.told(entry)):
                self._waiting = [*self._waiting, (told, entry.at)][-WAITING_MAX:]

    def tell(self) -> Shown | None:
        """Say the next thing: at once if it is what the counter is set to, otherwise while it is set to nothing."""
        mono = self.tap.clock.mono()
        for one in self._waiting:
            told, at_ms = one
            is_awaited = bool(told.setting) and told.setting == self.tap.wish_name
            if not is_awaited and (self.tap.wish.what or self.tap.waits or mono - self._said_s < QUIET_S):
                continue
            self._waiting.remove(one)
            self._said_s = mono
            if is_awaited:
                self.tap.setting.clear()
                return self._say(told.decision)
            return self._say(told.later, time=self.tap.clock_time(at_ms))
        return None

    def _say(self, decision: Decision, **more: str) -> Shown:
        return self.tap.feedback.show(decision.result, decision.message, {**decision.values, **more})
