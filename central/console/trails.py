"""The port that a program fills which knows which entries belong together: a payment with whatever became of it.

A program's `trail.py` has `TRAIL`. It names entries, and what each is to the others; when and where each was written,
when it came and what it moved, the console looks up itself.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

import msgspec
import sqlalchemy as sa

from central import ledger
from central.branches import Branches
from central.console.moment import Say
from central.console.roles import WHAT_PEOPLE_DO, Roles
from sync import installed
from sync.entries import Entry, EntryId

_CARD: Final = re.compile(r"([0-9a-f]{8})[0-9a-f]{24}")
_ANY_LIFE: Final = 0  # looking up one boot does not depend on the life


class Step(msgspec.Struct, frozen=True):
    """One entry of a trail.

    Attributes:
        ja, en: what it is to the others.
        roles: for whom; to others it does not exist.
    """

    entry: EntryId
    ja: str
    en: str
    roles: Roles = WHAT_PEOPLE_DO


class Trail(msgspec.Struct, frozen=True):
    """Entries that belong together.

    Attributes:
        ja, en: what they are in all.
        steps: the one that it began with first; the console puts them into the order in which they came.
        says: what somebody who is asked about it should know.
    """

    ja: str
    en: str
    steps: Sequence[Step]
    says: Sequence[Say] = ()


class Moved(msgspec.Struct, frozen=True):
    """One line of the ledger; cards are cut short."""

    source: str
    target: str
    amount: int


class Trails(Protocol):
    """What one program knows of its entries."""

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of entry that are part of a trail."""

    def of(self, connection: sa.Connection, entry: Entry) -> Trail | None:
        """Return the trail of which an entry of such a kind is part; None if it is part of none."""


def has(kind: str) -> bool:
    """Tell whether some program knows what belongs to entries of a kind."""
    return kind in _by_kind()


def trail(connection: sa.Connection, entry: Entry) -> Trail | None:
    """Return what belongs to an entry, by the program that knows."""
    found = _by_kind().get(entry.kind)
    return found.of(connection, entry) if found else None


def stored(connection: sa.Connection, place: EntryId) -> Entry | None:
    """Return an entry that is held, read from its segment; None if it is not."""
    body = Branches(connection, place.unit, _ANY_LIFE).body_at(place.boot, place.seq)
    if body is None:
        return None
    return installed.register().decode_stored(place.unit, place.boot, place.seq, body)


def moved(connection: sa.Connection, place: EntryId) -> list[Moved]:
    """Return what an entry moved in the ledger."""
    here = ledger.posting.c
    asked = sa.select(here.source, here.target, here.amount).where(
        here.writer == place.unit, here.boot == place.boot, here.seq == place.seq
    )
    rows = connection.execute(asked.order_by(here.line))
    return [Moved(_CARD.sub(r"\1", source), _CARD.sub(r"\1", target), amount) for source, target, amount in rows]


def _by_kind() -> Mapping[str, Trails]:
    known = (part.TRAIL for part in installed.parts("trail").values())
    return {kind: one for one in known for kind in one.kinds}
