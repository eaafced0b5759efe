"""Is it valid today? Asked with a clock that may be wrong, or that may not know at all."""

from datetime import date, datetime, timedelta, timezone

from drivers.card.errors import ClockDoubtError, ExpiredCardError

JAPAN = timezone(timedelta(hours=9), "JST")

# The first day of each era, from 明治 to 令和; the register counts years by them.
ERAS = (date(1868, 1, 25), date(1912, 7, 30), date(1926, 12, 25), date(1989, 1, 8), date(2019, 5, 1))


def era_of(day: date) -> int:
    """Return the era of a day: 1 (明治) to 5 (令和), 0 before them."""
    return sum(day >= first for first in ERAS)


def local_day(now: datetime) -> date:
    """Return the day that it is in Japan.

    Raises:
        ValueError: `now` does not say its time zone.
    """
    if now.tzinfo is None:
        raise ValueError("a time without its zone")
    return now.astimezone(JAPAN).date()


def check_days(what: str, begins: date | None, ends: date | None, now: datetime | None) -> None:
    """Check days, both included; a clock that does not know (`None`) checks nothing.

    Raises:
        ExpiredCardError, ClockDoubtError: as they say.
    """
    if now is None:
        return
    today = local_day(now)
    if ends is not None and today > ends:
        raise ExpiredCardError(what, ends)
    if begins is not None and today < begins:
        raise ClockDoubtError(what, begins)


def parse_day(digits: bytes) -> date:
    """Read `YYYYMMDD` in ASCII digits.

    Raises:
        ValueError: these are no eight digits, or no day.
    """
    if len(digits) != len("YYYYMMDD") or not digits.isdigit():
        raise ValueError("eight digits are needed")
    return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
