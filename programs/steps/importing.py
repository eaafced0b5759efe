"""Steps that were counted elsewhere go into the books: what is plausible, not too old, and not known already."""

from collections import Counter
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

import msgspec
import sqlalchemy as sa

from central.calendar import utc_offset_minutes
from central.centre import Centre
from central.resident.door import is_stopped
from central.residents.books import agrees
from programs.steps.entries import PLAUSIBLE_MAX, Struck, Walked
from programs.steps.office import of_card, of_source
from programs.steps.rules import PROGRAM, Day
from sync.messages import OFFICE_STREAM
from sync.program import town_day

LATE_DAYS: Final = 31  # phones give apps a month of the past, and nobody can check more


class Became(StrEnum):
    """What became of what a source said of one day of one card."""

    NEW = "new"
    KNOWN = "known"
    STRUCK = "struck"
    LATE = "late"
    AHEAD = "ahead"
    IMPLAUSIBLE = "implausible"
    STOPPED = "stopped"
    CLOSED = "closed"  # nobody has agreed that steps of this card are sent here, or it is stopped; which, is not said
    NOTHING = "nothing"  # no steps
    TWICE = "twice"  # it stands twice in what was sent, and nobody can tell which is right


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


Shut = Callable[[sa.Connection, str], Became | None]
"""Tells why nothing is taken for a card; None if something is."""


def stopped(connection: sa.Connection, card: str) -> Became | None:
    """Whoever stands at the desk with a card, or a list, is asked no more than whether the card counts."""
    return Became.STOPPED if is_stopped(connection, card) else None


def unasked(connection: sa.Connection, card: str) -> Became | None:
    """Where nobody is there who holds the card, the town has to know that its holder agrees."""
    is_open = agrees(connection, card, PROGRAM.name) and not is_stopped(connection, card)
    return None if is_open else Became.CLOSED


def take(centre: Centre, source: str, counted: Mapping[str, Mapping[int, int]], *, dry: bool = False) -> Taken:
    """Write what a file says, see `note`; return how many days became what."""
    became = note(centre, source, counted, stopped, dry=dry)
    return Taken(**Counter(str(one) for days in became.values() for one in days.values() if one is not Became.NOTHING))


def note(
    centre: Centre, source: str, counted: Mapping[str, Mapping[int, int]], shut: Shut, *, dry: bool = False
) -> dict[str, dict[int, Became]]:
    """Write what a source counted: steps by card and day. The same once more writes nothing.

    A day that is not over yet is taken too, and replaced by what is said of it later.

    Args:
        dry: write nothing, and say what would be.
    """
    facts: list[Walked] = []
    became: dict[str, dict[int, Became]] = {}
    with centre.reconciler.counted() as connection:
        today = town_day(centre.town.clock.wall_ms(), utc_offset_minutes(connection))
        for card, days in sorted(counted.items()):
            if why := shut(connection, card):
                became[card] = dict.fromkeys(days, why)
                continue
            asked = [day for day in days if today - LATE_DAYS <= day <= today]
            known = of_card(connection, card, min(asked), max(asked)) if asked else {}
            became[card] = {
                day: _judge(known.get(day, Day()), source, steps, day - today) for day, steps in sorted(days.items())
            }
            new = (day for day, what in became[card].items() if what is Became.NEW)
            facts += [Walked(card, day, days[day], source, "none") for day in new]
        if facts and not dry:
            centre.streams.append(connection, OFFICE_STREAM, facts)
    return became


def _judge(known: Day, source: str, steps: int, ahead: int) -> Became:
    if steps < 1:
        return Became.NOTHING
    if ahead > 0:
        return Became.AHEAD
    if ahead < -LATE_DAYS:
        return Became.LATE
    if steps > PLAUSIBLE_MAX:
        return Became.IMPLAUSIBLE
    before = [one.steps for one in known.readings if one.source == source]
    if before == [0]:
        return Became.STRUCK
    return Became.KNOWN if before == [steps] else Became.NEW


def strike(centre: Centre, card: str, day: int, source: str, because: str) -> bool:
    """Let what a source said of a day not count; return whether there was anything."""
    with centre.reconciler.counted() as connection:
        if not of_card(connection, card, day, day).get(day, Day()).of(source):
            return False
        centre.streams.append(connection, OFFICE_STREAM, [Struck(card, day, source, because)])
    return True


def strike_source(
    centre: Centre, source: str, first: int, last: int, because: str, *, dry: bool = False
) -> list[tuple[str, int]]:
    """Let nothing count that a source said of some days, both ends included; return of which cards' days it was.

    Args:
        dry: write nothing, and say what would be struck out.
    """
    with centre.reconciler.counted() as connection:
        found = of_source(connection, source, first, last)
        if found and not dry:
            struck = [Struck(card, day, source, because) for card, day in found]
            centre.streams.append(connection, OFFICE_STREAM, struck)
    return found
