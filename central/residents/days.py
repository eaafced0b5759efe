"""Days as people write them, in either calendar: 昭和29年3月2日, S29.3.2, 1954-03-02. Arithmetic only."""

import re
import unicodedata
from datetime import date
from typing import Final

_ERAS: Final = (
    (date(2019, 5, 1), "令和", "R"),
    (date(1989, 1, 8), "平成", "H"),
    (date(1926, 12, 25), "昭和", "S"),
    (date(1912, 7, 30), "大正", "T"),
    (date(1868, 1, 25), "明治", "M"),
)
_SHOWN_SINCE: Final = date(1912, 7, 30)
_DIVIDED: Final = re.compile(
    r"([^0-9\s]{0,2})\s*([0-9]{1,4}|元)\s*[年./-]\s*([0-9]{1,2})\s*[月./-]\s*([0-9]{1,2})\s*日?"
)
_EIGHT: Final = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")


def day(at: date) -> str:
    """Return a day as forms have it: 令和8年11月30日 (2026-11-30)."""
    for begins, era, _ in _ERAS:
        if at >= begins >= _SHOWN_SINCE:
            year = at.year - begins.year + 1
            return f"{era}{'元' if year == 1 else year}年{at.month}月{at.day}日 ({at.isoformat()})"
    return at.isoformat()


def read_day(text: str) -> date | None:
    """Return the day that somebody wrote, in full or half width, by era or Western; None if it is no day."""
    plain = unicodedata.normalize("NFKC", text).strip().upper()
    if found := _EIGHT.fullmatch(plain):
        return _day("", found[1], found[2], found[3])
    if found := _DIVIDED.fullmatch(plain):
        return _day(*found.groups())
    return None


def _day(era: str, year: str, month: str, of_month: str) -> date | None:
    counted = 1 if year == "元" else int(year)
    first, until = _years(era)
    if first is None or counted < 1:
        return None
    try:
        read = date(first.year + counted - 1, int(month), int(of_month))
    except ValueError:
        return None
    return read if first <= read < until else None


def _years(era: str) -> tuple[date | None, date]:
    """Return from when to when an era goes; by no era, years are counted from 1."""
    if not era:
        return date.min, date.max
    until = date.max
    for begins, *names in _ERAS:
        if era in names:
            return begins, until
        until = begins
    return None, until
