"""The coin at the centre: its tables, room by room, and the last payments of each card at each unit."""

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Column, MetaData, Table, Text

from central.heirs import Heir
from central.kept import Kept
from central.ledger import Move, account, free, points
from central.office import Office
from central.reconcile import statement
from central.sieve import Sieve
from programs.coin import agreed, cases
from programs.coin.counter import books as counter
from programs.coin.entries import KINDS, ShopRefund, money
from programs.coin.insured import books as insured
from programs.coin.lots import notes
from programs.coin.online import books as online
from programs.coin.pins import PINS, Pin, PinChosen, PinSet
from programs.coin.postings import OFFICE_CASH, debt, moves
from programs.coin.refunds import books as refunds
from programs.coin.refunds.facts import Refund
from programs.coin.remedies import CardMoved
from programs.coin.rules import PROGRAM
from programs.coin.settlement import tables as settlement
from programs.coin.till import books as till
from programs.coin.trading import books as trading
from programs.coin.turnover import tables as turnover
from programs.coin.turnover.books import counted
from programs.coin.turnover.documents import document
from programs.coin.turnover.facts import Published
from programs.coin.turnover.tables import published
from sync.directory import unit_key
from sync.entries import Entry, Fact
from sync.facts import CounterKey, UnitSet
from sync.messages import OFFICE_STREAM, TOWN_STREAM
from sync.rights import Recall
from sync.steps import Counted

metadata = MetaData()

purse = Table("coin_purse", metadata, Column("key", Text, primary_key=True), Column("state", Text, nullable=False))

pins = Table("coin_pin", metadata, Column("key", Text, primary_key=True), Column("state", Text, nullable=False))

for room in (agreed, settlement, notes, refunds, online, cases, till, trading, insured, counter, turnover):
    for table in room.metadata.sorted_tables:
        table.to_metadata(metadata)

_READ: Final = Sieve(*KINDS, Recall, CounterKey, Counted)
_PURSES: Final = Kept(purse, PROGRAM)
_PINS: Final = Kept(pins, PINS)
_DESK: Final = "desk"


class Coin:
    """The coin's books, for the office."""

    name: str = "coin"
    version: int = 10
    metadata: MetaData = metadata
    heard_for_all: tuple[type[Fact], ...] = (PinChosen,)

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
        for some, said in published.parts(entries):
            notes.note_heard(connection, some)
            _record(connection, _READ(some))
            if said is not None:
                published.keep(connection, said, functools.partial(_document, connection, said))

    def says_on(self, connection: sa.Connection, entry: Entry) -> Sequence[Fact]:
        """Tell every unit of a PIN that was chosen at a desk, the card on its reader; a shop has no say in that."""
        said = statement(connection, unit_key(entry.unit)).fact
        match entry.fact:
            case PinChosen(card=card, kept=kept) if isinstance(said, UnitSet) and said.counter == _DESK:
                return (PinSet(card, kept, entry.at),)
            case _:
                return ()

    def state(self, connection: sa.Connection, key: str) -> Any:
        return _PURSES.state(connection, key)

    def figures(self, connection: sa.Connection) -> Mapping[str, int]:
        names = {"charged": "cash/%", "paid": "shop/%", "points": "points/%"}
        is_counters = account.c.name != OFFICE_CASH
        asked = sa.select(sa.func.coalesce(sa.func.sum(account.c.balance), 0)).where(is_counters)
        sums = {name: connection.execute(asked.where(account.c.name.like(like))) for name, like in names.items()}
        found = {name: abs(int(summed.scalar_one())) for name, summed in sums.items()}
        settled = settlement.paid_out(connection)
        return {**found, "paid": found["paid"] + settled, "settled": settled}


def _record(connection: sa.Connection, entries: Sequence[Entry]) -> None:
    agreed.note(connection, entries)
    _PINS.note(connection, (entry for entry in entries if entry.unit == TOWN_STREAM))
    settlement.record(connection, entries, moves)
    notes.note(connection, entries, moves)
    refunds.record(connection, _given_back(entries))
    online.record(connection, entries)
    cases.record(connection, entries)
    till.record(connection, entries)
    trading.record(connection, entries)
    insured.record(connection, entries)
    counter.record(connection, entries)
    turnover.note_payers(connection, entries)
    _PURSES.note(connection, entries)


def _document(connection: sa.Connection, said: Published) -> bytes:
    return document(said.month, counted(connection, said.month, said.offset_minutes))


def _given_back(entries: Iterable[Entry]) -> Iterator[tuple[str, refunds.Back]]:
    """Return which payments were given back by which entries; a unit gives back its own only."""
    for entry in entries:
        match entry.fact:
            case Refund() as fact if entry.unit == OFFICE_STREAM:
                yield fact.of, refunds.Back(fact.yen, fact.points)
            case ShopRefund() as fact if entry.unit != OFFICE_STREAM:
                yield f"{entry.unit}/{fact.of}", refunds.Back(fact.yen, fact.points)
            case _:
                pass


def pin_of(connection: sa.Connection, card: str) -> Pin:
    """Return which PIN counts for a card, of what was added up."""
    return _PINS.state(connection, card)


OFFICE: Final[Office] = Coin()
