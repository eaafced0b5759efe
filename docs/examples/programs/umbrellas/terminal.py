"""The umbrella stand: hold the card and take one, hold it again and put it back."""

from typing import Any, Final

from appliance.counter import CardOnly, Counter
from programs.umbrellas.entries import Back, Lent
from programs.umbrellas.rules import PROGRAM
from sync.entries import Entry
from sync.program import Decision, Program, Result


class Stand(CardOnly):
    """A unit beside a stand of umbrellas."""

    program: Program[Any] = PROGRAM

    def recorded(self, entry: Entry) -> Decision | None:
        """Say it again to somebody who may not have heard it, because the power went."""
        match entry.fact:
            case Lent():
                return Decision(Result.OK_POINTS, "UMB-011")
            case Back():
                return Decision(Result.OK_POINTS, "UMB-021")
            case _:
                return None


COUNTERS: Final[dict[str, Counter]] = {"umbrellas": Stand()}
