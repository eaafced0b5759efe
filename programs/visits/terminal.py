"""The facility counter: hold the card, and the visit is noted."""

from typing import Any, Final

from appliance.counter import CardOnly, Counter
from programs.visits.entries import Touch
from programs.visits.rules import COUNTER, PROGRAM
from sync.entries import Entry
from sync.program import Decision, Program, Result


class Facility(CardOnly):
    """A unit at a library, a hall, a school gate, a bus without fares."""

    program: Program[Any] = PROGRAM

    def recorded(self, entry: Entry) -> Decision | None:
        return Decision(Result.OK_POINTS, "VIS-011") if isinstance(entry.fact, Touch) else None


COUNTERS: Final[dict[str, Counter]] = {COUNTER: Facility()}
