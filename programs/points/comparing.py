"""What a plan changes against another one, and which of its rules may meet at one touch. Arithmetic only."""

from collections.abc import Iterator
from itertools import combinations
from typing import Final

import msgspec

from programs.points.entries import Plan, Rule
from programs.points.judging import weekday

_NONE: Final = Plan(0, ())


class Changes(msgspec.Struct, frozen=True):
    """What a plan changes, by the rules' ids.

    Attributes:
        changed: each rule as it is before, and as it will be.
        kept: how many go on as they are.
        good_months: how long points are good before and then, if that is not the same.
    """

    added: tuple[Rule, ...]
    changed: tuple[tuple[Rule, Rule], ...]
    dropped: tuple[Rule, ...]
    kept: int
    good_months: tuple[int, int] | None

    def is_nothing(self) -> bool:
        return not (self.added or self.changed or self.dropped or self.good_months)


def changes(before: Plan | None, plan: Plan) -> Changes:
    """Hold a plan against the one that counts before it, if there is one."""
    old = before or _NONE
    was, becomes = ({rule.id: rule for rule in one.rules} for one in (old, plan))
    pairs = tuple((was[name], rule) for name, rule in becomes.items() if name in was)
    return Changes(
        added=tuple(rule for name, rule in becomes.items() if name not in was),
        changed=tuple(pair for pair in pairs if pair[0] != pair[1]),
        dropped=tuple(rule for name, rule in was.items() if name not in becomes),
        kept=sum(one == other for one, other in pairs),
        good_months=(old.good_months, plan.good_months) if before and old.good_months != plan.good_months else None,
    )


def overlaps(plan: Plan) -> Iterator[tuple[Rule, Rule]]:
    """Yield the rules of a plan that may both give points for one touch, two by two.

    A rule that gives a first visit or a row of days something more is meant to meet the others; it is left out.
    """
    for one, other in combinations(plan.rules, 2):
        if (one.first_visit, one.streak) == (other.first_visit, other.streak) and _meet(one, other):
            yield one, other


def _meet(one: Rule, other: Rule) -> bool:
    if one.of is not other.of:
        return False
    is_anywhere = _share(one.places, other.places) and _share(one.services, other.services)
    is_anytime = max(one.from_minute, other.from_minute) < min(one.to_minute, other.to_minute)
    return is_anywhere and is_anytime and _on_one_day(one, other)


def _on_one_day(one: Rule, other: Rule) -> bool:
    first, last = max(one.first_day, other.first_day), min(one.last_day, other.last_day)
    if not (one.days or other.days):
        return first <= last and _share(one.weekdays, other.weekdays)
    days = set(one.days or other.days) & set(other.days or one.days)
    of_week = [rule.weekdays for rule in (one, other) if rule.weekdays]
    return any(first <= day <= last and all(weekday(day) in some for some in of_week) for day in days)


def _share(some: tuple[object, ...], others: tuple[object, ...]) -> bool:
    """Whether two conditions may hold at once; an empty one always does."""
    return not some or not others or bool(set(some) & set(others))
