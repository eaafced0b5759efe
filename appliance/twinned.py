"""The journal's twin as the daemon knows it: what it lacks by its own word, and what it has said of its trouble.

A process of its own writes it (`appliance.twin`), and asks here between two touches. Whatever becomes of it, nobody who
touches waits for it.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from appliance.copying import Owner, Told
from appliance.hatch import make_sure_of
from appliance.journal import Journal
from appliance.outbox import Outbox
from drivers.clock import Clock
from sync import chain
from sync.segment import to_text
from sync.tree import ends_text

SILENT_S: Final = 30.0
_MS: Final = 1000


class Lag(msgspec.Struct, frozen=True):
    """How far behind the twin is.

    Attributes:
        state: `none` (not fitted), `ok`, `ahead` (it has entries that this disk has not), `silent` (its process says
            nothing), or why nothing can be written.
        since_ms: since when it is in this state, by the unit's clock; of one that is silent, when it was heard last.
        upto: the last entry in it, by its last word.
        lacks: how many entries are not in it, by its last word.
        lacks_s: how long ago the oldest of them was written.
        at: which neighbour it lies at, and where that is; "" of a stick.
    """

    state: str
    since_ms: int | None = None
    upto: str = ""
    lacks: int | None = None
    lacks_s: int | None = None
    broken: int = 0
    at: str = ""


def worst(*lags: Lag) -> Lag:
    """Return the one that is furthest behind."""
    return max(lags, key=lambda lag: -1 if lag.lacks_s is None else lag.lacks_s)


class Twinned:
    """The daemon's side of the twin. Everything runs in its own thread.

    `is_fitted`: whether this unit should have one.
    """

    def __init__(
        self, owner: Callable[[], Owner], journal: Journal, outbox: Outbox, clock: Clock, own_key: chain.PublicKey
    ) -> None:
        """`outbox`: one that nobody else uses."""
        self.owner = owner
        self.is_fitted = False
        self._journal = journal
        self._outbox = outbox
        self._clock = clock
        self._own_key = own_key
        self._heard: float | None = None
        self._heard_ms: int | None = None
        self._state = ""
        self._since_ms: int | None = None
        self._upto = ""
        self._broken = 0
        self._is_ahead = False

    def next(self, told: Told) -> bytes | None:
        """Hear how the twin stands; return the text of the next segment that it lacks, or None.

        Raises:
            JournalBrokenError: what would be written is damaged; the next start looks at the whole journal.
        """
        self._heard, self._heard_ms, self._broken = self._clock.mono(), self._clock.wall_ms(), told.broken
        if told.upto is not None:
            self._is_ahead = self._outbox.hold(told.upto)
            self._upto = ends_text(list(told.upto.items())[-1:])  # the run that was begun last stands last
        state = told.trouble or ("ahead" if self._is_ahead else "ok")
        if state != self._state:
            self._state, self._since_ms = state, self._heard_ms
        segment = None if told.trouble else self._outbox.next_segment()
        if segment is None:
            return None
        make_sure_of(self._journal, self._own_key, segment)
        return to_text(segment)

    def look(self) -> Lag:
        """Say how far behind it is."""
        if not self.is_fitted:
            return Lag("none")
        is_silent = self._heard is None or self._clock.mono() - self._heard > SILENT_S
        state, since_ms = ("silent", self._heard_ms) if is_silent else (self._state, self._since_ms)
        now, backlog = self._clock.wall_ms(), self._outbox.backlog()
        oldest = now if backlog.oldest_ms is None else min(backlog.oldest_ms, now)
        return Lag(state, since_ms, self._upto, backlog.unsent, (now - oldest) // _MS, self._broken)
