"""Days of the town's calendar: counted since 1970-01-01 in the books, dates for people."""

from datetime import date, timedelta
from typing import Final

_FIRST: Final = date(1970, 1, 1)


def day_of(at: date) -> int:
    return (at - _FIRST).days


def date_of(day: int) -> date:
    """Return the date of a day.

    Raises:
        OverflowError: no calendar of people has it; a unit's clock may say anything.
    """
    return _FIRST + timedelta(days=day)


def written(day: int) -> str:
    """Return a day as people write it: 2026-12-01. Raises as `date_of`."""
    return date_of(day).isoformat()
