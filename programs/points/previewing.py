"""Tries a plan on touches that really happened, before anybody activates it: whom it would reach, and what it costs.

The rules are tried as if they had counted on every day of the period: their own first and last day, and when the plan
starts, are left aside. Rules for certain days find only the touches of those days.
"""

from collections import Counter
from operator import attrgetter
from typing import Final

import msgspec
import sqlalchemy as sa

from central.calendar import utc_offset_minutes
from programs.points.book import Book, Page
from programs.points.entries import LAST_DAY, Activated, Plan, Rule
from programs.points.judging import WINDOW_DAYS, Calendar, judged
from programs.points.office import booked, by_card
from programs.points.proposals import proposal_id
from programs.points.sentences import Say
from sync.months import first_day as first_day_of
from sync.months import month_of

YEN_PER_POINT: Final = 1  # what a point costs the town, unless somebody says otherwise
_PERCENT: Final = 100
_NOBODY: Final = "—"
_ID: Final = attrgetter("id")


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
        people: cards that would have got points; `cards`: all that were touched.
        touches: that would have got some; `of`: all of the period.
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
            Say(f"{one.rule}: この期間には当てはまるタッチがありません。", f"{one.rule}: no touch of this time fits.")
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


def preview(connection: sa.Connection, plan: Plan, first_day: int, last_day: int) -> Preview:
    """Try a plan on the touches of a period that have arrived."""
    calendar = Calendar(as_if_always(plan, utc_offset_minutes(connection)))
    touches, people = Counter[str](), Counter[str]()
    cards = reached = served = every = 0
    for _, card_touches, firsts in by_card(connection, first_day - WINDOW_DAYS, last_day):
        given: list[Rule] = []
        in_period = 0
        for touch, rules, _ in judged(calendar, card_touches, firsts):
            if touch.day >= first_day:
                in_period += 1
                if rules:
                    served += 1
                    given += rules
        every += in_period
        cards += bool(in_period)
        reached += bool(given)
        of_card = Counter(map(_ID, given))
        touches.update(of_card)
        people.update(of_card.keys())
    by_rule = tuple(
        ByRule(one.id, touches[one.id] * one.points, people[one.id], touches[one.id], one.budget) for one in plan.rules
    )
    points, now = sum(one.points for one in by_rule), booked_in(connection, first_day, last_day)
    return Preview(points, now, reached, cards, served, every, by_rule)


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
