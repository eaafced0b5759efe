"""The person behind the counter: what is done there without a card, what is due by itself, and what can be read there.

It goes the way of a touch: decided by the program's rules from this unit's own states, written, and only then said.
Where no card would be served, nothing can be done either.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from appliance.counter import Counter
from appliance.feedback import Shown
from appliance.journal import JournalFullError
from appliance.tap import TapPath
from sync.entries import Fact
from sync.program import Act, ActError, Acts, Decision, Moment, Result


class Sheet(msgspec.Struct, frozen=True):
    """What the person behind the counter can read.

    Attributes:
        heard_s: how long ago the centre was heard in this run, or None for never.
        counter: what the counter's program has to say, or None.
    """

    heard_s: float | None
    counter: Any


@dataclass
class Staff:
    """What a unit does for the person behind its counter.

    Attributes:
        tap: the unit's tap path.
        heard_s: returns how long ago the centre was heard, or None for never.
        waiting: returns what the centre has not heard yet, in order.
        news: returns something that is another whenever `waiting` may be.
    """

    tap: TapPath
    heard_s: Callable[[], float | None]
    waiting: Callable[[], Sequence[Fact]]
    news: Callable[[], object]
    _read: tuple[object, Sequence[Fact]] = field(default=(None, ()), init=False)

    def do(self, act: Act) -> Shown:
        """Do something, and say what came of it.

        Raises:
            ActError: nothing like it can be done at this counter.
            JournalBrokenError: the disk failed in the commit; nothing was announced, and the process must end.
        """
        counter = self.tap.counter
        if counter is None or counter.program.acts is None or act.what not in counter.acts:
            raise ActError(f'"{act.what}" cannot be done at this counter')
        self.tap.go_on(at_once=True)
        if not self.tap.closed() and self.tap.moment().operator.is_missing:
            return self.tap.feedback.show(Result.HELP, "TAP-050")
        return self._do(counter.program.acts, act)

    def sign_in(self, number: int, pin: str) -> Shown:
        """Let somebody begin work here.

        Raises:
            ActError: nobody can sign in here.
            JournalBrokenError: as `do`.
        """
        return self._change(lambda day: self.tap.operators.by_pin(number, pin, day))

    def sign_out(self) -> Shown:
        """Let whoever is signed in go.

        Raises:
            ActError: nobody is.
            JournalBrokenError: as `do`.
        """
        return self._change(self.tap.operators.out)

    def _change(self, decide: Callable[[int], Decision]) -> Shown:
        self.tap.go_on(at_once=True)
        say = self.tap.feedback.show
        if closed := self.tap.closed():
            return say(Result.HELP, closed, self.tap.phone())
        try:
            return self.tap.carry_out(decide(self.tap.moment().day))
        except JournalFullError:
            return say(Result.HELP, "TAP-043")

    def look_after(self) -> Shown | None:
        """Do what is due by itself, while nobody is being served; return what was said, None if nothing was due.

        Raises:
            JournalBrokenError: as `do`.
        """
        counter = self.tap.counter
        acts = counter.program.acts if counter and counter.acts else None
        if acts is None or self.tap.wish.what or self.tap.waits or self.tap.closed():
            return None
        now = self.tap.moment()
        act = acts.due(*self._states(acts, now), now)
        return self._do(acts, act) if act else None

    def sheet(self) -> Sheet:
        """Return what stands on the sheet now."""
        counter = self.tap.counter
        return Sheet(self.heard_s(), self._of(counter) if counter else None)

    def _of(self, counter: Counter) -> Any:
        if counter.program.acts is None:
            return None
        now = self.tap.moment()
        return counter.sheet(self._states(counter.program.acts, now), now, self.unheard())

    def unheard(self) -> Sequence[Fact]:
        """Return what the centre has not heard yet, in order; read anew only when it may be another."""
        if self._read[0] != self.news():
            self._read = self.news(), self.waiting()
        return self._read[1]

    def _do(self, acts: Acts, act: Act) -> Shown:
        say = self.tap.feedback.show
        if closed := self.tap.closed():
            return say(Result.HELP, closed, self.tap.phone())
        now = self.tap.moment()
        try:
            return self.tap.carry_out(acts.decide(*self._states(acts, now), now, act))
        except JournalFullError:
            return say(Result.HELP, "TAP-043")

    def _states(self, acts: Acts, now: Moment) -> list[Any]:
        return [self.tap.opened.shelf.state_of(reader, key) for reader, key in acts.asks(now)]
