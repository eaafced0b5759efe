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


class Touch(msgspec.Struct, frozen=True, order=True, array_like=True, gc=False):
    """One touch of a card, as far as rules look at it. Touches are ordered by day, time and id."""

    day: int
    at: int
    unit: str
    boot: str
    seq: int
    place: str
    service: str


Judged = tuple[Touch, list[Rule], list[tuple[Rule, Why]]]
Firsts = Mapping[str, Touch]

_FIRST: Final = Why.FIRST
_ONCE: Final = Why.ONCE
_PERSON: Final = Why.PERSON
_STREAK: Final = Why.STREAK


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


class Fit(msgspec.Struct, frozen=True):
    """A rule that may give something on a day at a place, with all that is the same for every touch there.

    Attributes:
        is_first: only for the first touch at the place.
        asks_more: whether more of the touch has to be looked at: its time (`has_hours`), or the days before it.
        once: the number of what it gives once; None: for every touch.
        month: the number of its month, for what one person may get; None: as many as come.
        stops_ms: it gives nothing from then on.
    """

    rule: Rule
    points: int
    is_first: bool
    asks_more: bool
    has_hours: bool
    once: int | None
    month: int | None
    stops_ms: int | None
    offset_minutes: int


class Calendar:
    """Which rules may give something where on which day; looked up once, however many touches there are."""

    def __init__(self, book: Book) -> None:
        self.is_empty = not book.pages
        self._book = book
        self._stops = dict(book.stops)
        self.found: dict[tuple[int, str, str], tuple[Fit, ...]] = {}  # what `at` has returned before
        self._numbers: dict[tuple[str, int, str], int] = {}

    def on(self, day: int) -> Activated | None:
        """Return the plan of a day."""
        return self._book.on(day)

    def at(self, touch: Touch) -> tuple[Fit, ...]:
        """Return the rules of a touch's day that may fit."""
        key = touch.day, touch.place, touch.service
        found = self.found.get(key)
        if found is None:
            said = self._book.on(touch.day)
            rules = said.plan.rules if said else ()
            fitting = (rule for rule in rules if by_calendar(rule, *key) is None)
            found = tuple(self._fit(rule, touch, said.utc_offset_minutes) for rule in fitting) if said else ()
            self.found[key] = found
        return found

    def _fit(self, rule: Rule, touch: Touch, offset_minutes: int) -> Fit:
        has_hours = rule.to_minute - rule.from_minute != MINUTES
        place = touch.place if rule.once is Once.PLACE else ""
        stops_ms = self._stops.get(rule.id)
        return Fit(
            rule,
            rule.points,
            rule.first_visit,
            has_hours or stops_ms is not None or rule.streak > 0,
            has_hours,
            self._number(rule.id, touch.day, place) if rule.once is not Once.TOUCH else None,
            self._number(rule.id, month_of(touch.day), "month") if rule.person_month else None,
            stops_ms,
            offset_minutes,
        )

    def _number(self, rule: str, when: int, what: str) -> int:
        """Return a number for this, which nothing else has."""
        return self._numbers.setdefault((rule, when, what), len(self._numbers))


class _Rows:
    """The days of one card, gone through in order, for rules that ask for days in a row."""

    def __init__(self) -> None:
        self._rows: dict[str, tuple[int, int]] = {}  # by rule: its last day, and how many in a row that makes

    def refuses(self, fit: Fit, touch: Touch) -> Why | None:
        rule = fit.rule
        if fit.has_hours and not rule.from_minute <= town_minute(touch.at, fit.offset_minutes) < rule.to_minute:
            return Why.HOUR
        if fit.stops_ms is not None and touch.at >= fit.stops_ms:
            return Why.STOPPED
        return _STREAK if rule.streak and self._length(rule.id, touch.day) != rule.streak else None

    def _length(self, rule: str, day: int) -> int:
        """Note the day; return how many in a row it makes."""
        last, length = self._rows.get(rule, (day, 0))
        if last != day or not length:
            length = length + 1 if last == day - 1 else 1
            self._rows[rule] = day, length
        return length


class _Card:
    """What one card was given so far: it is asked again for each touch, in order."""

    def __init__(self, firsts: Firsts) -> None:
        self.today = set[int]()  # what is given once, and was: once is at most once a day
        self._firsts = firsts
        self._rows = _Rows()
        self._months: dict[int, int] = {}

    def touched(self, touch: Touch, fits: Iterable[Fit]) -> tuple[list[Rule], list[tuple[Rule, Why]]]:
        today, months = self.today, self._months
        given: list[Rule] = []
        others: list[tuple[Rule, Why]] = []
        for fit in fits:
            if fit.once in today:  # None never is
                others.append((fit.rule, _ONCE))
            elif fit.is_first and self._firsts.get(touch.place) != touch:
                others.append((fit.rule, _FIRST))
            elif fit.asks_more and (why := self._rows.refuses(fit, touch)):
                others.append((fit.rule, why))
            elif fit.month is not None and months.get(fit.month, 0) + fit.points > fit.rule.person_month:
                others.append((fit.rule, _PERSON))
            else:
                given.append(fit.rule)
                if fit.once is not None:
                    today.add(fit.once)
                if fit.month is not None:
                    months[fit.month] = months.get(fit.month, 0) + fit.points
        return given, others


def judged(calendar: Calendar, touches: Iterable[Touch], firsts: Firsts) -> Iterator[Judged]:
    """Go through one card's touches, which are in order; yield each with the rules that give points, and the others.

    Args:
        firsts: the card's first touch ever at each place.
    """
    card, found = _Card(firsts), calendar.found
    day, count = None, 0
    for touch in touches:
        if touch.day != day:
            day, count = touch.day, 0
            card.today.clear()
        count += 1
        fits = found.get((touch.day, touch.place, touch.service))
        if fits is None:
            fits = calendar.at(touch)
        if count > TOUCHES_A_DAY:
            yield touch, [], [(fit.rule, Why.MANY) for fit in fits]
        else:
            given, others = card.touched(touch, fits)
            yield touch, given, others


def worth(given: Iterable[Rule]) -> int:
    """Return how many points a touch gets."""
    return sum(rule.points for rule in given)
