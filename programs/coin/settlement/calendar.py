"""When a period ends and when it is paid, by the town's calendar. Pure: days in, days out.

A period ends on each closing day of a month (締め日), and is paid on the closing day that follows. With the 15th and
the end of the month, the first half is paid at the end of the month and the second on the 15th of the next; with the
end of the month alone, a month is paid at the end of the next (月末締め翌月末払い). If banks are closed on that day, it
is paid on the working day before or after, as the town has chosen.
"""

import calendar
from datetime import date
from typing import Final

import msgspec

from programs.coin.terms import AFTER, Settling
from sync import days

_SATURDAY: Final = 5
_NEW_YEAR: Final = ((12, 31), (1, 1), (1, 2), (1, 3))  # 銀行法施行令 5条: closed by law, as Saturdays and Sundays are


class DateError(ValueError):
    """This is not a day; the message says how one is written."""


class Period(msgspec.Struct, frozen=True):
    """From one day to another, both included."""

    first: int
    last: int


def day_of(text: str) -> int:
    """Read `2026-12-15`.

    Raises:
        DateError: it is no day.
    """
    try:
        return days.day_of(date.fromisoformat(text))
    except ValueError as error:
        raise DateError(f'"{text}" is not a day; write it as 2026-12-15') from error


def iso(day: int) -> str:
    """Return a day as `2026-12-15`; one that no calendar has, as its number: a unit's clock may say anything."""
    try:
        return days.date_of(day).isoformat()
    except OverflowError:
        return str(day)


def month_day(day: int) -> tuple[int, int]:
    """Return month and day of the month."""
    here = days.date_of(day)
    return here.month, here.day


def is_working(settling: Settling, day: int) -> bool:
    """Tell whether banks are open on a day."""
    here = days.date_of(day)
    is_closed = here.weekday() >= _SATURDAY or (here.month, here.day) in _NEW_YEAR or day in settling.holidays
    return not is_closed


def is_closing(settling: Settling, day: int) -> bool:
    """Tell whether a period ends on a day. A month without such a day is closed on its last."""
    here = days.date_of(day)
    last = calendar.monthrange(here.year, here.month)[1]
    return here.day in {min(closes, last) for closes in settling.closes}


def closing_before(settling: Settling, day: int) -> int:
    """Return the last closing day before a day."""
    found = day - 1
    while not is_closing(settling, found):
        found -= 1
    return found


def closing_after(settling: Settling, day: int) -> int:
    """Return the first closing day behind a day."""
    found = day + 1
    while not is_closing(settling, found):
        found += 1
    return found


def period(settling: Settling, day: int) -> Period:
    """Return the period in which a day is."""
    return Period(closing_before(settling, day) + 1, closing_after(settling, day - 1))


def pay_day(settling: Settling, last: int) -> int:
    """Return when a period is paid that ends on a closing day."""
    found = closing_after(settling, last)
    step = 1 if settling.if_closed == AFTER else -1
    while not is_working(settling, found):
        found += step
    return found
