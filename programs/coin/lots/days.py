"""Days of the town's calendar: counted since 1970-01-01 in the books, written as dates for people."""

import re
from datetime import date
from typing import Final

from sync import days

_WRITTEN: Final = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})")


def day_of(text: str) -> int:
    """Read a date: 2027-03-31, or 2027/3/31 as spreadsheets write it.

    Raises:
        ValueError: there is no such date; the message says how to write one.
    """
    found = _WRITTEN.fullmatch(text.strip())
    try:
        year, month, day = map(int, found.groups() if found else ())
        return days.day_of(date(year, month, day))
    except ValueError as error:
        raise ValueError(f'"{text}" is no date; write it as 2027-03-31') from error


def written(day: int) -> str:
    """Return a day as a date; "" for the 0 that stands for never."""
    return days.written(day) if day else ""
