"""Which rules a touch fits, and why not the others: the one place that decides it, for units, books and previews.

One card's touches are gone through in their own order (day, time, id), whatever the order in which they arrived. What a
touch gets depends on no touch that is more than `WINDOW_DAYS` before it, but for the first one at each place; so a unit
that keeps these decides as the centre does, which has all. Arithmetic only.
"""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Final

import msgspec

from programs.points.book import Book
from programs.points.entries import MINUTES, Activated, Once, Rule
from sync.entries import Entry
from sync.months import month_of
from sync.program import town_minute
from sync.touches import Touched

TOUCHES_A_DAY: Final = 20
"""A card's touches of one day beyond these give nothing: a unit need not remember them."""

WINDOW_DAYS: Final = 64
"""A month, for what one person may get in it, and before that the longest row of days with the one before it."""

_WEEK: Final = 7
_THURSDAY: Final = 3  # 1970-01-01


class Why(StrEnum):
    """What became of a rule at a touch."""

    GIVEN = "given"
    PLACE = "place"
    SERVICE = "service"
    WEEKDAY = "weekday"
    DAYS = "days"
    EVENT = "event"
    HOUR = "hour"
    STOPPED = "stopped"
    MANY = "many"
    FIRST = "first"
    STREAK = "streak"
    ONCE = "once"
    PERSON = "person"


class Touch(msgspec.Struct, frozen=True, order=True, array_like=True):
    """One touch of a card, as far as rules look at it. Touches are ordered by day, time and id."""

    day: int
    at: int
    unit: str
    boot: str
    seq: int
    place: str
    service: str


Found = list[tuple[Rule, Why]]
Firsts = Mapping[str, Touch]


def touch_of(entry: Entry, fact: Touched) -> Touch:
    return Touch(fact.day, entry.at, entry.unit, entry.boot, entry.seq, fact.place, fact.service)


def weekday(day: int) -> int:
    """Return the day of the week; Monday is 0."""
    return (day + _THURSDAY) % _WEEK


def by_calendar(rule: Rule, day: int, place: str, service: str) -> Why | None:
    """Return why a rule can give nothing there on that day, whoever comes; None if it can."""
    if rule.places and place not in rule.places:
        return Why.PLACE
    if rule.services and service not in rule.services:
        return Why.SERVICE
    if not rule.first_day <= day <= rule.last_day:
        return Why.DAYS
    if rule.days and day not in rule.days:
        return Why.EVENT
    if rule.weekdays and weekday(day) not in rule.weekdays:
        return Why.WEEKDAY
    return None


class Calendar:
    """Which rules may give something where on which day; looked up once, however many touches there are."""

    def __init__(self, book: Book) -> None:
        self.stops = dict(book.stops)
        self.is_empty = not book.pages
        self._book = book
        self._found: dict[tuple[int, str, str], tuple[Activated | None, int, tuple[Rule, ...]]] = {}

    def at(self, touch: Touch) -> tuple[Activated | None, int, tuple[Rule, ...]]:
        """Return the plan of a touch's day, the month, and those of its rules that may fit."""
        key = touch.day, touch.place, touch.service
        found = self._found.get(key)
        if found is None:
            said = self._book.on(touch.day)
            rules = said.plan.rules if said else ()
            fitting = tuple(rule for rule in rules if by_calendar(rule, *key) is None)
            found = self._found[key] = said, month_of(touch.day), fitting
        return found


class _Card:
    """What was counted of one card so far."""

    def __init__(self, calendar: Calendar, firsts: Firsts) -> None:
        self._stops = calendar.stops
        self._firsts = firsts
        self._got: set[tuple[str, int, str]] = set()
        self._days: dict[str, set[int]] = {}  # of rules that ask for days in a row
        self._sums: dict[tuple[str, int], int] = {}

    def judge(self, rule: Rule, touch: Touch, month: int, offset_minutes: int) -> Why:
        why = self._refuses(rule, touch, offset_minutes)
        if why is not None:
            return why
        place = touch.place if rule.once is Once.PLACE else ""
        if rule.once is not Once.TOUCH and (rule.id, touch.day, place) in self._got:
            return Why.ONCE
        if rule.person_month:
            now = self._sums.get((rule.id, month), 0) + rule.points
            if now > rule.person_month:
                return Why.PERSON
            self._sums[rule.id, month] = now
        self._got.add((rule.id, touch.day, place))
        return Why.GIVEN

    def _refuses(self, rule: Rule, touch: Touch, offset_minutes: int) -> Why | None:
        if rule.to_minute - rule.from_minute != MINUTES:
            minute = town_minute(touch.at, offset_minutes)
            if not rule.from_minute <= minute < rule.to_minute:
                return Why.HOUR
        if self._stops and touch.at >= self._stops.get(rule.id, touch.at + 1):
            return Why.STOPPED
        if rule.first_visit and self._firsts.get(touch.place) != touch:
            return Why.FIRST
        if rule.streak and not self._is_row(rule, touch.day):
            return Why.STREAK
        return None

    def _is_row(self, rule: Rule, day: int) -> bool:
        """Note the day; tell whether it makes the row as long as the rule asks, and no longer."""
        days = self._days.setdefault(rule.id, set())
        days.add(day)
        return day - rule.streak not in days and all(day - back in days for back in range(1, rule.streak))


def judged(calendar: Calendar, touches: Iterable[Touch], firsts: Firsts) -> Iterator[tuple[Touch, Found]]:
    """Go through one card's touches, which are in order; yield each with what became of the rules that may fit.

    Args:
        firsts: the card's first touch ever at each place.
    """
    card = _Card(calendar, firsts)
    today, count = None, 0
    for touch in touches:
        count = count + 1 if touch.day == today else 1
        today = touch.day
        said, month, rules = calendar.at(touch)
        if said is None or not rules:
            yield touch, []
        elif count > TOUCHES_A_DAY:
            yield touch, [(rule, Why.MANY) for rule in rules]
        else:
            yield touch, [(rule, card.judge(rule, touch, month, said.utc_offset_minutes)) for rule in rules]


def worth(found: Found) -> int:
    """Return how many points a touch gets."""
    return sum(rule.points for rule, why in found if why is Why.GIVEN)
