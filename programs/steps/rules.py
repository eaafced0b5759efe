"""Of each source its last word counts, and of all sources the one that counted most: readings are never added up.

A phone and a pedometer in the same pocket count the same steps, so a sum would count them twice; and whoever left one
of them at home loses nothing by the largest. Both are maxima: entries give the same in whichever order they arrive.
"""

from typing import Final

import msgspec

from programs.steps.entries import COUNTED_MAX, KINDS, PEDOMETER, PLAUSIBLE_MAX, Struck, Walked
from sync.entries import Entry
from sync.program import NO_WISH, Decision, Program, Result, Tap, Wish

TODAY: Final = "steps"
YESTERDAY: Final = "steps-yesterday"
_STRUCK: Final = 0


class Reading(msgspec.Struct, frozen=True):
    """The last word of one source, and when and where it was said; `steps` is 0 if it was struck."""

    source: str
    at: int
    boot: str
    seq: int
    unit: str
    steps: int

    @property
    def said(self) -> tuple[int, str, int, str]:
        return self.at, self.boot, self.seq, self.unit


class Day(msgspec.Struct, frozen=True):
    """One card on one day: a reading of each source, in alphabetical order."""

    readings: tuple[Reading, ...] = ()

    def of(self, source: str) -> int:
        """Return what a source said last; 0 if it said nothing, or was struck."""
        return next((one.steps for one in self.readings if one.source == source), 0)

    @property
    def walked(self) -> int:
        """How many steps count."""
        return min(max((one.steps for one in self.readings), default=0), COUNTED_MAX)


def day_key(card: str, day: int) -> str:
    return f"{card}/{day}"


def key(entry: Entry) -> str:
    fact = entry.fact
    return day_key(fact.card, fact.day) if isinstance(fact, Walked | Struck) else ""


def fold(day: Day, entry: Entry) -> Day:
    fact = entry.fact
    if not isinstance(fact, Walked | Struck):
        return day
    steps = fact.steps if isinstance(fact, Walked) else _STRUCK
    heard = Reading(fact.source, entry.at, entry.boot, entry.seq, entry.unit, steps)
    kept = {one.source: one for one in day.readings}
    before = kept.get(fact.source)
    if before is None or before.said < heard.said:
        kept[fact.source] = heard
    return Day(tuple(kept[source] for source in sorted(kept)))


def day_of(tap: Tap) -> int:
    """Return of which day somebody speaks."""
    return tap.day - 1 if tap.wish.what == YESTERDAY else tap.day


def decide(day: Day, tap: Tap) -> Decision:
    """Note what a pedometer shows. A lower number than before is a correction; who only asks is told."""
    steps = tap.wish.amount
    if tap.wish.what not in (TODAY, YESTERDAY):
        return Decision(Result.ALREADY, "STP-001" if day.walked else "STP-002", values={"steps": day.walked})
    if not 1 <= steps <= PLAUSIBLE_MAX:
        return Decision(Result.REFUSED, "STP-030", values={"most": PLAUSIBLE_MAX})
    said = Walked(tap.card, day_of(tap), steps, PEDOMETER, tap.proof)
    if steps == day.of(PEDOMETER):
        return Decision(Result.ALREADY, "STP-020", (said,), {"steps": steps})
    return Decision(Result.OK_POINTS, "STP-010", (said,), {"steps": steps})


PROGRAM: Program[Day] = Program(
    name="steps",
    kinds=KINDS,
    state=Day,
    empty=Day(),
    key=key,
    fold=fold,
    samples=(
        Walked.sample(),
        Struck.sample(),
    ),
    asks=lambda tap: day_key(tap.card, day_of(tap)),
    decide=decide,
    wishes=(Wish(TODAY, 7_100), Wish(YESTERDAY, 7_100), NO_WISH),
    safe=lambda day: day.walked <= COUNTED_MAX and len({one.source for one in day.readings}) == len(day.readings),
)
