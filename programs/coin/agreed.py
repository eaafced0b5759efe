"""The terms of the coin at the centre: folded as units fold them, of what was added up."""

from collections.abc import Iterable
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy import Column, MetaData, Table, Text

from central import store
from central.upsert import upsert
from programs.coin.terms import TERMS, TERMS_KEY, Agreed, Terms
from sync.entries import Entry
from sync.messages import TOWN_STREAM

metadata = MetaData()

terms = Table("coin_terms", metadata, Column("key", Text, primary_key=True), Column("state", Text, nullable=False))

_AGREED: Final = msgspec.json.Decoder(Agreed)


def agreed(engine: sa.Engine) -> Agreed:
    """Return the terms of the coin as the office said them last, of what was added up."""
    with store.reading(engine) as connection:
        return agreed_in(connection)


def agreed_in(connection: sa.Connection) -> Agreed:
    """Return the same within a transaction."""
    found = connection.execute(sa.select(terms.c.state)).scalar()
    return _AGREED.decode(found) if found else TERMS.empty


def note(connection: sa.Connection, entries: Iterable[Entry]) -> None:
    """Fold the terms as units do; whoever is not the centre has no say in them."""
    for entry in entries:
        if entry.unit == TOWN_STREAM and isinstance(entry.fact, Terms):
            state = msgspec.json.encode(TERMS.fold(agreed_in(connection), entry)).decode()
            upsert(connection, terms, [{"key": TERMS_KEY, "state": state}], lambda new: {"state": new.state})
