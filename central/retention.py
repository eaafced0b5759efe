"""How long the books are kept, and proof that nothing younger than that can get lost.

The books keep every segment for ever: each balance is added up from all of them, and they name cards, not people. What
comes and goes are copies: one archive for each business year, of segments that prove themselves. A copy may be deleted
once its year need not be kept any more; never before, and never if it holds what the books have lost.
"""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Final

import msgspec
import sqlalchemy as sa

from central import store
from central.calendar import utc_offset_minutes
from sync.days import date_of
from sync.program import town_day
from sync.segment import SegmentError, from_text, split, unpack

KEEP_YEARS: Final = 10
"""Books are kept so long after their year is closed: 会社法 (Companies Act), Art. 432 (2), the longest that applies."""

_APRIL: Final = 4


class Year(msgspec.Struct, frozen=True):
    """A business year, from April to March, by what arrived in it.

    Attributes:
        year: in which it begins.
        segments, entries: how many arrived.
        keep_until: the last day on which they have to be kept.
        is_closed: it is over, so nothing more can arrive in it.
    """

    year: int
    segments: int
    entries: int
    keep_until: date
    is_closed: bool

    def must_be_kept(self, today: date) -> bool:
        return today <= self.keep_until


class Compared(msgspec.Struct, frozen=True):
    """A copy of a year, held against the books.

    Attributes:
        missing: what arrived in that year and is not in the copy (unit/boot/first).
        lost: what stands in the copy and not in the books: `machi central import` brings it back.
        broken: why the copy cannot be read, or "".
    """

    missing: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    broken: str = ""

    @property
    def is_whole(self) -> bool:
        return not (self.missing or self.lost or self.broken)


def year_of(day: date) -> int:
    """Return the business year of a day."""
    return day.year if day.month >= _APRIL else day.year - 1


def closes(year: int) -> date:
    """Return the last day of a business year."""
    return date(year + 1, _APRIL, 1) - timedelta(days=1)


def keep_until(year: int) -> date:
    """Return the last day on which a business year has to be kept."""
    return closes(year + KEEP_YEARS)


def today(connection: sa.Connection, now_ms: int) -> date:
    return _date(now_ms, utc_offset_minutes(connection))


def years(connection: sa.Connection, now: date, copied: Iterable[int] = ()) -> list[Year]:
    """Return the business years in which something arrived, and those of which there is a copy."""
    found: dict[int, tuple[int, int]] = dict.fromkeys(copied, (0, 0))
    for _, year, entries, _ in _stored(connection):
        segments, before = found.get(year, (0, 0))
        found[year] = segments + 1, before + entries
    return [Year(year, *counts, keep_until(year), now > closes(year)) for year, counts in sorted(found.items())]


def archive(connection: sa.Connection, year: int) -> bytes:
    """Return everything that arrived in a business year, in order of arrival, as a file of segments."""
    return b"".join(unpack(packed) for _, of, _, packed in _stored(connection) if of == year)


def compare(connection: sa.Connection, year: int, copy: bytes) -> Compared:
    """Hold a copy of a year against the books, byte by byte of each segment."""
    try:
        copied = {_digest(text): _name(text) for text in (split(copy) if copy else [])}
    except SegmentError as error:
        return Compared(broken=str(error))
    booked: set[bytes] = set()
    missing = []
    for name, of, _, packed in _stored(connection):
        booked.add(digest := _digest(unpack(packed)))
        if of == year and digest not in copied:
            missing.append(name)
    return Compared(tuple(missing), tuple(name for digest, name in copied.items() if digest not in booked))


def _stored(connection: sa.Connection) -> Iterator[tuple[str, int, int, bytes]]:
    """Return every stored segment in order of arrival: its name, its business year, how many entries, its bytes."""
    offset = utc_offset_minutes(connection)
    for row in connection.execute(sa.select(store.segment).order_by(store.segment.c.n)):
        name = f"{row.writer}/{row.boot}/{row.first}"
        yield name, year_of(_date(row.received_ms, offset)), row.last + 1 - row.first, row.packed


def _date(at_ms: int, utc_offset_minutes: int) -> date:
    return date_of(town_day(at_ms, utc_offset_minutes))


def _digest(text: bytes) -> bytes:
    return hashlib.sha256(text).digest()


def _name(text: bytes) -> str:
    segment = from_text(text)
    return f"{segment.unit}/{segment.boot}/{segment.first}"
