"""Days as entries have them (since 1970-01-01), and as people write them."""

from datetime import date, timedelta
from typing import Final

_FIRST: Final = date(1970, 1, 1)


def number(day: date) -> int:
    return (day - _FIRST).days


def iso(day: int) -> str:
    return (_FIRST + timedelta(days=day)).isoformat()
