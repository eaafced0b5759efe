"""A unit's care for itself: remembers what was noticed, knows what the unit suffers from, and does what it can itself.

It lives in the daemon's thread and looks at nothing by itself: the board, the reader and every touch tell it. What they
tell is weighed by `appliance.symptoms`, at most every few seconds and never within a touch.
"""

import contextlib
from collections import deque
from collections.abc import Callable
from typing import Final

from appliance.journal import Journal, JournalFullError
from appliance.reads import ReadHabit
from appliance.symptoms import Limits, Seen, Spared, judge, spared
from drivers.board import Readings
from drivers.clock import Clock, Confidence
from drivers.power import Power
from sync.symptoms import Symptom, What, Why, spell

LOOK_S: Final = 5.0
_DAY_S: Final = 86_400.0
_EVENTS_MAX: Final = 1000  # in a day; a board whose alarm goes all the time is told as one whose alarm went so often
_REVIVE_AGAIN_S: Final = 600.0
_REVIVE_MOST: Final = 6  # within a day: a reader that needs more is broken, and switching wears it
_KEEP_EVERY: Final = 100  # touches; what is usual at this reader need not be right to the last of them
_HABIT: Final = "reads"


class _Lately:
    """When something happened within a day."""

    def __init__(self) -> None:
        self._at: deque[float] = deque(maxlen=_EVENTS_MAX)

    def add(self, now: float) -> None:
        self._at.append(now)

    def ago_s(self, now: float) -> tuple[float, ...]:
        while self._at and now - self._at[0] > _DAY_S:
            self._at.popleft()
        return tuple(now - at for at in self._at)


class Care:
    """What a unit knows of its own health.

    Args:
        power: the reader's.
        journal: keeps what is usual at this reader.
        changed: is told what is given up, whenever that changes.
        went_back: returns why the last update of the system came to nothing, or None.
    """

    def __init__(
        self,
        clock: Clock,
        power: Power,
        journal: Journal,
        limits: Limits,
        changed: Callable[[tuple[Spared, ...]], None],
        went_back: Callable[[], Why | None] = lambda: None,
    ) -> None:
        self._clock = clock
        self._power = power
        self._journal = journal
        self._limits = limits
        self._changed = changed
        self._went_back = went_back
        self._board = Readings()
        self._dips, self._hangs, self._revived = _Lately(), _Lately(), _Lately()
        self._slowed_at: float | None = None
        self._twin: tuple[int, float | None] = 0, None
        self._is_hung = False
        self._gone_since: float | None = clock.mono()  # until a reader has come
        self._unvouched_since: float | None = None
        self._habit = ReadHabit(journal.note(_HABIT))
        self._touches = 0
        self._looked_at: float | None = None
        self.symptoms: tuple[Symptom, ...] = ()
        self.spared: tuple[Spared, ...] = ()

    # ---- what it is told

    def board_says(self, readings: Readings) -> None:
        self._board = readings
        if readings.is_undervolted:
            self._dips.add(self._clock.mono())
        if readings.is_throttled:
            self._slowed_at = self._clock.mono()
        self._looked_at = None

    def twin_says(self, lacks: int, late_s: float | None) -> None:
        """How many entries are not in the twin, and how old the oldest of them is; None: there should be no twin."""
        self._twin = lacks, late_s

    def reader_hung(self) -> None:
        self._is_hung = True
        self._hangs.add(self._clock.mono())
        self._looked_at = None

    def readers_are(self, *, there: bool) -> None:
        """Readers came or went: one that had hung is another one now, as far as anybody can know."""
        self._is_hung = False
        if there:
            self._gone_since = None
        elif self._gone_since is None:
            self._gone_since = self._clock.mono()
        self._looked_at = None

    def touched(self, *, failed: bool) -> None:
        """A card was held there; `failed`: it could not be read to the end."""
        self._is_hung = self._is_hung and failed
        self._touches += 1
        self._habit.note(failed=failed, learns=not self.suffers(What.READER_DIRTY))

    # ---- what it knows

    def suffers(self, what: What) -> bool:
        return any(symptom.what == what for symptom in self.symptoms)

    def spares(self, what: Spared) -> bool:
        return what in self.spared

    def spelled(self) -> str:
        """Return what the unit suffers from, as the centre is told it."""
        return spell(self.symptoms)

    def look(self) -> None:
        """Weigh what was told, if it is time."""
        now = self._clock.mono()
        if self._looked_at is not None and now - self._looked_at < LOOK_S:
            return
        self._looked_at = now
        self.symptoms = judge(self.symptoms, self._seen(now), self._limits)
        before, self.spared = self.spared, spared(self.symptoms)
        if self.spared != before:
            self._changed(self.spared)
        self._revive(now)

    def keep(self) -> None:
        """Write down what is usual at this reader, if it is time; call it while nothing is waiting.

        Raises:
            JournalBrokenError: the disk failed; end the process.
        """
        if self._touches >= _KEEP_EVERY:
            self._touches = 0
            with contextlib.suppress(JournalFullError):  # another time will do
                self._journal.set_note(_HABIT, self._habit.kept)

    def _seen(self, now: float) -> Seen:
        if self._clock.confidence() is not Confidence.UNKNOWN:
            self._unvouched_since = None
        elif self._unvouched_since is None:
            self._unvouched_since = now
        lacks, late_s = self._twin
        return Seen(
            board=self._board,
            dips_s=self._dips.ago_s(now),
            slowed_s=None if self._slowed_at is None else now - self._slowed_at,
            hangs_s=self._hangs.ago_s(now),
            is_hung=self._is_hung,
            gone_s=None if self._gone_since is None else now - self._gone_since,
            twin_lacks=lacks,
            twin_late_s=late_s,
            unvouched_s=None if self._unvouched_since is None else now - self._unvouched_since,
            reads=self._habit.reads,
            went_back=self._went_back(),
        )

    def _revive(self, now: float) -> None:
        """Take the power off a reader that hangs, or that has been gone for a while; not again and again."""
        past = self._revived.ago_s(now)
        if (
            not (self._is_hung or self.suffers(What.READER_GONE))
            or len(past) >= _REVIVE_MOST
            or (past and past[-1] < _REVIVE_AGAIN_S)
        ):
            return
        self._revived.add(now)
        self._power.cycle()
