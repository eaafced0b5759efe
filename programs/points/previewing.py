"""Tries a plan on what really happened, before anybody activates it: whom it would reach, and what it costs.

The rules are tried as if they had counted on every day of the period: their own first and last day, and when the plan
starts, are left aside. Rules for certain days find only the touches of those days. Payments count as what is left of
them now, and what is void counts nothing.
"""

from collections import Counter
from typing import Final

import msgspec
import sqlalchemy as sa

from central.calendar import utc_offset_minutes
from programs.points.book import Book, Page
from programs.points.entries import LAST_DAY, Activated, Of, Plan
from programs.points.judging import WINDOW_DAYS, Calendar, Given, judged
from programs.points.office import booked
from programs.points.proposals import proposal_id
from programs.points.sentences import Say
from programs.points.tables import by_card
from sync.months import first_day as first_day_of
from sync.months import month_of

YEN_PER_POINT: Final = 1  # what a point costs the town, unless somebody says otherwise
_PERCENT: Final = 100
_NOBODY: Final = "—"


class ByRule(msgspec.Struct, frozen=True):
    """What one rule would have given, and to how many people and touches."""

    rule: str
    points: int
    people: int
    touches: int
    budget: int

    def percent(self) -> int | None:
        """Return how much of its budget that is; None, if it has none."""
        return round(self.points * _PERCENT / self.budget) if self.budget else None

    def is_over(self) -> bool:
        return 0 < self.budget < self.points


class Preview(msgspec.Struct, frozen=True):
    """What a plan would have given in a period.

    Attributes:
        now: what was booked for the same months; None, if the period is not made of whole months.
        people: cards that would have got points; `cards`: all that were touched, or paid, if the plan looks at that.
        touches: touches, payments and days that would have got some; `of`: all of the period that the plan looks at.
    """

    points: int
    now: int | None
    people: int
    cards: int
    touches: int
    of: int
    rules: tuple[ByRule, ...]

    def warnings(self) -> list[Say]:
        """Say what an officer has to think about before going on."""
        over = [
            Say(
                f"{one.rule}: 予算をこえる見込みです(RUL-011)。この期間で {one.points:,} / 予算 {one.budget:,}。",
                f"{one.rule}: the forecast exceeds the budget: {one.points:,} in this time, of {one.budget:,} in all.",
            )
            for one in self.rules
            if one.is_over()
        ]
        empty = [
            Say(f"{one.rule}: この期間には当てはまるものがありません。", f"{one.rule}: nothing of this time fits.")
            for one in self.rules
            if not one.touches
        ]
        return [*over, *empty]

    def more_percent(self) -> int | None:
        """Return by how much this is more than what counts now; None, if that gave nothing."""
        return round((self.points - self.now) * _PERCENT / self.now) if self.now else None


def last_month(today: int) -> tuple[int, int]:
    """Return the first and the last day of the month before that of a day."""
    month = month_of(today)
    return first_day_of(month - 1), first_day_of(month) - 1


class _Found:
    """What was found so far, over all kinds of what rules look at."""

    def __init__(self) -> None:
        self.points, self.touches, self.people = Counter[str](), Counter[str](), Counter[str]()
        self.cards, self.reached = set[str](), set[str]()
        self.served = self.every = 0

    def note(self, card: str, given: list[Given], served: int, in_period: int) -> None:
        """Add what one card would have got, for so many of so many touches."""
        self.served += served
        self.every += in_period
        if in_period:
            self.cards.add(card)
        if not given:
            return
        self.reached.add(card)
        times = Counter(given)  # most rules give the same each time: there are few to add up
        for (rule, points), number in times.items():
            self.points[rule] += points * number
            self.touches[rule] += number
        self.people.update({rule for rule, _ in times})


def preview(connection: sa.Connection, plan: Plan, first_day: int, last_day: int) -> Preview:
    """Try a plan on the touches of a period that have arrived."""
    book = as_if_always(plan, utc_offset_minutes(connection))
    found = _Found()
    for of in sorted({rule.of for rule in plan.rules} or {Of.TOUCH}):
        calendar = Calendar(book, of)
        for card, touches, firsts, gone in by_card(connection, first_day - WINDOW_DAYS, last_day, of):
            all_given: list[Given] = []
            in_period = served = 0
            for touch, given, _ in judged(calendar, touches, firsts, gone):
                if touch.day >= first_day:
                    in_period += 1
                    if given:
                        served += 1
                        all_given += given
            found.note(card, all_given, served, in_period)
    by_rule = tuple(
        ByRule(one.id, found.points[one.id], found.people[one.id], found.touches[one.id], one.budget)
        for one in plan.rules
    )
    points, now = sum(one.points for one in by_rule), booked_in(connection, first_day, last_day)
    return Preview(points, now, len(found.reached), len(found.cards), found.served, found.every, by_rule)


def as_if_always(plan: Plan, utc_offset_minutes: int) -> Book:
    """Return a book in which a plan counts on every day, whatever its own days are."""
    rules = tuple(msgspec.structs.replace(rule, first_day=0, last_day=LAST_DAY) for rule in plan.rules)
    always = msgspec.structs.replace(plan, starts=0, rules=rules)
    said = Activated(always, proposal_id(plan), _NOBODY, _NOBODY, utc_offset_minutes)
    return Book((Page((0, "", 0, ""), said),))


def booked_in(connection: sa.Connection, first_day: int, last_day: int) -> int | None:
    """Return what was booked for the months of a period; None, if it is not made of whole months."""
    first, last = month_of(first_day), month_of(last_day)
    if (first_day_of(first), first_day_of(last + 1) - 1) != (first_day, last_day):
        return None
    asked = sa.select(sa.func.coalesce(sa.func.sum(booked.c.points), 0)).where(booked.c.month.between(first, last))
    return int(connection.execute(asked).scalar_one())
