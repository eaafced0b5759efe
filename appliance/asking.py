"""Somebody stands before a unit that may not give out enough: the town is asked, for as long as a person may wait.

The daemon goes on in between: it hands out the question at the hatch, takes in what comes back there, and decides again
when something came or the time is up. Without a road to the centre nothing is asked, and nobody waits.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec

WAIT_S: Final = 0.4
HEARD_S: Final = 90.0
"""If the centre was heard within so long, it may be asked."""


class Want(msgspec.Struct, frozen=True):
    """What is asked for: so much more of something; `since`: the ends that are held of this unit's own stream."""

    what: str
    lacks: int
    since: str


@dataclass
class Asking:
    """The one question that may be open.

    Attributes:
        since: returns the ends that are held of this unit's own stream.
        heard_s: returns how long ago the centre was heard, or None for never.
        mono: a monotonic clock in seconds.
        ring: tells whoever carries questions that there is one.
    """

    since: Callable[[], str]
    heard_s: Callable[[], float | None]
    mono: Callable[[], float]
    ring: Callable[[], None]
    _want: Want | None = None
    _until: float = 0.0

    @property
    def is_worth_it(self) -> bool:
        """Whether the centre is likely to answer in time."""
        heard = self.heard_s()
        return heard is not None and heard < HEARD_S

    def ask(self, what: str, lacks: int) -> None:
        """Ask for so much more; the answer comes to the inbox, if it comes."""
        self._want = Want(what, lacks, self.since())
        self._until = self.mono() + WAIT_S
        self.ring()

    @property
    def want(self) -> Want | None:
        """Return the open question, once: whoever fetches it carries it."""
        want, self._want = self._want, None
        return want

    @property
    def left_s(self) -> float:
        """Return how long the answer may still take."""
        return max(0.0, self._until - self.mono())
