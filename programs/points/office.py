"""Points at the centre: all that may give some (`tables`), the book of rules, and what was decided, booked and ran out.

What a touch is worth is not stored: it follows from these tables by `judging`, as at a unit from what the unit holds.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text

from central.heirs import Heir
from central.kept import Kept
from central.ledger import POINTS, Move, points
from central.office import Office
from central.sieve import Sieve
from central.upsert import Upsert
from programs.points import tables
from programs.points.book import BOOK, BOOK_KEY, Book
from programs.points.entries import KINDS, Activated, Booked, Expired, Plan, Proposed, VoidAsked, Voided, VoidRefused
from programs.points.proposals import proposal_id
from sync.entries import Entry, Fact
from sync.messages import OFFICE_STREAM, TOWN_STREAM, is_stream

metadata = tables.metadata

rules = Table("points_rules", metadata, Column("key", Text, primary_key=True), Column("state", Text, nullable=False))

proposal = Table(
    "points_proposal",
    metadata,
    Column("id", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("plan", Text, nullable=False),
    Column("is_active", Integer, nullable=False),
)

booked = Table(
    "points_booked",
    metadata,
    Column("card", Text, primary_key=True),
    Column("month", BigInteger, primary_key=True),
    Column("points", BigInteger, nullable=False),
)

expired = Table(
    "points_expired",
    metadata,
    Column("card", Text, primary_key=True),
    Column("points", BigInteger, nullable=False),
)

void = Table(
    "points_void",
    metadata,
    Column("of", Text, primary_key=True),
    Column("card", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("because", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("answered_by", Text, nullable=False),
)

ASKED: Final = "asked"
REFUSED: Final = "refused"
VOID: Final = "void"

_OWN: Final = Sieve(*KINDS)
_BOOK: Final = Kept(rules, BOOK)
_BOOK_MORE: Final = Upsert(booked, lambda new: {"points": booked.c.points + new.points})
_EXPIRE_MORE: Final = Upsert(expired, lambda new: {"points": expired.c.points + new.points})
_ASK: Final = Upsert(void, lambda new: {name: new[name] for name in ("at", "by", "because", "state", "answered_by")})
_PROPOSE: Final = Upsert(proposal, lambda _: {"id": proposal.c.id})


class Points:
    """The points, for the office."""

    name: str = "points"
    version: int = 2
    metadata: MetaData = metadata
    heard_for_all: tuple[type[Fact], ...] = ()

    def moves(self, entry: Entry) -> Sequence[Move]:
        """Return what is booked: on the account that a payment's points are on, too. Only the office's word counts."""
        match entry.fact:
            case Booked(card=card, points=more) if entry.unit == OFFICE_STREAM and more:
                return (Move(POINTS, points(card), more) if more > 0 else Move(points(card), POINTS, -more),)
            case Expired(card=card, points=gone) if entry.unit == OFFICE_STREAM and gone:
                return (Move(points(card), POINTS, gone),)
            case _:
                return ()

    def heirs(self, _entry: Entry) -> Sequence[Heir]:
        return ()

    def says_on(self, _connection: sa.Connection, _entry: Entry) -> Sequence[Fact]:
        return ()

    def record(self, connection: sa.Connection, entries: Sequence[Entry]) -> None:
        tables.note(connection, entries)
        _note_office(connection, [entry for entry in _OWN(entries) if is_stream(entry.unit)])

    def state(self, connection: sa.Connection, key: str) -> Any:
        return tables.history_of(connection, key)

    def figures(self, connection: sa.Connection) -> Mapping[str, int]:
        touches = connection.execute(sa.select(sa.func.count()).select_from(tables.touch)).scalar_one()
        sums = connection.execute(sa.select(sa.func.coalesce(sa.func.sum(booked.c.points), 0))).scalar_one()
        return {"touches": int(touches), "booked": int(sums)}


def _note_office(connection: sa.Connection, entries: Sequence[Entry]) -> None:
    """Note what the centre itself said; of a unit it would be hearsay."""
    of_office = [entry for entry in entries if entry.unit == OFFICE_STREAM]
    of_town = [entry for entry in entries if entry.unit == TOWN_STREAM]
    _PROPOSE(connection, [_proposed(entry, entry.fact) for entry in of_office if isinstance(entry.fact, Proposed)])
    _BOOK.note(connection, of_town)
    for entry in of_town:
        if isinstance(fact := entry.fact, Activated):
            connection.execute(sa.update(proposal).where(proposal.c.id == fact.proposal).values(is_active=1))
    for entry in entries:
        _note_void(connection, entry)
    more, gone = Counter[tuple[str, int]](), Counter[str]()
    for entry in of_office:
        match entry.fact:
            case Booked(card=card, month=month, points=some):
                more[card, month] += some
            case Expired(card=card, points=some):
                gone[card] += some
            case _:
                pass
    _BOOK_MORE(connection, [{"card": card, "month": of, "points": some} for (card, of), some in sorted(more.items())])
    _EXPIRE_MORE(connection, [{"card": card, "points": some} for card, some in sorted(gone.items())])


def _note_void(connection: sa.Connection, entry: Entry) -> None:
    """Note what was asked for, and the second officer's word; both stand in journals of the centre, in their order."""
    match entry.fact:
        case VoidAsked(of=of, card=card, because=because, by=by) if entry.unit == OFFICE_STREAM:
            row = {"of": of, "card": card, "at": entry.at, "by": by, "because": because, "state": ASKED}
            _ASK(connection, [{**row, "answered_by": ""}])
        case VoidRefused(of=of, by=by) if entry.unit == OFFICE_STREAM:
            connection.execute(sa.update(void).where(void.c.of == of).values(state=REFUSED, answered_by=by))
        case Voided(of=of, by=by) if entry.unit == TOWN_STREAM:
            connection.execute(sa.update(void).where(void.c.of == of).values(state=VOID, answered_by=by))
        case _:
            pass


def _proposed(entry: Entry, fact: Proposed) -> dict[str, Any]:
    plan = msgspec.json.encode(fact.plan).decode()
    return {"id": proposal_id(fact.plan), "at": entry.at, "by": fact.by, "plan": plan, "is_active": 0}


# ---- what the office asks


def book_in(connection: sa.Connection) -> Book:
    """Return the book of rules, as the centre itself has said it."""
    return _BOOK.state(connection, BOOK_KEY)


def plan_of(row: sa.Row[Any]) -> Plan:
    """Return the plan of a row of proposals."""
    return msgspec.json.decode(row.plan, type=Plan)


OFFICE: Final[Office] = Points()
