"""What the books say: every entry that the centre has stored, read from the stored bytes alone, and every incident."""

from collections import Counter
from dataclasses import dataclass, field

import sqlalchemy as sa

from central import store
from programs.coin.counter.facts import Covered, Unproven
from programs.coin.entries import Charge, Pay, TakenBack
from programs.coin.online.facts import PaidOnline
from programs.visits.entries import Touch
from sync import chain, installed
from sync.messages import OFFICE_STREAM
from sync.segment import from_text, unpack

Touched = Touch | Charge | Pay | TakenBack


@dataclass(frozen=True)
class Booked:
    """One stored entry that somebody made by holding a card to a unit."""

    entry: str
    unit: str
    at: int
    fact: Touched
    hash: str

    @property
    def card(self) -> str:
        return self.fact.card


@dataclass
class Books:
    """The stored entries.

    Attributes:
        held: for each entry's id, how often each hash is stored.
        touches: the touches among them, by id.
        online: payments from residents' pages, in order of arrival.
        office: what the office put right about cards with a counter.
        arrived: for each id, the number in order of arrival of the segment that brought it.
        incidents: what the office was told, by unit.
    """

    held: dict[str, Counter[str]] = field(default_factory=dict)
    touches: dict[str, Booked] = field(default_factory=dict)
    online: list[PaidOnline] = field(default_factory=list)
    office: list[Covered | Unproven] = field(default_factory=list)
    arrived: dict[str, int] = field(default_factory=dict)
    incidents: dict[str, set[str]] = field(default_factory=dict)


def read(engine: sa.Engine) -> Books:
    """Read the books."""
    register = installed.register()
    books = Books()
    with store.reading(engine) as connection:
        table = store.segment
        for n, last, packed in connection.execute(
            sa.select(table.c.n, table.c.last, table.c.packed).order_by(table.c.n)
        ):
            segment = from_text(unpack(packed)).upto(last)
            entries = segment.stored_entries(register)
            for entry, hashed in zip(entries, chain.links(segment.prev, segment.bodies), strict=True):
                name = str(entry.id)
                books.held.setdefault(name, Counter())[hashed.hex()] += 1
                books.arrived.setdefault(name, n)
                if isinstance(entry.fact, PaidOnline):
                    books.online.append(entry.fact)
                if isinstance(entry.fact, Covered | Unproven) and entry.unit == OFFICE_STREAM:
                    books.office.append(entry.fact)
                if isinstance(entry.fact, Touched):
                    books.touches[name] = Booked(name, entry.unit, entry.at, entry.fact, hashed.hex())
        for unit, kind in connection.execute(sa.select(store.incident.c.unit, store.incident.c.kind)):
            books.incidents.setdefault(unit, set()).add(kind)
    return books
