"""The facility counter: hold the card, and the visit is noted."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from appliance.counter import Counter
from programs.visits.entries import Touch
from programs.visits.rules import COUNTER, PROGRAM
from sync.entries import Entry, Fact
from sync.program import Decision, Moment, Program, Result


class Facility:
    """A unit at a library, a hall, a school gate, a bus without fares."""

    program: Program[Any] = PROGRAM
    spends: bool = False
    wishes: tuple[str, ...] = ()
    papers: None = None
    acts: tuple[str, ...] = ()

    def steps(self, *_asked: Any) -> int:
        return 1

    def for_practice(self, _state: Callable[[str, str], Any]) -> Sequence[Fact]:
        return ()

    def practice_money(self, _card: str, _unit: str, _life: int) -> Sequence[Fact]:
        return ()

    def recorded(self, entry: Entry) -> Decision | None:
        return Decision(Result.OK_POINTS, "VIS-011") if isinstance(entry.fact, Touch) else None

    def told(self, _entry: Entry) -> None:
        return None

    def sheet(self, _states: Sequence[Any], _moment: Moment, _waiting: Sequence[Fact]) -> None:
        return None


COUNTERS: Final[dict[str, Counter]] = {COUNTER: Facility()}
