"""Which accounts the console has, and which sessions were begun: derived from the office's own journal."""

from collections.abc import Iterable
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text

from central.kept import Kept
from central.upsert import upsert
from sync.accounts import ACCOUNTS, Account, CameIn, WentOut
from sync.entries import Entry
from sync.messages import OFFICE_STREAM

metadata = MetaData()

account = Table("account", metadata, Column("key", Text, primary_key=True), Column("state", Text, nullable=False))
session = Table(
    "session",
    metadata,
    Column("number", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("boot", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("is_over", Integer, nullable=False),  # 1: somebody signed out, or goes on under another number
)
_ACCOUNTS: Final = Kept(account, ACCOUNTS)


class Begun(msgspec.Struct, frozen=True):
    """A session, as the journal has it.

    Attributes:
        since_ms: when password and digits were typed.
        when: (time by the centre, boot, seq) of the entry by which it has its number.
    """

    name: str
    since_ms: int
    when: tuple[int, str, int]


def note(connection: sa.Connection, entries: Iterable[Entry]) -> None:
    """Note accounts and sessions, within the caller's transaction; nobody but the office has a say in them."""
    ours = [entry for entry in entries if entry.unit == OFFICE_STREAM]
    _ACCOUNTS.note(connection, ours)
    for entry in ours:
        match entry.fact:
            case CameIn(name=name, number=number, since=since, instead=instead):
                row = {"number": number, "name": name, "since_ms": since, "is_over": 0}
                row |= {"at_ms": entry.at, "boot": entry.boot, "seq": entry.seq}
                upsert(connection, session, [row], lambda new: {"is_over": new.is_over})
                _end(connection, instead)
            case WentOut(number=number):
                _end(connection, number)
            case _:
                pass


def find(connection: sa.Connection, name: str) -> Account:
    """Return the latest word about an account; an empty one, if there never was one of that name."""
    return _ACCOUNTS.state(connection, name)


def begun(connection: sa.Connection, number: str) -> Begun | None:
    """Return a session that was begun and did not end; None for any other."""
    row = connection.execute(sa.select(session).where(session.c.number == number, session.c.is_over == 0)).one_or_none()
    return Begun(row.name, row.since_ms, (row.at_ms, row.boot, row.seq)) if row else None


def every(connection: sa.Connection) -> dict[str, Account]:
    """Return all accounts that there ever were, by name."""
    names = list(connection.execute(sa.select(account.c.key).order_by(account.c.key)).scalars())
    return _ACCOUNTS.states(connection, names)


def _end(connection: sa.Connection, number: str | None) -> None:
    if number:
        connection.execute(sa.update(session).where(session.c.number == number).values(is_over=1))
