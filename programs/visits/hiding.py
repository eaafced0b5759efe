"""Says what may be shown of a month of one service at one place (`central.hiding` has the rules). Arithmetic only."""

from collections.abc import Iterable, Mapping
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


class ByAge(msgspec.Struct, frozen=True):
    """What may be shown of a month by age.

    Attributes:
        people: of all ages, when they were counted.
        bands: people of those that may be shown, none among them; bands that are not in it are hidden.
    """

    people: int
    bands: Mapping[str, int]


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


def by_age(bands: Mapping[str, int], keys: Iterable[str], k: int = K) -> ByAge | None:
    """Return what may be shown of the people of a month by age; None where the month itself is hidden."""
    people = sum(bands.values())
    if people < k:
        return None
    return ByAge(people, cells({band: Cell(number, number) for band, number in bands.items()}, keys, k))


def shared_by_age(one: ByAge, other: ByAge, both: int, k: int = K) -> int | None:
    """Return how many people at least used two things that are both shown by age: a multiple of k, or None.

    The bands bound it from above, as nobody is in two. So it stays k below what they allow; nearer, they would tell how
    many of a band used only one.
    """
    least = min(both, _at_most(one, other) - k) // k * k
    return least if least >= k else None


def _at_most(one: ByAge, other: ByAge) -> int:
    """Return how many people can have used both, by what is shown."""
    known = [(people, other.bands[band]) for band, people in one.bands.items() if band in other.bands]
    of_one, of_other = (sum(numbers) for numbers in zip(*known, strict=True)) if known else (0, 0)
    return sum(map(min, known)) + min(one.people - of_one, other.people - of_other)
