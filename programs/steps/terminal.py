"""The counter for pedometers: type what yours shows, then hold the card."""

from typing import Any, Final

from appliance.counter import CardOnly, Counter
from programs.steps.entries import Walked
from programs.steps.rules import PROGRAM, TODAY, YESTERDAY
from sync.entries import Entry
from sync.program import Decision, Program, Result


class Pedometers(CardOnly):
    """A unit at a hall, a pool, a clinic, with a screen to touch or keys beside it."""

    program: Program[Any] = PROGRAM
    wishes: tuple[str, ...] = (TODAY, YESTERDAY)
    page: str = "/steps/steps.html"

    def recorded(self, entry: Entry) -> Decision | None:
        if not isinstance(fact := entry.fact, Walked):
            return None
        return Decision(Result.OK_POINTS, "STP-011", values={"steps": fact.steps})


COUNTERS: Final[dict[str, Counter]] = {"steps": Pedometers()}
