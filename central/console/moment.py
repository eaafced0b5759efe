"""Times in words: how long ago something was, and when by the town's own clock. The present is an argument."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Final

import msgspec

_SECOND: Final = 1000
_MINUTE: Final = 60 * _SECOND
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
_JUST_NOW: Final = 10 * _SECOND
_HOURS_COUNT: Final = 3 * _DAY  # after so many days nobody asks for the hours any more
_WEEKDAYS: Final = "月火水木金土日"
_STRANGE: Final = "読めない時刻"


class Say(msgspec.Struct, frozen=True):
    """The same thing in Japanese and in English."""

    ja: str
    en: str


class Moment(msgspec.Struct, frozen=True):
    """The present, at a place on earth.

    Attributes:
        now_ms: Unix milliseconds.
        offset_minutes: how far the town's clock is ahead of UTC.
    """

    now_ms: int
    offset_minutes: int

    def ago(self, at_ms: int) -> Say:
        """Say how long ago that was. A clock that is a little ahead is forgiven; more is said as it is."""
        past = self.now_ms - at_ms
        if past < -_MINUTE:
            ahead = length(-past)
            return Say(f"{ahead.ja}先", f"{ahead.en} ahead")
        if past < _JUST_NOW:
            return Say("たったいま", "just now")
        gone = length(past)
        return Say(f"{gone.ja}前", f"{gone.en} ago")

    def exact(self, at_ms: int) -> str:
        """Return date and time to the second by the town's clock, with its distance from UTC."""
        local = self._local(at_ms)
        return local.isoformat(" ", "seconds") if local else f"{_STRANGE} ({at_ms})"

    def minute(self, at_ms: int) -> str:
        """Return the same to the minute."""
        return self.clock(at_ms).rpartition(":")[0] or _STRANGE

    def weekly(self, at_ms: int) -> Say:
        """Return day of the week and hour; only the hour, if it is today."""
        local, today = self._local(at_ms), self._local(self.now_ms)
        if local is None or today is None:
            return Say(_STRANGE, "a strange time")
        if local.date() == today.date():
            return Say(f"{local.hour}時", f"{local.hour}:00")
        return Say(f"{_WEEKDAYS[local.weekday()]}曜 {local.hour}時", f"{local:%a} {local.hour}:00")

    def day(self, at_ms: int) -> Say:
        """Return the date without its year, and the day of the week."""
        local = self._local(at_ms)
        if local is None:
            return Say(_STRANGE, "a strange time")
        return Say(f"{local.month}/{local.day} {_WEEKDAYS[local.weekday()]}", f"{local:%a}")

    @property
    def hour(self) -> int:
        """The hour of the day, by the town's clock."""
        return (self.now_ms + self.offset_minutes * _MINUTE) // _HOUR % 24

    def iso(self, at_ms: int) -> str:
        """Return the same for machines, to the millisecond; empty for a time that no calendar has."""
        local = self._local(at_ms)
        return local.isoformat(timespec="milliseconds") if local else ""

    def clock(self, at_ms: int) -> str:
        """Return the time of day; with the date, if it was another day."""
        local, today = self._local(at_ms), self._local(self.now_ms)
        if local is None or today is None:
            return _STRANGE
        time = f"{local:%H:%M:%S}"
        if local.date() == today.date():
            return time
        date = f"{local.month}/{local.day}"
        return f"{date} {time}" if local.year == today.year else f"{local.year}/{date} {time}"

    def _local(self, at_ms: int) -> datetime | None:
        """Return None for years that no calendar has: a unit's clock may say anything."""
        try:
            here = timezone(timedelta(minutes=self.offset_minutes))
            return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at_ms)).astimezone(here)
        except OverflowError:
            return None


def length(ms: int) -> Say:
    """Say how long that is, as a person would: two units at the most."""
    if ms < _MINUTE:
        return Say(f"{ms // _SECOND}秒", f"{ms // _SECOND} s")
    if ms < _HOUR:
        return Say(f"{ms // _MINUTE}分", f"{ms // _MINUTE} min")
    if ms < _DAY:
        hours, minutes = divmod(ms // _MINUTE, 60)
        if minutes:
            return Say(f"{hours}時間{minutes}分", f"{hours} h {minutes} min")
        return Say(f"{hours}時間", f"{hours} h")
    days, hours = divmod(ms // _HOUR, 24)
    if hours and ms < _HOURS_COUNT:
        return Say(f"{days}日{hours}時間", f"{days} d {hours} h")
    return Say(f"{days}日", f"{days} d")
