"""Steps that were counted elsewhere go into the books: what is plausible, not too old, and not known already."""

from collections.abc import Mapping
from typing import Final

import msgspec

from central.calendar import utc_offset_minutes
from central.centre import Centre
from central.resident.door import is_stopped
from programs.steps.entries import PLAUSIBLE_MAX, Struck, Walked
from programs.steps.office import of_card
from programs.steps.rules import Day
from sync.messages import OFFICE_STREAM
from sync.program import town_day

LATE_DAYS: Final = 31  # phones give apps a month of the past, and nobody can check more


class Taken(msgspec.Struct, frozen=True):
    """What became of the days of a file.

    Attributes:
        new: were written.
        known: said the same before.
        struck: were struck out by the office before, and stay so.
        late: are too long ago.
        ahead: are not over, or not even here: a clock is wrong.
        implausible: have more steps than anybody walks.
        stopped: are of a card that was stopped.
    """

    new: int = 0
    known: int = 0
    struck: int = 0
    late: int = 0
    ahead: int = 0
    implausible: int = 0
    stopped: int = 0

    def __add__(self, other: "Taken") -> "Taken":
        return Taken(
            *(a + b for a, b in zip(msgspec.structs.astuple(self), msgspec.structs.astuple(other), strict=True))
        )


def take(centre: Centre, source: str, counted: Mapping[str, Mapping[int, int]], *, dry: bool = False) -> Taken:
    """Write what a source counted: steps by card and day. The same file again writes nothing.

    A day that is not over yet is taken too, and replaced by what a later file says of it.

    Args:
        dry: write nothing, and say what would be.
    """
    facts: list[Walked] = []
    taken = Taken()
    with centre.reconciler.counted() as connection:
        today = town_day(centre.town.clock.wall_ms(), utc_offset_minutes(connection))
        for card, days in sorted(counted.items()):
            if is_stopped(connection, card):
                taken += Taken(stopped=len(days))
                continue
            known = of_card(connection, card, today - LATE_DAYS, today)
            for day, steps in sorted(days.items()):
                what = _judge(known.get(day, Day()), source, steps, day - today)
                if what == "new":
                    facts.append(Walked(card, day, steps, source, "none"))
                if what:
                    taken += Taken(**{what: 1})
        if facts and not dry:
            centre.streams.append(connection, OFFICE_STREAM, facts)
    return taken


def _judge(known: Day, source: str, steps: int, ahead: int) -> str:
    if steps < 1:
        return ""
    if ahead > 0:
        return "ahead"
    if ahead < -LATE_DAYS:
        return "late"
    if steps > PLAUSIBLE_MAX:
        return "implausible"
    before = [one.steps for one in known.readings if one.source == source]
    if before == [0]:
        return "struck"
    return "known" if before == [steps] else "new"


def strike(centre: Centre, card: str, day: int, source: str, because: str) -> bool:
    """Let what a source said of a day not count; return whether there was anything."""
    with centre.reconciler.counted() as connection:
        if not of_card(connection, card, day, day).get(day, Day()).of(source):
            return False
        centre.streams.append(connection, OFFICE_STREAM, [Struck(card, day, source, because)])
    return True
