"""The coin at the centre: what each entry moves in the ledger, and the last payments of each card at each unit."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy import Column, MetaData, Table, Text

from central.ledger import Move, account, held
from central.office import Office
from central.upsert import upsert
from programs.coin.entries import Charge, Pay, Void, money
from programs.coin.rules import PROGRAM, Purse
from sync.entries import Entry

metadata = MetaData()

purse = Table("coin_purse", metadata, Column("key", Text, primary_key=True), Column("state", Text, nullable=False))

_PURSE: Final = msgspec.json.Decoder(Purse)
_IN_ONE_QUESTION: Final = 500


def drawer(unit: str) -> str:
    """Return the account of the cash in a desk's drawer: below zero by as much as there is in it."""
    return f"cash/{unit}"


def shop(place: str) -> str:
    """Return the account of what a shop has to get."""
    return f"shop/{place}"


class Coin:
    """The coin's books, for the office."""

    name: str = "coin"
    version: int = 1
    metadata: MetaData = metadata

    def moves(self, entry: Entry) -> Sequence[Move]:
        unit, fact = entry.unit, entry.fact
        match fact:
            case Charge(life=life, card=card, yen=yen):
                return (Move(drawer(unit), held(money(card), unit, life), yen),)
            case Pay(life=life, card=card, yen=yen, place=place):
                return (Move(held(money(card), unit, life), shop(place), yen),)
            case Void(life=life, card=card, yen=yen, place=place):
                return (Move(shop(place), held(money(card), unit, life), yen),)
            case _:
                return ()

    def record(self, connection: sa.Connection, entries: Sequence[Entry]) -> None:
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
        names = {"charged": "cash/%", "paid": "shop/%"}
        asked = sa.select(sa.func.coalesce(sa.func.sum(account.c.balance), 0))
        sums = {name: connection.execute(asked.where(account.c.name.like(like))) for name, like in names.items()}
        return {name: abs(int(found.scalar_one())) for name, found in sums.items()}

    def _states(self, connection: sa.Connection, keys: Sequence[str]) -> dict[str, Purse]:
        found: dict[str, Purse] = {}
        for at in range(0, len(keys), _IN_ONE_QUESTION):
            asked = sa.select(purse).where(purse.c.key.in_(keys[at : at + _IN_ONE_QUESTION]))
            found |= {key: _PURSE.decode(state) for key, state in connection.execute(asked)}
        return found


OFFICE: Final[Office] = Coin()
