"""How many of something by weekday and hour, as the macro `heat_table` shows it: with its numbers in coloured cells."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from central.console.moment import Say
from central.weekly import HOURS, WEEKDAYS, At

DAYS: Final = (
    *(Say("月", "Mon"), Say("火", "Tue"), Say("水", "Wed"), Say("木", "Thu")),
    *(Say("金", "Fri"), Say("土", "Sat"), Say("日", "Sun")),
)
FIRST_HOUR: Final = 7
LAST_HOUR: Final = 20
STEPS: Final = 5  # of colour


class Square(msgspec.Struct, frozen=True):
    """One hour of a weekday: how many, None if hidden; `step`: of colour, 0 for none."""

    number: int | None
    step: int


class Heat(msgspec.Struct, frozen=True):
    """The table: the hours of its columns, and its rows from Monday."""

    hours: range
    rows: Sequence[tuple[Say, Sequence[Square]]]


def heat(at: Mapping[At, int]) -> Heat:
    """Return the table; times that are not in it are hidden.

    It has the usual hours, and all between them and any other in which there is something.
    """
    hours = hours_with([hour for (_, hour), number in at.items() if number])
    most = max(at.values(), default=0)
    return Heat(hours, [(DAYS[day], [_square(at.get((day, hour)), most) for hour in hours]) for day in WEEKDAYS])


def hours_with(used: Sequence[int]) -> range:
    """Return the usual hours, and all between them and any of these: a town sleeps at night."""
    hours = [FIRST_HOUR, LAST_HOUR, *used]
    return range(min(hours), max(hours) + 1)


def step(number: int, most: int) -> int:
    """Return the step of colour of a number, if the most is so much: 0 for none, and for nothing else."""
    return -(-number * STEPS // most) if number else 0


def _square(number: int | None, most: int) -> Square:
    return Square(number, step(number or 0, most))


def busiest(at: Mapping[At, int], days: Mapping[int, int]) -> tuple[At, float] | None:
    """Return when there is most each time, and how many; None if there is nothing.

    Args:
        days: how often each weekday came in that time.
    """
    often = {time: number / days[time[0]] for time, number in at.items() if number}
    return max(often.items(), key=lambda one: (one[1], one[0])) if often else None


def idle_days(at: Mapping[At, int]) -> list[Say]:
    """Return the weekdays on which there was nothing, if that is said of all of their hours and of no whole week."""
    empty = [day for day in WEEKDAYS if all(at.get((day, hour)) == 0 for hour in HOURS)]
    return [DAYS[day] for day in empty] if len(empty) < len(WEEKDAYS) else []
