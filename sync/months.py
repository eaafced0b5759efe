"""Months of the town's calendar, from days counted since 1970-01-01: for limits, laws and figures that go by months.

Arithmetic only, and for every integer: what stands in an entry may be any day, and a fold must not fail on it.
(`datetime.date` ends with the year 9999.) The way of counting is H. Hinnant's, "chrono-Compatible Low-Level Date
Algorithms": a year begins in March, so that the leap day is its last.
"""

from typing import Final

FIRST_MONTH: Final = 1970 * 12
_MONTHS: Final = 12
_ERA_DAYS: Final = 146_097  # in 400 years
_EPOCH: Final = 719_468  # 0000-03-01 to 1970-01-01


def month_of(day: int) -> int:
    """Return the month of a day, counted from January of the year 0."""
    year, month, _ = _civil(day)
    return year * _MONTHS + month - 1


def first_day(month: int) -> int:
    """Return the first day of a month that is counted in this way."""
    year, index = divmod(month, _MONTHS)
    march_year, since_march = (year, index - 2) if index > 1 else (year - 1, index + 10)
    era, of_era = divmod(march_year, 400)
    return era * _ERA_DAYS + of_era * 365 + of_era // 4 - of_era // 100 + (153 * since_march + 2) // 5 - _EPOCH


def days_in(month: int) -> int:
    """Return how many days a month has."""
    return first_day(month + 1) - first_day(month)


def written(month: int) -> str:
    """Return a month as people write it: 2026-12."""
    year, index = divmod(month, _MONTHS)
    return f"{year:04}-{index + 1:02}"


def month_named(text: str) -> int | None:
    """Read a month as people write it, from 1970 on; None for anything else."""
    year, _, number = text.partition("-")
    if not (year.isascii() and year.isdigit() and number.isascii() and number.isdigit()):
        return None
    month = int(year[:5]) * _MONTHS + int(number[:3]) - 1
    return month if written(month) == text and month >= FIRST_MONTH else None


def later(day: int, months: int) -> int:
    """Return the same date so many months later, or the last of that month if it has no such date."""
    _, _, date = _civil(day)
    month = month_of(day) + months
    return min(first_day(month) + date - 1, first_day(month + 1) - 1)


def _civil(day: int) -> tuple[int, int, int]:
    """Return year, month (from 1) and date of a day."""
    era, of_era = divmod(day + _EPOCH, _ERA_DAYS)
    year = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    since_march = (5 * of_year + 2) // 153
    date = of_year - (153 * since_march + 2) // 5 + 1
    month = since_march + 3 if since_march < 10 else since_march - 9  # noqa: PLR2004 - January is the eleventh
    return year + era * 400 + (month <= 2), month, date  # noqa: PLR2004 - January and February
