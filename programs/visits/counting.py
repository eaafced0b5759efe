"""Counts the visits of one service at one place in one month; arithmetic only.

Taps are not visits: whoever touches on coming and on going, or twice because the beep was not heard, has visited once.
A visit is the first touch of a card there on a day; its hour is that of this touch. People are cards: who has two
counts twice, and who has none, never.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from central.hiding import Cell
from central.weekly import At, hour, weekday


class Visit(NamedTuple):
    """All touches of a card on a day; `first_at`: Unix milliseconds by the unit's clock."""

    card: str
    day: int
    touches: int
    first_at: int


class Counted(NamedTuple):
    """One service at one place in one month, with all small numbers: not to be shown.

    Attributes:
        visits: all of them.
        again: touches that were no further visit.
        at: visits by weekday and hour, as far as there were any.
        new, returning: people who came for the first time ever, and others.
        cards: everybody.
    """

    visits: Cell
    again: Cell
    at: Mapping[At, Cell]
    new: int
    returning: int
    cards: frozenset[str]


def count(visits: Iterable[Visit], first_days: Mapping[str, int], first_day: int, offset_minutes: int) -> Counted:
    """Count visits, one for each card and day.

    Args:
        first_days: on which day each card was touched there for the first time ever.
        first_day: of the month.
    """
    number = touches = 0
    cards: set[str] = set()
    twice: set[str] = set()
    counts: dict[At, int] = {}
    people: dict[At, set[str]] = {}
    for card, day, touched, first_at in visits:
        number += 1
        touches += touched
        cards.add(card)
        if touched > 1:
            twice.add(card)
        at = weekday(day), hour(first_at, offset_minutes)
        counts[at] = counts.get(at, 0) + 1
        people.setdefault(at, set()).add(card)
    new = sum(first_days[card] >= first_day for card in cards)
    return Counted(
        visits=Cell(number, len(cards)),
        again=Cell(touches - number, len(twice)),
        at={at: Cell(counts[at], len(people[at])) for at in sorted(counts)},
        new=new,
        returning=len(cards) - new,
        cards=frozenset(cards),
    )


def by_band(cards: Iterable[str], bands: Mapping[str, str], otherwise: str) -> dict[str, int]:
    """Count cards by age band; `otherwise`: the band of those that have none."""
    return dict(Counter(bands.get(card, otherwise) for card in cards))
