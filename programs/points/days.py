"""Days of the town's calendar as people write them; in the books they are counted since 1970-01-01."""

from datetime import date, timedelta
from typing import Final

_FIRST: Final = date(1970, 1, 1)


def day_of(written: date) -> int:
    return (written - _FIRST).days


def written(day: int) -> str:
    """Return a day as 2026-12-01."""
    return (_FIRST + timedelta(days=day)).isoformat()
