"""How many of something by weekday and hour, as the macro `heat_table` shows it: with its numbers in coloured cells."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from central.console.moment import Say
from central.weekly import HOURS, WEEKDAYS, At, days_of

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


def of_times(at: Mapping[At, int], first: int, days: int, what: Say, counter: str) -> Iterator[Say]:
    """Say when there is most each time, and on which weekdays nothing.

    Args:
        first, days: of which days these are the numbers.
        what: is counted ("利用", "visits"); counter: how it is counted in Japanese ("回").
    """
    often = {time: number / days_of(time[0], first, days) for time, number in at.items() if number}
    if often:
        (weekday, hour), number = max(often.items(), key=lambda one: (one[1], one[0]))
        yield Say(
            f"{DAYS[weekday].ja}曜{hour}時台の{what.ja}がいちばん多い(1回あたり{number:.1f}{counter})。",
            f"Busiest: {DAYS[weekday].en} from {hour}:00 ({number:.1f} {what.en} each time).",
        )
    empty = [day for day in WEEKDAYS if all(at.get((day, hour)) == 0 for hour in HOURS)]
    if 0 < len(empty) < len(WEEKDAYS):
        ja, en = ("・".join(DAYS[day].ja for day in empty), ", ".join(DAYS[day].en for day in empty))
        yield Say(f"{ja}曜の{what.ja}はありません。", f"No {what.en} on {en}.")
