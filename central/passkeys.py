"""Which passkeys people have at the console: derived from the office's own journal."""

from collections.abc import Iterable
from typing import Final

import sqlalchemy as sa
from sqlalchemy import Column, MetaData, Table, Text

from central.kept import Kept
from sync.entries import Entry
from sync.messages import OFFICE_STREAM
from sync.passkeys import PASSKEYS, Passkey

metadata = MetaData()

passkey = Table(
    "passkey",
    metadata,
    Column("key", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("name", Text, nullable=False, index=True),  # whose it is; "", where nobody said so yet
)


def _owner(_key: str, known: Passkey) -> dict[str, object]:
    return {"name": known.added.name if known.added else ""}


_PASSKEYS: Final = Kept(passkey, PASSKEYS, _owner)


def note(connection: sa.Connection, entries: Iterable[Entry]) -> None:
    """Note what is said of passkeys, within the caller's transaction; nobody but the office has a say in them."""
    _PASSKEYS.note(connection, (entry for entry in entries if entry.unit == OFFICE_STREAM))


def find(connection: sa.Connection, number: str) -> Passkey:
    """Return what was said of a passkey; an empty one, if nothing was."""
    return _PASSKEYS.state(connection, number)


def of(connection: sa.Connection, name: str) -> dict[str, Passkey]:
    """Return the passkeys of an account that were not removed, by number, the oldest first."""
    here = passkey.c
    numbers = list(connection.execute(sa.select(here.key).where(here.name == name)).scalars())
    found = _PASSKEYS.states(connection, numbers)
    there = [(one.when, number, one) for number, one in found.items() if one.when and not one.is_removed]
    return {number: one for _, number, one in sorted(there, key=lambda each: each[:2])}
