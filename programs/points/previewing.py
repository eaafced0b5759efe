"""Tries a plan on touches that really happened, before anybody activates it: whom it would reach, and what it costs.

The rules are tried as if they had counted on every day of the period: their own first and last day, and when the plan
starts, are left aside. Rules for certain days find only the touches of those days.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
import sqlalchemy as sa

from central.calendar import utc_offset_minutes
from programs.points.book import Book, Page
from programs.points.entries import LAST_DAY, Activated, Plan, Rule
from programs.points.judging import WINDOW_DAYS, Calendar, Firsts, Touch, Why, judged
from programs.points.office import book_in, by_card
from programs.points.proposals import proposal_id
from programs.points.sentences import Say

_PERCENT: Final = 100
_NOBODY: Final = "—"


class ByRule(msgspec.Struct, frozen=True):
    """What one rule would have given, and to how many people and touches."""

    rule: str
    points: int
    people: int
    touches: int
    budget: int


class Preview(msgspec.Struct, frozen=True):
    """What a plan would have given in a period.

    Attributes:
        now: what the rules that count gave in the same time.
        people: cards that would have got points; `cards`: all that were touched.
        touches: that would have got some; `of`: all of the period.
    """

    points: int
    now: int
    people: int
    cards: int
    touches: int
    of: int
    rules: tuple[ByRule, ...]

    def warnings(self) -> list[Say]:
        """Say what an officer has to think about before going on."""
        over = [
            Say(
                f"{one.rule}: 予算をこえる見込みです(この期間で {one.points:,} / 予算 {one.budget:,})。",
                f"{one.rule}: the forecast exceeds the budget: {one.points:,} in this time, of {one.budget:,} in all.",
            )
            for one in self.rules
            if one.budget and one.points > one.budget
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


def preview(connection: sa.Connection, plan: Plan, first_day: int, last_day: int) -> Preview:
    """Try a plan on the touches of a period that have arrived."""
    tried, now = Calendar(as_if_always(plan, utc_offset_minutes(connection))), Calendar(book_in(connection))
    points, touches, people = Counter[str](), Counter[str](), defaultdict[str, set[str]](set)
    cards = served = every = before = 0
    for card, of_card, firsts in by_card(connection, first_day - WINDOW_DAYS, last_day):
        in_period = sum(touch.day >= first_day for touch in of_card)
        cards += bool(in_period)
        every += in_period
        for rules in _given(tried, of_card, firsts, first_day):
            served += 1
            for rule in rules:
                points[rule.id] += rule.points
                touches[rule.id] += 1
                people[rule.id].add(card)
        before += sum(rule.points for rules in _given(now, of_card, firsts, first_day) for rule in rules)
    by_rule = [ByRule(one.id, points[one.id], len(people[one.id]), touches[one.id], one.budget) for one in plan.rules]
    reached = set[str]().union(*people.values())
    return Preview(points.total(), before, len(reached), cards, served, every, tuple(by_rule))


def as_if_always(plan: Plan, utc_offset_minutes: int) -> Book:
    """Return a book in which a plan counts on every day, whatever its own days are."""
    rules = tuple(msgspec.structs.replace(rule, first_day=0, last_day=LAST_DAY) for rule in plan.rules)
    always = msgspec.structs.replace(plan, starts=0, rules=rules)
    said = Activated(always, proposal_id(plan), _NOBODY, _NOBODY, utc_offset_minutes)
    return Book((Page((0, "", 0, ""), said),))


def _given(calendar: Calendar, touches: Sequence[Touch], firsts: Firsts, first_day: int) -> Iterator[tuple[Rule, ...]]:
    """Yield the rules whose points a touch of the period gets, for each that gets any."""
    if calendar.is_empty:
        return
    for touch, found in judged(calendar, touches, firsts):
        if found and touch.day >= first_day:
            given = tuple([rule for rule, why in found if why is Why.GIVEN])
            if given:
                yield given
