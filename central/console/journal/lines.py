"""Which entries somebody asks for, and where to go on: a page at a time, by the units' own clocks, the latest first."""

import re
from typing import Any, Final, Self

import msgspec
import sqlalchemy as sa

from central import reconcile, store
from sync.entries import EntryId
from sync.messages import OFFICE_STREAM, ONE_UNIT, TOWN_STREAM

LINES_SHOWN: Final = 50
TABLE_MAX: Final = 5_000
CARD_MIN: Final = 6  # letters that tell cards apart
CARD_SHOWN: Final = 8  # of a card that nobody has asked for
_PLACE: Final = re.compile(r"(-?[0-9]{1,16})/([a-z][a-z0-9-]{0,40})/([0-9a-f]{16})/([1-9][0-9]{0,15})")
_CARD: Final = re.compile(r"[0-9a-f]{6,32}")

ENTRY: Final = reconcile.entry.c
_ORDER: Final = (ENTRY.at, ENTRY.writer, ENTRY.boot, ENTRY.seq)


class Behind(msgspec.Struct, frozen=True):
    """A place in the order of the clocks: what is older comes next."""

    at: int
    id: EntryId

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read a place as `str` writes it; None if it is none."""
        if not (found := _PLACE.fullmatch(text)):
            return None
        return cls(int(found[1]), EntryId(found[2], found[3], int(found[4])))

    def __str__(self) -> str:
        return f"{self.at}/{self.id}"


class Wanted(msgspec.Struct, frozen=True):
    """Which entries somebody asks for; what is left out is not asked.

    Attributes:
        since_ms, until_ms: by the clock of whoever wrote it; the end not included.
        with_own: the centre's own journals, too.
        behind: only what is older than this place.
    """

    unit: str = ""
    kind: str = ""
    since_ms: int | None = None
    until_ms: int | None = None
    card: str = ""
    with_own: bool = False
    behind: Behind | None = None

    def limits(self) -> list[sa.ColumnElement[bool]]:
        """Return what holds for every entry that is asked for."""
        found = [ENTRY.writer == self.unit] if self.unit else []
        found += [ENTRY.kind == self.kind] if self.kind else []
        found += [ENTRY.at >= self.since_ms] if self.since_ms is not None else []
        found += [ENTRY.at < self.until_ms] if self.until_ms is not None else []
        found += [ENTRY.card == self.card] if self.card else []
        if not self.with_own:
            of_centre = ENTRY.writer.startswith(ONE_UNIT, autoescape=True)
            found += [ENTRY.writer.not_in((TOWN_STREAM, OFFICE_STREAM)), sa.not_(of_centre)]
        if self.behind:
            place = self.behind.at, self.behind.id.unit, self.behind.id.boot, self.behind.id.seq
            found += [ENTRY.at <= self.behind.at, sa.tuple_(*_ORDER) < sa.tuple_(*map(sa.literal, place))]
        return found

    def ask(self, most: int, *columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
        """Ask for whole rows of the index of entries, or some columns, the latest first."""
        asked = sa.select(*columns) if columns else sa.select(reconcile.entry)
        return asked.where(*self.limits()).order_by(*(one.desc() for one in _ORDER)).limit(most)


def table(connection: sa.Connection, wanted: Wanted) -> list[Any]:
    """Return the same as rows for a spreadsheet: times, place in the order of arrival, id, kind, card and hash."""
    columns = (ENTRY.at, store.segment.c.received_ms, ENTRY.n, ENTRY.writer, ENTRY.boot, ENTRY.seq)
    asked = wanted.ask(TABLE_MAX, *columns, ENTRY.kind, ENTRY.card, ENTRY.hash)
    joined = reconcile.entry.join(store.segment, store.segment.c.n == ENTRY.n)
    return list(connection.execute(asked.select_from(joined)).all())


def cards(connection: sa.Connection, beginning: str) -> list[str]:
    """Return the cards of which entries speak and whose number begins so, two at the most; none for no number."""
    if not _CARD.fullmatch(beginning):
        return []
    begins = ENTRY.card >= beginning, ENTRY.card < f"{beginning}g"
    asked = sa.select(ENTRY.card).where(*begins).order_by(ENTRY.card)
    first = connection.execute(asked.limit(1)).scalar()
    if first is None:
        return []
    another = connection.execute(asked.where(ENTRY.card > first).limit(1)).scalar()
    return [first, another] if another else [first]
