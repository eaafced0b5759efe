"""The port that a program fills at the centre: its tables, made from everybody's entries, and what it shows.

Tables of an office are derived: they can be dropped at any time and come back the same from the stored segments.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import sqlalchemy as sa

from central.heirs import Heir
from central.ledger import Move
from sync import installed
from sync.entries import Entry, Fact


class Office(Protocol):
    """One program at the centre."""

    @property
    def name(self) -> str:
        """As the program's folder is called."""

    @property
    def version(self) -> int:
        """Raised when `record` or the tables change; everything is then added up again."""

    @property
    def metadata(self) -> sa.MetaData:
        """The tables, named `<program>_…`."""

    def moves(self, entry: Entry) -> Sequence[Move]:
        """Return what an entry moves in the ledger; nothing, if it is not about money, points or tickets.

        A program is asked about its own facts only.
        """

    def heirs(self, entry: Entry) -> Sequence[Heir]:
        """Return whose accounts are another's from this entry on; it moves nothing else. As above."""

    @property
    def heard_for_all(self) -> tuple[type[Fact], ...]:
        """The facts of units of which all units may have to be told something."""

    def says_on(self, connection: sa.Connection, entry: Entry) -> Sequence[Fact]:
        """Return what all units are told on hearing such an entry; it is said once, in order of arrival."""

    def record(self, connection: sa.Connection, entries: Sequence[Entry]) -> None:
        """Add entries to the tables, in order of arrival, within the caller's transaction."""

    def state(self, connection: sa.Connection, key: str) -> Any:
        """Return the state of a key as the program's fold has it at a unit; the laws hold the two together."""

    def figures(self, connection: sa.Connection) -> Mapping[str, int]:
        """Return the totals that are to be equal at units and centre, by name."""


class Unmoved:
    """What an office inherits whose program moves no account and tells the units nothing."""

    heard_for_all: tuple[type[Fact], ...] = ()

    def moves(self, _entry: Entry) -> Sequence[Move]:
        return ()

    def heirs(self, _entry: Entry) -> Sequence[Heir]:
        return ()

    def says_on(self, _connection: sa.Connection, _entry: Entry) -> Sequence[Fact]:
        return ()


def offices() -> tuple[Office, ...]:
    """Return the offices of all installed programs."""
    return tuple(module.OFFICE for module in installed.parts("office").values())
