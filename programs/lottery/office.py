"""The draws at the centre: what was ordered, whose tickets there are, and how far each draw has come."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, MetaData, Table, Text

from central.kept import Kept
from central.ledger import Move, free, held, points
from central.office import Office, Unmoved
from central.sieve import Sieve
from central.upsert import Upsert
from programs.lottery.entries import KINDS, Collected, HandedOut, Ordered, PassedOn, Tickets, Won, prize_of
from programs.lottery.rules import DRAWS, Course, Held
from sync.entries import Entry, EntryId
from sync.messages import OFFICE_STREAM

metadata = MetaData()

ticket = Table(
    "lottery_ticket",
    metadata,
    Column("draw", Text, primary_key=True),
    Column("ref", Text, primary_key=True),
    Column("holder", Text, primary_key=True),
    Column("count", BigInteger, primary_key=True),
    Column("points", BigInteger, primary_key=True),
    Column("order", Text, primary_key=True),
    Column("writer", Text, primary_key=True),
    sa.Index("lottery_ticket_by_holder", "holder"),
)
order = Table(
    "lottery_order",
    metadata,
    Column("card", Text, primary_key=True),
    Column("writer", Text, primary_key=True),
    Column("boot", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("draw", Text, nullable=False),
    Column("count", BigInteger, nullable=False),
)
prize = Table(
    "lottery_prize",
    metadata,
    Column("draw", Text, primary_key=True),
    Column("ticket", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("prize_ja", Text, nullable=False),
    Column("prize_en", Text, nullable=False),
    Column("passed_to", Text, nullable=False),
)
handed = Table(
    "lottery_handed",
    metadata,
    Column("holder", Text, primary_key=True),
    Column("draw", Text, primary_key=True),
    Column("ticket", Text, primary_key=True),
    Column("writer", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
)
course = Table("lottery_draw", metadata, Column("key", Text, primary_key=True), Column("state", Text, nullable=False))

_READ: Final = Sieve(*KINDS)
_ADD: Final = Upsert(ticket, lambda new: {"count": new["count"]})
_WIN: Final = Upsert(prize, lambda _: {"draw": prize.c.draw})
_HAND: Final = Upsert(handed, lambda _: {"at": handed.c.at})
_COURSES: Final = Kept(course, DRAWS)
_ARE_THE_OFFICES: Final = ticket.c.writer == OFFICE_STREAM
_BY_PHONE: Final = "@"


class Lottery(Unmoved):
    """The draws, for the office."""

    name: str = "lottery"
    version: int = 3
    metadata: MetaData = metadata

    def moves(self, entry: Entry) -> Sequence[Move]:
        """Return what tickets take from points, and how prizes go to people; an order moves nothing.

        Only the office gives anything to anybody. A unit hands out what it was granted.
        """
        is_office = entry.unit == OFFICE_STREAM
        match entry.fact:
            case HandedOut(life=life, card=card, draw=draw):
                return (Move(held(prize_of(card), entry.unit, life), handed_in(draw), 1),)
            case Won(holder=holder) if is_office:
                return (Move(PRIZES, free(prize_of(holder)), 1),)
            case Collected(draw=draw, holder=holder) if is_office:
                return (Move(free(prize_of(holder)), handed_in(draw), 1),)
            case PassedOn(holder=holder) if is_office:
                return (Move(free(prize_of(holder)), PRIZES, 1),)
            case Tickets(draw=draw, holder=holder, points=paid) if is_office and paid:
                return (Move(points(holder), paid_for(draw), paid),)
            case _:
                return ()

    def record(self, connection: sa.Connection, entries: Sequence[Entry]) -> None:
        read = _READ(entries)
        rows = {_row(entry.fact, entry.unit) for entry in read if isinstance(entry.fact, Tickets)}
        _ADD(connection, [dict(zip(ticket.columns.keys(), row, strict=True)) for row in sorted(rows)])
        if orders := [_order(entry, entry.fact) for entry in read if isinstance(entry.fact, Ordered)]:
            connection.execute(sa.insert(order), orders)
        _note_prizes(connection, read)
        _COURSES.note(connection, (entry for entry in read if entry.unit == OFFICE_STREAM))

    def state(self, connection: sa.Connection, key: str) -> Any:
        asked = sa.select(ticket.c.draw, ticket.c.ref, ticket.c["count"]).distinct().where(ticket.c.holder == key)
        tickets = tuple(sorted((row[0], row[1], int(row[2])) for row in connection.execute(asked)))
        found = connection.execute(sa.select(order).where(order.c.card == key))
        orders = tuple(sorted((one.draw, str(one.id), one.count) for one in map(_order_of, found)))
        given = sa.select(handed.c.draw, handed.c.ticket).distinct()
        at_units = given.where(handed.c.holder == key, handed.c.writer != OFFICE_STREAM)
        return Held(tickets, orders, tuple(sorted((row[0], row[1]) for row in connection.execute(at_units))))

    def figures(self, connection: sa.Connection) -> Mapping[str, int]:
        tickets = sa.select(sa.func.coalesce(sa.func.sum(ticket.c["count"]), 0)).where(_ARE_THE_OFFICES)
        draws = sa.select(sa.func.count()).select_from(course)
        return {
            "draws": int(connection.execute(draws).scalar_one()),
            "tickets": int(connection.execute(tickets).scalar_one()),
        }


PRIZES: Final = "issuer/prizes"
"""The account from which prizes come: below zero by all that were won."""


def handed_in(draw: str) -> str:
    """Return the account of a draw's prizes that people have."""
    return f"handed/{draw}"


def _note_prizes(connection: sa.Connection, entries: Sequence[Entry]) -> None:
    for entry in entries:
        is_office, fact = entry.unit == OFFICE_STREAM, entry.fact
        match fact:
            case Won() if is_office:
                _WIN(connection, [{**msgspec.structs.asdict(fact), "passed_to": ""}])
            case PassedOn(draw=draw, ticket=number, to=to) if is_office:
                there = sa.and_(prize.c.draw == draw, prize.c.ticket == number)
                connection.execute(sa.update(prize).where(there).values(passed_to=to))
            case HandedOut(card=holder, draw=draw, ticket=number):
                _HAND(connection, [_handed(entry, holder, draw, number)])
            case Collected(holder=holder, draw=draw, ticket=number) if is_office:
                _HAND(connection, [_handed(entry, holder, draw, number)])
            case _:
                pass


def _handed(entry: Entry, holder: str, draw: str, number: str) -> dict[str, Any]:
    return {"holder": holder, "draw": draw, "ticket": number, "writer": entry.unit, "at": entry.at}


def paid_for(draw: str) -> str:
    """Return the account to which the points for a draw's tickets go."""
    return f"tickets/{draw}"


def _row(fact: Tickets, writer: str) -> tuple[str, str, str, int, int, str, str]:
    return fact.draw, fact.ref, fact.holder, fact.count, fact.points, fact.order, writer


def _order(entry: Entry, fact: Ordered) -> dict[str, Any]:
    place = {"writer": entry.unit, "boot": entry.boot, "seq": entry.seq, "at": entry.at}
    return {"card": fact.card, "draw": fact.draw, "count": fact.count, **place}


class ByPhone(msgspec.Struct, frozen=True, order=True):
    """An order from a resident's page, by the number that the page has drawn for it. No unit's name begins like it."""

    number: str

    def __str__(self) -> str:
        return f"{_BY_PHONE}{self.number}"


class Order(msgspec.Struct, frozen=True, order=True):
    """What somebody has ordered, by an entry of a unit or on a page. Orders are in the order of their own time."""

    at: int
    id: EntryId | ByPhone
    draw: str
    card: str
    count: int


def _order_of(row: Any) -> Order:
    return Order(int(row.at), EntryId(row.writer, row.boot, int(row.seq)), row.draw, row.card, int(row[6]))


def tickets_of(connection: sa.Connection, draw: str) -> list[Tickets]:
    """Return the tickets that the office has given out, in the order of their numbers."""
    asked = sa.select(ticket).where(ticket.c.draw == draw, _ARE_THE_OFFICES).order_by(*ticket.primary_key)
    rows: Iterable[Any] = connection.execute(asked)
    return list(map(_tickets, rows))


def tickets_held(connection: sa.Connection, draw: str, holder: str) -> list[Tickets]:
    """Return the tickets that the office has given to one person, in the order of their numbers."""
    whose = ticket.c.holder == holder, ticket.c.draw == draw, _ARE_THE_OFFICES
    rows: Iterable[Any] = connection.execute(sa.select(ticket).where(*whose).order_by(*ticket.primary_key))
    return list(map(_tickets, rows))


def _tickets(row: Any) -> Tickets:
    return Tickets(row.draw, row.ref, row.holder, int(row[3]), int(row.points), row.order)


class Counts(msgspec.Struct, frozen=True):
    """How many tickets of a draw there are, and how many more were ordered at units and are none, or not yet."""

    tickets: int = 0
    waiting: int = 0


def counts(connection: sa.Connection) -> dict[str, Counts]:
    """Return how many tickets there are of each draw that has any, or orders for some."""
    at_units = sa.and_(ticket.c.order != "", sa.not_(ticket.c.order.startswith(_BY_PHONE)))
    taken = sa.case((at_units, ticket.c["count"]), else_=0)
    sums = sa.select(ticket.c.draw, sa.func.sum(ticket.c["count"]), sa.func.sum(taken)).where(_ARE_THE_OFFICES)
    given = {row[0]: (int(row[1]), int(row[2])) for row in connection.execute(sums.group_by(ticket.c.draw))}
    asked = sa.select(order.c.draw, sa.func.sum(order.c["count"])).group_by(order.c.draw)
    ordered = {row[0]: int(row[1]) for row in connection.execute(asked)}
    return {
        draw: Counts(given.get(draw, (0, 0))[0], ordered.get(draw, 0) - given.get(draw, (0, 0))[1])
        for draw in {*given, *ordered}
    }


def orders_of(connection: sa.Connection, draw: str) -> list[Order]:
    """Return all orders for a draw that have arrived, the oldest first."""
    return sorted(map(_order_of, connection.execute(sa.select(order).where(order.c.draw == draw))))


def course_of(connection: sa.Connection, draw: str) -> Course:
    """Return how far a draw has come."""
    return _COURSES.state(connection, draw)


def courses(connection: sa.Connection) -> dict[str, Course]:
    """Return how far each draw has come."""
    names = connection.execute(sa.select(course.c.key).order_by(course.c.key)).scalars().all()
    return _COURSES.states(connection, names)


OFFICE: Final[Office] = Lottery()
