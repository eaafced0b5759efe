"""Says what may be shown of a month of one service at one place (`central.hiding` has the rules). Arithmetic only."""

from collections.abc import Mapping
from typing import Final

import msgspec

from central.hiding import Cell, K, cells
from central.weekly import ALL_TIMES, At
from programs.visits.counting import Counted


class Shown(msgspec.Struct, frozen=True):
    """What may be shown of a service at a place in a month; None: hidden.

    Attributes:
        people: how many came at all.
        at: visits by weekday and hour; times that are not in it are hidden.
        new, returning: of the people.
    """

    visits: int | None = None
    people: int | None = None
    touches: int | None = None
    at: Mapping[At, int] = {}
    new: int | None = None
    returning: int | None = None

    @property
    def is_hidden(self) -> bool:
        return self.visits is None


NOBODY: Final = Shown(0, 0, 0, dict.fromkeys(ALL_TIMES, 0), 0, 0)


def shown(counted: Counted, k: int = K) -> Shown:
    """Return what may be shown of a month."""
    people = counted.visits.people
    if not people:
        return NOBODY
    if people < k:
        return Shown()
    of_people = {"new": counted.new, "returning": counted.returning}
    came = cells({name: Cell(number, number) for name, number in of_people.items()}, of_people, k)
    again = counted.again
    return Shown(
        visits=counted.visits.number,
        people=people,
        touches=counted.visits.number + again.number if not 0 < again.people < k else None,
        at=cells(counted.at, ALL_TIMES, k),
        new=came.get("new"),
        returning=came.get("returning"),
    )


def totals(visits: int, people: int, k: int = K) -> Shown:
    """Return the same with the totals alone."""
    if not people:
        return NOBODY
    return Shown() if people < k else Shown(visits, people)
