"""The terms of the coin at the centre: folded as units fold them, of what was added up."""

from collections.abc import Iterable
from typing import Final

import sqlalchemy as sa
from sqlalchemy import Column, MetaData, Table, Text

from central import store
from central.kept import Kept
from programs.coin.terms import TERMS, TERMS_KEY, Agreed
from sync.entries import Entry
from sync.messages import TOWN_STREAM

metadata = MetaData()

terms = Table("coin_terms", metadata, Column("key", Text, primary_key=True), Column("state", Text, nullable=False))

_KEPT: Final = Kept(terms, TERMS)


def agreed(engine: sa.Engine) -> Agreed:
    """Return the terms of the coin as the office said them last, of what was added up."""
    with store.reading(engine) as connection:
        return agreed_in(connection)


def agreed_in(connection: sa.Connection) -> Agreed:
    """Return the same within a transaction."""
    return _KEPT.state(connection, TERMS_KEY)


def note(connection: sa.Connection, entries: Iterable[Entry]) -> None:
    """Fold the terms as units do; whoever is not the centre has no say in them."""
    _KEPT.note(connection, (entry for entry in entries if entry.unit == TOWN_STREAM))
