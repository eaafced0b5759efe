"""The coin at the centre: its tables, room by room, and the last payments of each card at each unit."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy import Column, MetaData, Table, Text

from central.heirs import Heir
from central.ledger import Move, account, free
from central.office import Office
from central.upsert import upsert
from programs.coin import agreed, cases
from programs.coin.entries import money
from programs.coin.insured import books as insured
from programs.coin.lots import notes
from programs.coin.postings import OFFICE_CASH, debt, moves, points
from programs.coin.refunds import books as refunds
from programs.coin.remedies import CardMoved
from programs.coin.rules import PROGRAM, Purse
from programs.coin.settlement import tables as settlement
from programs.coin.till import books as till
from programs.coin.trading import books as trading
from sync.entries import Entry
from sync.messages import OFFICE_STREAM

metadata = MetaData()

purse = Table("coin_purse", metadata, Column("key", Text, primary_key=True), Column("state", Text, nullable=False))

for room in (agreed, settlement, notes, refunds, cases, till, trading, insured):
    for table in room.metadata.sorted_tables:
        table.to_metadata(metadata)

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
                owned = (free(money(old)), free(money(new))), (points(old), points(new)), (debt(old), debt(new))
                return tuple(Heir(of, to) for of, to in owned)
            case _:
                return ()

    def record(self, connection: sa.Connection, entries: Sequence[Entry]) -> None:
        agreed.note(connection, entries)
        settlement.record(connection, entries, moves)
        notes.note(connection, entries, moves)
        refunds.record(connection, entries)
        cases.record(connection, entries)
        till.record(connection, entries)
        trading.record(connection, entries)
        insured.record(connection, entries)
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
        is_counters = account.c.name != OFFICE_CASH
        asked = sa.select(sa.func.coalesce(sa.func.sum(account.c.balance), 0)).where(is_counters)
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


OFFICE: Final[Office] = Coin()
