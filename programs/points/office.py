"""Points at the centre: every touch that may give some, the book of rules, what was proposed, booked and has run out.

What a touch is worth is not stored: it follows from these tables by `judging`, as at a unit from what the unit holds.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text

from central.heirs import Heir
from central.kept import Kept
from central.ledger import POINTS, Move, points
from central.office import Office
from central.upsert import Upsert
from programs.points.book import BOOK, BOOK_KEY, Book
from programs.points.entries import Activated, Booked, Expired, Plan, Proposed
from programs.points.judging import Touch, touch_of
from programs.points.proposals import proposal_id
from programs.points.rules import History, kept
from sync.entries import Entry, Fact
from sync.messages import OFFICE_STREAM, TOWN_STREAM, is_stream
from sync.touches import Touched

metadata = MetaData()

_PLACE: Final = (("day", BigInteger), ("at", BigInteger), ("writer", Text), ("boot", Text), ("seq", BigInteger))
_IN_ORDER: Final = [name for name, _ in _PLACE]

touch = Table(
    "points_touch",
    metadata,
    Column("card", Text, primary_key=True),
    *(Column(name, kind, primary_key=True) for name, kind in _PLACE),  # in the order in which they are judged
    Column("place", Text, nullable=False),
    Column("service", Text, nullable=False),
    sqlite_with_rowid=False,
)

first = Table(
    "points_first",
    metadata,
    Column("card", Text, primary_key=True),
    Column("place", Text, primary_key=True),
    *(Column(name, kind, nullable=False) for name, kind in _PLACE),
    Column("service", Text, nullable=False),
)

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

_COLUMNS: Final = (*_IN_ORDER, "place", "service")
_BOOK: Final = Kept(rules, BOOK)


def _earlier(new: Any) -> Mapping[str, Any]:
    is_earlier = sa.tuple_(*(new[name] for name in _IN_ORDER)) < sa.tuple_(*(first.c[name] for name in _IN_ORDER))
    return {name: sa.case((is_earlier, new[name]), else_=first.c[name]) for name in (*_IN_ORDER, "service")}


_FIRST: Final = Upsert(first, _earlier)
_BOOK_MORE: Final = Upsert(booked, lambda new: {"points": booked.c.points + new.points})
_EXPIRE_MORE: Final = Upsert(expired, lambda new: {"points": expired.c.points + new.points})
_PROPOSE: Final = Upsert(proposal, lambda _: {"id": proposal.c.id})


class Points:
    """The points, for the office."""

    name: str = "points"
    version: int = 1
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
        _note_touches(connection, entries)
        _note_office(connection, [entry for entry in entries if is_stream(entry.unit)])

    def state(self, connection: sa.Connection, key: str) -> Any:
        return History(kept(touches_of(connection, key)), tuple(firsts_of(connection, key).values()))

    def figures(self, connection: sa.Connection) -> Mapping[str, int]:
        touches = connection.execute(sa.select(sa.func.count()).select_from(touch)).scalar_one()
        sums = connection.execute(sa.select(sa.func.coalesce(sa.func.sum(booked.c.points), 0))).scalar_one()
        return {"touches": int(touches), "booked": int(sums)}


def _note_touches(connection: sa.Connection, entries: Iterable[Entry]) -> None:
    rows: list[dict[str, Any]] = []
    earliest: dict[tuple[str, str], Touch] = {}
    for entry in entries:
        if isinstance(entry.fact, Touched):
            card, one = entry.fact.card, touch_of(entry, entry.fact)
            rows.append({"card": card, **_row(one)})
            earliest[card, one.place] = min(one, earliest.get((card, one.place), one))
    if rows:
        connection.execute(sa.insert(touch), rows)
        _FIRST(connection, [{"card": card, **_row(one)} for (card, _), one in sorted(earliest.items())])


def _row(one: Touch) -> dict[str, Any]:
    return dict(zip(_COLUMNS, msgspec.structs.astuple(one), strict=True))


def _note_office(connection: sa.Connection, entries: Sequence[Entry]) -> None:
    """Note what the centre itself said; of a unit it would be hearsay."""
    of_office = [entry for entry in entries if entry.unit == OFFICE_STREAM]
    of_town = [entry for entry in entries if entry.unit == TOWN_STREAM]
    _PROPOSE(connection, [_proposed(entry, entry.fact) for entry in of_office if isinstance(entry.fact, Proposed)])
    _BOOK.note(connection, of_town)
    for entry in of_town:
        if isinstance(fact := entry.fact, Activated):
            connection.execute(sa.update(proposal).where(proposal.c.id == fact.proposal).values(is_active=1))
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


def touches_of(connection: sa.Connection, card: str) -> list[Touch]:
    """Return all touches of one card, in their order."""
    asked = sa.select(*(touch.c[name] for name in _COLUMNS)).where(touch.c.card == card)
    return sorted(Touch(*row) for row in connection.execute(asked))


def firsts_of(connection: sa.Connection, card: str) -> dict[str, Touch]:
    """Return the first touch of a card at each place, in the order of the places' names."""
    asked = sa.select(*(first.c[name] for name in _COLUMNS)).where(first.c.card == card)
    found = {one.place: one for one in (Touch(*row) for row in connection.execute(asked))}
    return {place: found[place] for place in sorted(found)}


def by_card(connection: sa.Connection, since: int, upto: int) -> Iterator[tuple[str, list[Touch], dict[str, Touch]]]:
    """Yield each card with its touches of these days, in their order, and its first ones ever as far as in them."""
    firsts: dict[str, dict[str, Touch]] = {}
    for card, *rest in _read(connection, first, since, upto):
        one = Touch(*rest)
        firsts.setdefault(card, {})[one.place] = one
    for card, rows in groupby(_read(connection, touch, since, upto), key=itemgetter(0)):
        yield card, sorted([Touch(*row[1:]) for row in rows]), firsts.get(card, {})


def _read(connection: sa.Connection, table: Table, since: int, upto: int) -> Iterator[tuple[Any, ...]]:
    """Read many rows as the driver gives them: what SQLAlchemy makes of each would take as long as all the rest."""
    asked = sa.select(table.c.card, *(table.c[name] for name in _COLUMNS)).order_by(table.c.card)
    within = asked.where(table.c.day >= since, table.c.day <= upto)
    sql = str(within.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True}))
    driver: Any = connection.connection.driver_connection
    yield from driver.execute(sql)


OFFICE: Final[Office] = Points()
