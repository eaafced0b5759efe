"""A season drawn from a seed: who pays where and how much, when cash is charged, and which units are out of reach when.

The model is of good shops that lose their line for three hours a week, poor ones that lose it every other day for
eight, and buses that are away from six to ten at night. Most people have a few places; one visit in five is anywhere.
Nothing in here has been measured in a town: it is for comparing policies, not for promising figures.
"""

import bisect
import math
import random
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Final

import msgspec

DAY_MS: Final = 86_400_000
HOUR_MS: Final = 3_600_000
MORNING_H, EVENING_H = 7, 20
_AWAY_H: Final = (6, 22)  # buses
_DESK_H: Final = (9, 17)
_VISITS: Final = 0.35  # a day, of a card in the mean
_LOYAL: Final = 0.8
_PLACES: Final = (2, 5)
_YEN: Final = (1200, 0.45)  # median, spread
_LOW: Final = 0.35  # of the usual balance: then cash is brought within a day
_TOP_UP: Final = 1.5
_STEP_YEN: Final = 1000


class Class(StrEnum):
    """How well a unit is connected."""

    GOOD = "good"
    POOR = "poor"
    BUS = "bus"


_MIX: Final = {Class.GOOD: 44, Class.POOR: 10, Class.BUS: 6}
_OUTAGE: Final = {Class.GOOD: (7.0, 3 / 24), Class.POOR: (1.5, 8 / 24)}  # days between, days long


class Bad(StrEnum):
    """What befalls the town in the measured half."""

    NOTHING = "nothing"
    SOME = "some"  # a third of all units are cut off for four days
    ALL = "all"  # all are, for three


class Setting(msgspec.Struct, frozen=True):
    """What to draw: `balance` is what a card holds in the middle; `bad` what befalls the town."""

    seed: int
    days: int = 90
    units: int = 60
    cards: int = 1000
    balance: int = 8000
    bad: Bad = Bad.NOTHING


class Outage(msgspec.Struct, frozen=True, order=True):
    start_ms: int
    end_ms: int


class Visit(msgspec.Struct, frozen=True, order=True):
    """Somebody wants to pay."""

    at_ms: int
    card: int
    unit: int
    yen: int


class Season:
    """Everything that is drawn beforehand.

    Attributes:
        classes, popularity: of each unit.
        outages: of each unit, in order, apart from each other.
        visits: in order.
        top_ups: what each card's holder brings to the desk, each time.
    """

    def __init__(self, setting: Setting) -> None:
        dice = random.Random(f"season {setting.seed}")  # noqa: S311 - to be thrown again
        self.setting = setting
        self.classes = _classes(setting.units)
        self.popularity = _popularity(setting.units, dice)
        self.outages = [self._outages(kind, dice) for kind in self.classes]
        self.top_ups = [_top_up(setting.balance, dice) for _ in range(setting.cards)]
        self.visits = sorted(visit for card in range(setting.cards) for visit in self._visits(card, dice))
        self._dice = dice
        self._starts = [[outage.start_ms for outage in outages] for outages in self.outages]

    @property
    def measured_from_ms(self) -> int:
        """Return when the learning half is over."""
        return self.setting.days // 2 * DAY_MS

    def outage_at(self, unit: int, at_ms: int) -> Outage | None:
        """Return the outage that a unit is in."""
        found = bisect.bisect_right(self._starts[unit], at_ms) - 1
        outage = self.outages[unit][found] if found >= 0 else None
        return outage if outage and at_ms < outage.end_ms else None

    def is_low(self, yen: int) -> bool:
        """Whether somebody with so much goes to the desk within a day."""
        return yen < self.setting.balance * _LOW

    def desk_at(self, at_ms: int) -> int:
        """Draw when somebody whose money is low comes to the desk."""
        wish = at_ms + int(self._dice.random() * DAY_MS)
        opening, closing = _DESK_H
        at = wish // DAY_MS * DAY_MS + int((opening + (closing - opening) * self._dice.random()) * HOUR_MS)
        return at if at > at_ms else at + DAY_MS

    def _visits(self, card: int, dice: random.Random) -> Iterator[Visit]:
        rate = _VISITS * dice.lognormvariate(-0.32, 0.8)
        everywhere = range(len(self.popularity))
        places = list(dict.fromkeys(dice.choices(everywhere, self.popularity, k=12)))[: dice.randint(*_PLACES)]
        liking = [1 / (rank + 1) for rank in range(len(places))]
        day = dice.expovariate(rate)
        while day < self.setting.days:
            at = math.floor(day) * DAY_MS + int((MORNING_H + (EVENING_H - MORNING_H) * dice.random()) * HOUR_MS)
            is_usual = dice.random() < _LOYAL
            (unit,) = dice.choices(places, liking) if is_usual else dice.choices(everywhere, self.popularity)
            median, spread = _YEN
            yield Visit(at, card, unit, max(100, int(dice.lognormvariate(math.log(median), spread) / 10) * 10))
            day += dice.expovariate(rate)

    def _outages(self, kind: Class, dice: random.Random) -> list[Outage]:
        days = self.setting.days
        if kind is Class.BUS:
            found = [
                Outage(day * DAY_MS + _AWAY_H[0] * HOUR_MS, day * DAY_MS + _AWAY_H[1] * HOUR_MS) for day in range(days)
            ]
        else:
            found = []
            between, long = _OUTAGE[kind]
            day = dice.expovariate(1 / between)
            while day < days:
                end = day + dice.expovariate(1 / long)
                found.append(Outage(int(day * DAY_MS), int(end * DAY_MS)))
                day = end + dice.expovariate(1 / between)
        return _joined([*found, *self._disaster(dice)])

    def _disaster(self, dice: random.Random) -> Sequence[Outage]:
        start = (self.setting.days * 3 // 4) * DAY_MS + MORNING_H * HOUR_MS
        is_struck = dice.random() < 1 / 3
        if self.setting.bad is Bad.ALL:
            return [Outage(start, start + 3 * DAY_MS)]
        if self.setting.bad is Bad.SOME and is_struck:
            return [Outage(start, start + 4 * DAY_MS)]
        return []


def _classes(units: int) -> list[Class]:
    total = sum(_MIX.values())
    ends, upto = [], 0
    for kind, share in _MIX.items():
        upto += share
        ends.append((kind, round(upto * units / total)))
    return [next(kind for kind, end in ends if unit < end) for unit in range(units)]


def _popularity(units: int, dice: random.Random) -> list[float]:
    weights = [1 / (rank + 1) ** 0.7 for rank in range(units)]
    dice.shuffle(weights)
    return [weight / sum(weights) for weight in weights]


def _top_up(balance: int, dice: random.Random) -> int:
    wish = balance * _TOP_UP * dice.lognormvariate(0, 0.35)
    return max(2, round(wish / _STEP_YEN)) * _STEP_YEN


def _joined(outages: Sequence[Outage]) -> list[Outage]:
    """Return outages in order, those that overlap as one."""
    found: list[Outage] = []
    for outage in sorted(outages):
        if found and outage.start_ms <= found[-1].end_ms:
            found[-1] = Outage(found[-1].start_ms, max(found[-1].end_ms, outage.end_ms))
        else:
            found.append(outage)
    return found
