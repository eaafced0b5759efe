"""Which rules a touch fits, and why not the others: the one place that decides it, for units, books and previews.

One card's touches are gone through in their own order (day, time, id), whatever the order in which they arrived. So are
its payments, and its days of steps, each kind by itself (`Of`). What one of them gets depends on none that is more than
`WINDOW_DAYS` before it, but for the first one at each place; so a unit that keeps these decides as the centre does,
which has all. Arithmetic only.
"""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Final

import msgspec

from programs.points.book import Book
from programs.points.entries import MINUTES, Activated, Of, Once, Rule
from sync.months import month_of
from sync.program import town_day, town_minute

TOUCHES_A_DAY: Final = 20
"""A card's touches of one day beyond these give nothing: a unit need not remember them."""

WINDOW_DAYS: Final = 66
"""A month, for what one person may get in it; before that the longest row of days with the one before it; and two days
more: somebody may speak of yesterday's steps, and what the centre says is dated a day too late (`rules.kept`)."""

_WEEK: Final = 7
_THURSDAY: Final = 3  # 1970-01-01


class Why(StrEnum):
    """What became of a rule at a touch."""

    GIVEN = "given"
    KIND = "kind"
    VOID = "void"
    AMOUNT = "amount"
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
    PERSON_DAY = "person-day"


class Touch(msgspec.Struct, frozen=True, order=True, array_like=True, gc=False):
    """One touch of a card, or payment, or day, as far as rules look at it. They are ordered by day, time and id.

    `amount`: yen of a payment, steps of a day; a touch has none.
    """

    day: int
    at: int
    unit: str
    boot: str
    seq: int
    place: str
    service: str
    amount: int = 0


Given = tuple[str, int]
"""A rule that gives points, by its id, and how many."""

Judged = tuple[Touch, list[Given], list[tuple[Rule, Why]]]
Firsts = Mapping[str, Touch]
NONE: Final = frozenset[Touch]()

_FIRST: Final = Why.FIRST
_ONCE: Final = Why.ONCE
_STREAK: Final = Why.STREAK


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
        gives: what it gives, if that is the same for each.
        is_first: only for the first touch at the place.
        asks_more: whether more of the touch is to be looked at: its time (`has_hours`), its amount, the days before.
        least: so many yen or steps have to be there.
        once: the number of what it gives once a day; None: for every touch.
        is_limited: whether it gives by the amount, or no more than so much for one person.
        stops_ms: it gives nothing from then on; None: it goes on.
    """

    rule: Rule
    gives: Given
    is_first: bool
    asks_more: bool
    has_hours: bool
    least: int
    once: int | None
    is_limited: bool
    stops_ms: int | None
    offset_minutes: int

    def is_stopped(self, touch: Touch, stops_ms: int) -> bool:
        """Whether a touch is behind the stop of the rule; of steps, the day on which it was stopped still counts."""
        if self.rule.of is Of.DAY:
            return touch.day > town_day(stops_ms, self.offset_minutes)
        return touch.at >= stops_ms


class Calendar:
    """Which rules for touches, or payments, or days may give something where on which day; each looked up once."""

    def __init__(self, book: Book, of: Of = Of.TOUCH) -> None:
        self._of = of
        self._book = book
        self._stops = dict(book.stops)
        self._rules: dict[int, list[Rule]] = {}  # by the day on which their plan starts
        self._fits: dict[tuple[int, str, str], Fit] = {}
        self.found: dict[tuple[int, str, str], tuple[Fit, ...]] = {}  # what `at` has returned before

    def on(self, day: int) -> Activated | None:
        """Return the plan of a day."""
        return self._book.on(day)

    def at(self, touch: Touch) -> tuple[Fit, ...]:
        """Return the rules of a touch's day that may fit."""
        day, place, service = touch.day, touch.place, touch.service
        found = self.found.get((day, place, service))
        if found is None:
            said = self._book.on(day)
            rules = self._of_plan(said) if said else ()
            fitting = [rule for rule in rules if by_calendar(rule, day, place, service) is None]
            found = tuple([self._fit(said, rule, place) for rule in fitting]) if said else ()
            self.found[day, place, service] = found
        return found

    def _of_plan(self, said: Activated) -> list[Rule]:
        there = self._rules.get(said.plan.starts)
        if there is None:
            there = self._rules[said.plan.starts] = [rule for rule in said.plan.rules if rule.of is self._of]
        return there

    def _fit(self, said: Activated, rule: Rule, at_place: str) -> Fit:
        place = at_place if rule.once is Once.PLACE else ""
        there = self._fits.get((said.plan.starts, rule.id, place))
        if there is None:
            has_hours, stops_ms = rule.to_minute - rule.from_minute != MINUTES, self._stops.get(rule.id)
            there = self._fits[said.plan.starts, rule.id, place] = Fit(
                rule,
                (rule.id, rule.points),
                rule.first_visit,
                has_hours or stops_ms is not None or rule.streak > 0 or rule.least > 0,
                has_hours,
                rule.least,
                len(self._fits) if rule.once is not Once.TOUCH else None,
                bool(rule.per_yen or rule.person_month or rule.person_day),
                stops_ms,
                said.utc_offset_minutes,
            )
        return there


class _Rows:
    """The days of one card, gone through in order, for rules that ask for days in a row."""

    def __init__(self) -> None:
        self._rows: dict[str, tuple[int, int]] = {}  # by rule: its last day, and how many in a row that makes

    def refuses(self, fit: Fit, touch: Touch) -> Why | None:
        rule = fit.rule
        if fit.has_hours and not rule.from_minute <= town_minute(touch.at, fit.offset_minutes) < rule.to_minute:
            return Why.HOUR
        if touch.amount < fit.least:
            return Why.AMOUNT
        if fit.stops_ms is not None and fit.is_stopped(touch, fit.stops_ms):
            return Why.STOPPED
        return _STREAK if rule.streak and self._length(rule.id, touch.day) != rule.streak else None

    def _length(self, rule: str, day: int) -> int:
        """Note the day; return how many in a row it makes."""
        last, length = self._rows.get(rule, (day, 0))
        if last != day or not length:
            length = length + 1 if last == day - 1 else 1
            self._rows[rule] = day, length
        return length


class _Limits:
    """What one card was given by each rule in a month and on a day, for rules that say how much that may be.

    Attributes:
        gives: what the rule gives that was asked for last, if it passes no limit.
    """

    def __init__(self) -> None:
        self.gives: Given = ("", 0)
        self._day, self._month = 0, 0
        self._of_day: dict[str, int] = {}
        self._of_month: dict[str, int] = {}

    def passed(self, rule: Rule, touch: Touch) -> Why | None:
        """Note what a rule gives for a touch, the next in order; or return which limit it would pass.

        What goes by the amount is given up to the limit; what is given for each time is given whole or not at all.
        """
        self._begin(touch.day)
        points = rule.points * (touch.amount // rule.per_yen) if rule.per_yen else rule.points
        day, month = self._of_day.get(rule.id, 0), self._of_month.get(rule.id, 0)
        for most, before, why in ((rule.person_day, day, Why.PERSON_DAY), (rule.person_month, month, Why.PERSON)):
            if most and before + points > most:
                points = most - before if rule.per_yen else 0
                if points <= 0:
                    return why
        self._of_day[rule.id], self._of_month[rule.id] = day + points, month + points
        self.gives = rule.id, points
        return None

    def _begin(self, day: int) -> None:
        if day == self._day:
            return
        self._day = day
        self._of_day.clear()
        if (month := month_of(day)) != self._month:
            self._month = month
            self._of_month.clear()


class _Card:
    """What one card was given so far: it is asked again for each touch, in order."""

    def __init__(self, firsts: Firsts) -> None:
        self.today = set[int]()  # what is given once, and was: once is at most once a day
        self._firsts = firsts
        self._rows = _Rows()
        self._limits = _Limits()

    def touched(self, touch: Touch, fits: Iterable[Fit]) -> tuple[list[Given], list[tuple[Rule, Why]]]:
        today = self.today
        given: list[Given] = []
        others: list[tuple[Rule, Why]] = []
        for fit in fits:
            if fit.once in today:  # None never is
                others.append((fit.rule, _ONCE))
            elif fit.is_first and self._firsts.get(touch.place) != touch:
                others.append((fit.rule, _FIRST))
            elif fit.asks_more and (why := self._rows.refuses(fit, touch)):  # noqa: SIM114 - asked in this order
                others.append((fit.rule, why))
            elif fit.is_limited and (why := self._limits.passed(fit.rule, touch)):
                others.append((fit.rule, why))
            else:
                given.append(self._limits.gives if fit.is_limited else fit.gives)
                if fit.once is not None:
                    today.add(fit.once)
        return given, others


def judged(
    calendar: Calendar, touches: Iterable[Touch], firsts: Firsts, gone: frozenset[Touch] = NONE
) -> Iterator[Judged]:
    """Go through one card's touches, which are in order; yield each with the rules that give points, and the others.

    Args:
        touches: of the kind that the calendar is about.
        firsts: the card's first touch ever at each place that is not void.
        gone: those that are void. They are of the first so many of a day, and else as if they had not been.
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
        elif gone and touch in gone:
            yield touch, [], [(fit.rule, Why.VOID) for fit in fits]
        else:
            given, others = card.touched(touch, fits)
            yield touch, given, others


def worth(given: Iterable[Given]) -> int:
    """Return how many points a touch gets."""
    return sum(points for _, points in given)
