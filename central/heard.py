"""When units are usually heard, so that a bus that is parked at night is not missed; and until when they may call.

A unit's rhythm is one bit for each hour of the four weeks before it was last heard. It is learned from contacts while
the centre serves, stands beside the books, and may be lost: then it is learned anew. No rule of safety believes it.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
import sqlalchemy as sa

from central import settings, store

HOUR_MS: Final = 3_600_000
WEEK: Final = 168  # hours
WEEKS: Final = 4
ENOUGH: Final = 2  # in so many of these weeks it was heard in that hour
_MASK: Final = (1 << WEEK * WEEKS) - 1
_RHYTHMS: Final = "heard by the hour"
_CERTIFICATE: Final = "certificate ends/"


class Rhythm(msgspec.Struct, frozen=True):
    """When one unit was heard.

    Attributes:
        last: the last hour in which it was, in hours since 1970.
        hours: bit i: it was heard i hours before that (hex).
        known: for how many hours it has been listened to, up to `last`; never more than four weeks.
    """

    last: int
    hours: str = "1"
    known: int = 1

    @property
    def is_learned(self) -> bool:
        """Whether it has been known for so long that each hour of the week may have been seen often enough."""
        return self.known >= WEEK * ENOUGH

    def expects(self, hour: int) -> bool:
        """Tell whether it is usually heard in an hour behind the last: in 2 of the 4 weeks before it went silent.

        While it is silent nothing is forgotten, so that a unit which is away for a month is missed for all of it.
        """
        bits = int(self.hours, 16)
        first = max(1, -(-(hour - self.last) // WEEK))  # the latest week of which that hour is known
        back = (self.last - hour + week * WEEK for week in range(first, first + WEEKS))
        return sum(bits >> hours & 1 for hours in back) >= ENOUGH

    def missed(self, now_ms: int, *, is_steady: bool) -> bool:
        """Tell whether it should have been heard since it was last.

        Args:
            is_steady: its connection is good, so that in the midst of its usual hours it is missed at once; otherwise,
                and at their edges, only when one of them has gone by.
        """
        now = now_ms // HOUR_MS
        if any(self.expects(hour) for hour in range(self.last + 1, min(now, self.last + 1 + WEEK))):
            return True
        return is_steady and all(hour <= self.last or self.expects(hour) for hour in (now - 1, now, now + 1))

    def next_ms(self, now_ms: int) -> int | None:
        """Return when it is usually heard again, the next whole hour in which it is; None if in no hour of a week."""
        now = now_ms // HOUR_MS
        return next((hour * HOUR_MS for hour in range(now + 1, now + 1 + WEEK) if self.expects(hour)), None)


Rhythms = Mapping[str, Rhythm]
_READ: Final = msgspec.json.Decoder(dict[str, Rhythm])


def note(rhythms: Rhythms, contacts: Mapping[str, int]) -> dict[str, Rhythm]:
    """Return the rhythms with the last contacts (Unix milliseconds) in them; a unit without any is forgotten."""
    return {unit: _heard(rhythms.get(unit), at_ms // HOUR_MS) for unit, at_ms in contacts.items()}


def _heard(before: Rhythm | None, hour: int) -> Rhythm:
    if before is None:
        return Rhythm(hour)
    gone = hour - before.last
    if gone <= 0:
        return before  # a contact of this hour is noted; or the clock was put back
    bits = (int(before.hours, 16) << gone | 1) & _MASK if gone < WEEK * WEEKS else 1
    return Rhythm(hour, f"{bits:x}", min(before.known + gone, WEEK * WEEKS))


def rhythms(connection: sa.Connection) -> dict[str, Rhythm]:
    """Return what is remembered of when units are heard."""
    raw = settings.get(connection, _RHYTHMS)
    return _READ.decode(raw) if raw else {}


def learn(connection: sa.Connection) -> bool:
    """Note in which hour units were last heard; return whether that was news."""
    asked = sa.select(store.unit.c.name, store.unit.c.contact_ms).where(store.unit.c.contact_ms.is_not(None))
    before = rhythms(connection)
    now = note(before, {row.name: row.contact_ms for row in connection.execute(asked)})
    if now != before:
        set_rhythms(connection, now)
    return now != before


def set_rhythms(connection: sa.Connection, known: Rhythms) -> None:
    settings.put(connection, _RHYTHMS, msgspec.json.encode(known).decode())


def note_certificate(connection: sa.Connection, unit: str, ends_ms: int) -> None:
    """Note until when the certificate is good that a unit showed."""
    settings.put(connection, _CERTIFICATE + unit, str(ends_ms))


def certificates(connection: sa.Connection, units: Iterable[str]) -> dict[str, int]:
    """Return until when units' certificates are good, Unix milliseconds, of those that have shown one."""
    table = store.setting
    asked = sa.select(table.c.name, table.c.value).where(table.c.name.startswith(_CERTIFICATE, autoescape=True))
    wanted = set(units)
    found = {name.removeprefix(_CERTIFICATE): int(value) for name, value in connection.execute(asked)}
    return {unit: ends_ms for unit, ends_ms in found.items() if unit in wanted}
