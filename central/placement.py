"""Placement: how much of a card's money each unit should hold, before anybody knows where it will be needed.

Pure. A right at a shop that is almost always in reach costs little: it can be asked back the moment that it is needed
elsewhere. The same right on a bus is gone until night. So every bit is worth what it would serve at a unit while that
is away, less what it could not serve everywhere else in that time. Bits are given out by that, the best first, until
nothing is gained any more or only the reserve is left: what stays free serves whoever asks the town.

Amounts are measured in usual payments of the card at hand, so nothing here knows of yen.
"""

import heapq
import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Final

import msgspec

SPREAD: Final = 0.45  # of the logarithm of what people pay; the usual payment is in the middle
STEPS: Final = (4 / 3, 5 / 12, 1 / 3, 1 / 3, 5 / 12, 1 / 2, 2 / 3, 5 / 6, 1.0)
"""What is added to a unit at a time, in usual payments: the first bit serves three payments of four."""
ROUND: Final = 100
UNKNOWN_VISITS: Final = 2.0  # of a card's habits, so many visits are taken from everybody's
NEVER: Final = 1e-4
_VISITS_MAX: Final = 4
_GRID: Final = 32  # the table of chances has so many lines to a usual payment
_GRID_END: Final = 16 * _GRID
MEAN: Final = math.exp(SPREAD**2 / 2)
_DEVIATION: Final = MEAN * math.sqrt(math.exp(SPREAD**2) - 1)


class Site(msgspec.Struct, frozen=True):
    """What placement has to know of a unit.

    Attributes:
        popularity: its share of all visits.
        outages: how often a day it gets out of reach.
        away: which share of its visits happen while it is; of its time, for that matter.
        room: how much more it may hold, of all cards together.
    """

    name: str
    popularity: float
    outages: float
    away: float
    room: int


class Habit(msgspec.Struct, frozen=True):
    """What is known of a card.

    Attributes:
        amount: what there is to deal out: what is free, and what units hold that can be reached now.
        visits: how often it was used at each unit.
        days: for how long it has been known.
        usual: a payment of it in the middle.
    """

    amount: int
    visits: Mapping[str, int]
    days: float
    usual: float


class Terms(msgspec.Struct, frozen=True):
    """What the town has decided.

    Attributes:
        share: how much of a card's money may be dealt out.
        limit: how much one unit may hold, of all cards together; None: as much as serves.
    """

    share: float = 0.7
    limit: int | None = None


def place(habit: Habit, sites: Sequence[Site], terms: Terms) -> dict[str, int]:
    """Return how much each unit should hold; units that are not named should hold nothing.

    Args:
        sites: the units that can be reached now. What others hold is theirs, and not to be dealt out.
    """
    return _Table(habit, sites).deal(terms.share)


def rates(habit: Habit, sites: Iterable[Site]) -> dict[str, float]:
    """Return how many visits a day each unit may expect of a card."""
    total = sum(habit.visits.values())
    a_day = (total + 1) / (habit.days + 3)
    weight = a_day / (total + UNKNOWN_VISITS)
    return {site.name: weight * (habit.visits.get(site.name, 0) + UNKNOWN_VISITS * site.popularity) for site in sites}


class _Table:
    """One card's money being dealt out."""

    def __init__(self, habit: Habit, sites: Sequence[Site]) -> None:
        self._habit = habit
        found = rates(habit, sites)
        self._sites = [site for site in sites if found[site.name] * site.away > NEVER]
        self._elsewhere = sum(found[site.name] * (1 - site.away) for site in sites)
        self._visits = {
            site.name: _visits(found[site.name] * site.away / site.outages) for site in self._sites if site.outages
        }
        self._lost = {site.name: _visits(self._elsewhere * site.away / site.outages) for site in self._sites}
        self._placed = dict.fromkeys(self._visits, 0)
        self._gone = 0.0  # what is away at a usual moment
        self._least = self._round(min(STEPS))

    def deal(self, share: float) -> dict[str, int]:
        left = int(self._habit.amount * share)
        waiting = [bit for site in self._sites if (bit := self._next(site, 0, left))]
        heapq.heapify(waiting)
        while waiting:
            value, name, step, size, site = heapq.heappop(waiting)
            bit = self._next(site, step, left)  # others have taken since, so it may be smaller, or worth less, by now
            if bit is None:
                continue
            if bit[0] > value and waiting and bit > waiting[0]:
                heapq.heappush(waiting, bit)
                continue
            size = bit[3]
            self._placed[name] += size
            self._gone += size * site.away
            left -= size
            if after := self._next(site, step + 1, left):
                heapq.heappush(waiting, after)
        return {name: amount for name, amount in self._placed.items() if amount}

    def _next(self, site: Site, step: int, left: int) -> tuple[float, str, int, int, Site] | None:
        """Return the next bit for a unit, if it has any, with its value for each unit of money (less is better)."""
        if step >= len(STEPS):
            return None
        here = self._placed[site.name]
        size = min(self._round(STEPS[step]), left, site.room - here)
        if size < self._least:
            return None
        pool = self._habit.amount - self._gone - here * (1 - site.away)
        gain = self._served(self._visits[site.name], here + size) - self._served(self._visits[site.name], here)
        loss = self._served(self._lost[site.name], pool) - self._served(self._lost[site.name], pool - size)
        value = site.outages * (gain - loss) / size
        return (-value, site.name, step, size, site) if value > 0 else None

    def _round(self, payments: float) -> int:
        return max(ROUND, round(payments * self._habit.usual / ROUND) * ROUND)

    def _served(self, visits: Sequence[float], amount: float) -> float:
        """Return how many visits an amount serves, of so many that may come."""
        line = min(max(int(amount / self._habit.usual * _GRID), 0), _GRID_END)
        return sum(chance * _enough(count, line) for count, chance in enumerate(visits, 1))


def _visits(expected: float) -> tuple[float, ...]:
    """Return the chances that there will be at least one visit, two, and so on."""
    exactly = left = math.exp(-expected)
    found = []
    for count in range(1, _VISITS_MAX + 1):
        if (chance := 1 - left) < NEVER / 10:
            break
        found.append(chance)
        exactly *= expected / count
        left += exactly
    return tuple(found)


@cache
def _enough(count: int, line: int) -> float:
    """Return the chance that an amount is enough for so many payments in a row."""
    if line <= 0:
        return 0.0
    amount = (line + 0.5) / _GRID
    if count == 1:
        return _normal(math.log(amount) / SPREAD)
    return _normal((amount - count * MEAN) / (_DEVIATION * math.sqrt(count)))


def _normal(deviations: float) -> float:
    return 0.5 * (1 + math.erf(deviations / math.sqrt(2)))


def changes(
    wanted: Mapping[str, int], held: Mapping[str, int], free: int, least: int
) -> tuple[dict[str, int], dict[str, int]]:
    """Return what to ask back and what to grant, for units to hold what they should: few words, and none for little.

    What is asked back is granted to others once it has come, and no sooner.

    Args:
        least: a difference that is not worth a word.
    """
    differences = {unit: wanted.get(unit, 0) - held.get(unit, 0) for unit in sorted({*wanted, *held})}
    asked = {unit: -difference for unit, difference in differences.items() if difference <= -least}
    granted: dict[str, int] = {}
    lacking = [(-difference, unit) for unit, difference in differences.items() if difference >= least]
    for lacks, unit in sorted(lacking):
        if (amount := min(-lacks, free)) >= least:
            granted[unit] = amount
            free -= amount
    return asked, granted
