"""From bytes to events: sentences about the same moment are put together, and what cannot be is sorted out.

Pure but for what it remembers: time comes in as an argument, in seconds that only grow.
"""

from typing import Final

from drivers.gps import Event, Fix, Fixed, Jumped, NoFix, Unreadable, Why, _nmea
from drivers.gps._nmea import BadSentenceError, Lines, Told
from drivers.gps._plausible import Plausible

_NOISE_S: Final = 3.0  # bytes for so long and no sentence among them; a receiver speaks once a second


class Receiver:
    """Reads one receiver."""

    def __init__(self, speed_max_mps: float) -> None:
        self._lines = Lines()
        self._plausible = Plausible(speed_max_mps)
        self._moment: dict[str, Told] = {}  # by kind, all of the same time
        self._said = ""  # the time that was reported last
        self._has_fix: bool | None = None
        self._unread_since: float | None = None  # since when there are only bytes that cannot be read
        self._is_noise = False
        self._is_first = True  # whoever begins to listen does so in mid-sentence
        self.read = 0  # sentences

    def hear(self, data: bytes, now: float) -> list[Event]:
        """Take bytes; return what they complete."""
        events: list[Event] = []
        if self._unread_since is None:
            self._unread_since = now
        for line in self._lines.feed(data):
            try:
                told = _nmea.read(line)
            except BadSentenceError as error:
                is_first, self._is_first = self._is_first, False
                if error.is_begun:
                    self._unread_since, self._is_noise = None, False
                    events += [] if is_first else [Unreadable(Why.DAMAGED)]
                continue
            self._unread_since, self._is_noise, self._is_first = None, False, False
            self.read += 1
            if told:
                events += self._put(told, now)
        if self._unread_since is not None and now - self._unread_since >= _NOISE_S and not self._is_noise:
            self._is_noise = True
            events.append(Unreadable(Why.NOISE))
        return events

    def silence(self, now: float) -> list[Event]:
        """Nothing has come for a while: the moment is complete."""
        return self._report(now)

    def cut(self) -> list[Event]:
        """The line has gone away; a moment that was begun is not worth reporting."""
        self._lines.forget()
        self._moment.clear()
        self._has_fix = self._unread_since = None
        self._is_first, self._is_noise = True, False
        return []

    def _put(self, told: Told, now: float) -> list[Event]:
        events: list[Event] = []
        if self._moment and next(iter(self._moment.values())).time != told.time:
            events += self._report(now)
        if told.time and told.time == self._said:
            return events
        self._moment[told.kind] = told
        if len(self._moment) > 1 or (not told.place and not told.time):
            events += self._report(now)
        return events

    def _report(self, now: float) -> list[Event]:
        moment, self._moment = self._moment, {}
        if not moment:
            return []
        where = moment.get("GGA") or moment["RMC"]
        when = moment.get("RMC") or where
        self._said = where.time
        if not where.place or not when.place:
            was, self._has_fix = self._has_fix, False
            return [] if was is False else [NoFix()]
        self._has_fix = True
        fix = Fix(
            lat_deg=where.place[0],
            lon_deg=where.place[1],
            quality=where.quality,
            hdop=where.hdop,
            satellites=where.satellites,
            utc_ms=_nmea.utc_ms(when),
            speed_mps=when.speed_mps,
            mono=now,
        )
        return [Fixed(fix) if self._plausible.believes(fix) else Jumped(fix)]
