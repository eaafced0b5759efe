"""What the draw brings to a unit: the stand, where a card orders a ticket for points, and fetches what it has won."""

from typing import Any, Final

from appliance.counter import CardOnly, Counter
from programs.lottery.entries import HandedOut, Ordered
from programs.lottery.rules import PROGRAM
from sync.entries import Entry
from sync.program import Decision, Program, Result


class Stand(CardOnly):
    """A unit at which tickets of the town's draw are ordered: hold the card, and it is one."""

    program: Program[Any] = PROGRAM
    spends: bool = True

    def recorded(self, entry: Entry) -> Decision | None:
        if isinstance(entry.fact, HandedOut):
            return Decision(Result.OK_PAY, "LOT-041", values={"ticket": entry.fact.ticket})
        return Decision(Result.OK_PAY, "LOT-022") if isinstance(entry.fact, Ordered) else None


COUNTERS: Final[dict[str, Counter]] = {"lottery": Stand()}
