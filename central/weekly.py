"""Weekdays and hours by the town's calendar and clock, for tables of when something is done. Arithmetic only."""

from typing import Final

from sync.program import DAY_MINUTES, MINUTE_MS

HOURS: Final = range(24)
WEEKDAYS: Final = range(7)
"""From Monday."""

_THURSDAY: Final = 3  # 1970-01-01
_HOUR: Final = 60

At = tuple[int, int]
"""Weekday and hour."""

ALL_TIMES: Final = tuple((weekday, hour) for weekday in WEEKDAYS for hour in HOURS)


def weekday(day: int) -> int:
    """Return the weekday of a day since 1970-01-01, from Monday."""
    return (day + _THURSDAY) % len(WEEKDAYS)


def hour(at_ms: int, offset_minutes: int) -> int:
    """Return the hour of a moment (Unix milliseconds)."""
    return (at_ms // MINUTE_MS + offset_minutes) % DAY_MINUTES // _HOUR


def days_of(weekday_wanted: int, first_day: int, days: int) -> int:
    """Return how often a weekday comes in so many days from one on."""
    before = (weekday_wanted - weekday(first_day)) % len(WEEKDAYS)
    return max(0, (days - before + len(WEEKDAYS) - 1) // len(WEEKDAYS))
