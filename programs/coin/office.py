"""The coin at the centre: its tables, room by room, and the last payments of each card at each unit."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy import Column, MetaData, Table, Text

from central import store
from central.heirs import Heir
from central.ledger import Move, account, free
from central.office import Office
from central.upsert import upsert
from programs.coin import cases
from programs.coin.entries import money
from programs.coin.lots import notes
from programs.coin.online import books as online
from programs.coin.postings import moves, points
from programs.coin.refunds import books as refunds
from programs.coin.remedies import CardMoved
from programs.coin.rules import PROGRAM, Purse
from programs.coin.settlement import tables as settlement
from programs.coin.terms import TERMS, TERMS_KEY, Agreed, Terms
from programs.coin.till import books as till
from sync.entries import Entry
from sync.messages import OFFICE_STREAM, TOWN_STREAM

metadata = MetaData()

purse = Table("coin_purse", metadata, Column("key", Text, primary_key=True), Column("state", Text, nullable=False))

terms = Table("coin_terms", metadata, Column("key", Text, primary_key=True), Column("state", Text, nullable=False))

for room in (settlement, notes, refunds, online, cases, till):
    for table in room.metadata.sorted_tables:
        table.to_metadata(metadata)

_AGREED: Final = msgspec.json.Decoder(Agreed)
_PURSE: Final = msgspec.json.Decoder(Purse)
_IN_ONE_QUESTION: Final = 500


class Coin:
    """The coin's books, for the office."""

    name: str = "coin"
    version: int = 5
    metadata: MetaData = metadata

    def moves(self, entry: Entry) -> Sequence[Move]:
        return moves(entry)

    def heirs(self, entry: Entry) -> Sequence[Heir]:
        match entry.fact:
            case CardMoved(old=old, new=new) if entry.unit == OFFICE_STREAM:
                return (Heir(free(money(old)), free(money(new))), Heir(points(old), points(new)))
            case _:
                return ()

    def record(self, connection: sa.Connection, entries: Sequence[Entry]) -> None:
        _note_terms(connection, entries)
        settlement.record(connection, entries, moves)
        notes.note(connection, entries, moves)
        refunds.record(connection, entries)
        online.record(connection, entries)
        cases.record(connection, entries)
        till.record(connection, entries)
        ours = [entry for entry in entries if isinstance(entry.fact, PROGRAM.kinds)]
        states = self._states(connection, sorted({PROGRAM.key(entry) for entry in ours}))
        for entry in ours:
            key = PROGRAM.key(entry)
            states[key] = PROGRAM.fold(states.get(key, PROGRAM.empty), entry)
        rows = [{"key": key, "state": msgspec.json.encode(state).decode()} for key, state in sorted(states.items())]
        upsert(connection, purse, rows, lambda new: {"state": new.state})

    def state(self, connection: sa.Connection, key: str) -> Any:
        return self._states(connection, [key]).get(key, PROGRAM.empty)

    def figures(self, connection: sa.Connection) -> Mapping[str, int]:
        names = {"charged": "cash/%", "paid": "shop/%", "points": "points/%"}
        asked = sa.select(sa.func.coalesce(sa.func.sum(account.c.balance), 0))
        sums = {name: connection.execute(asked.where(account.c.name.like(like))) for name, like in names.items()}
        found = {name: abs(int(summed.scalar_one())) for name, summed in sums.items()}
        settled = settlement.paid_out(connection)
        return {**found, "paid": found["paid"] + settled, "settled": settled}

    def _states(self, connection: sa.Connection, keys: Sequence[str]) -> dict[str, Purse]:
        found: dict[str, Purse] = {}
        for at in range(0, len(keys), _IN_ONE_QUESTION):
            asked = sa.select(purse).where(purse.c.key.in_(keys[at : at + _IN_ONE_QUESTION]))
            found |= {key: _PURSE.decode(state) for key, state in connection.execute(asked)}
        return found


def agreed(engine: sa.Engine) -> Agreed:
    """Return the terms of the coin as the office said them last, of what was added up."""
    with store.reading(engine) as connection:
        return agreed_in(connection)


def agreed_in(connection: sa.Connection) -> Agreed:
    """Return the same within a transaction."""
    found = connection.execute(sa.select(terms.c.state)).scalar()
    return _AGREED.decode(found) if found else TERMS.empty


def _note_terms(connection: sa.Connection, entries: Iterable[Entry]) -> None:
    """Fold the terms as units do; whoever is not the centre has no say in them."""
    for entry in entries:
        if entry.unit == TOWN_STREAM and isinstance(entry.fact, Terms):
            state = msgspec.json.encode(TERMS.fold(agreed_in(connection), entry)).decode()
            upsert(connection, terms, [{"key": TERMS_KEY, "state": state}], lambda new: {"state": new.state})


OFFICE: Final[Office] = Coin()
