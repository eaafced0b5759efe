"""The draws at the centre: what was ordered, whose tickets there are, and how far each draw has come."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, MetaData, Table, Text

from central.kept import Kept
from central.ledger import Move, points
from central.office import Office, Unmoved
from central.upsert import Upsert
from programs.lottery.entries import Ordered, Tickets
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
course = Table("lottery_draw", metadata, Column("key", Text, primary_key=True), Column("state", Text, nullable=False))

_ADD: Final = Upsert(ticket, lambda new: {"count": new["count"]})
_COURSES: Final = Kept(course, DRAWS)
_ARE_THE_OFFICES: Final = ticket.c.writer == OFFICE_STREAM


class Lottery(Unmoved):
    """The draws, for the office."""

    name: str = "lottery"
    version: int = 2
    metadata: MetaData = metadata

    def moves(self, entry: Entry) -> Sequence[Move]:
        """Return what tickets take from points: the office's word alone counts, and an order moves nothing."""
        match entry.fact:
            case Tickets(draw=draw, holder=holder, points=paid) if entry.unit == OFFICE_STREAM and paid:
                return (Move(points(holder), paid_for(draw), paid),)
            case _:
                return ()

    def record(self, connection: sa.Connection, entries: Sequence[Entry]) -> None:
        rows = {_row(entry.fact, entry.unit) for entry in entries if isinstance(entry.fact, Tickets)}
        _ADD(connection, [dict(zip(ticket.columns.keys(), row, strict=True)) for row in sorted(rows)])
        if orders := [_order(entry, entry.fact) for entry in entries if isinstance(entry.fact, Ordered)]:
            connection.execute(sa.insert(order), orders)
        _COURSES.note(connection, (entry for entry in entries if entry.unit == OFFICE_STREAM))

    def state(self, connection: sa.Connection, key: str) -> Any:
        asked = sa.select(ticket.c.draw, ticket.c.ref, ticket.c["count"]).distinct().where(ticket.c.holder == key)
        tickets = tuple(sorted((row[0], row[1], int(row[2])) for row in connection.execute(asked)))
        found = connection.execute(sa.select(order).where(order.c.card == key))
        return Held(tickets, tuple(sorted((one.draw, str(one.id), one.count) for one in map(_order_of, found))))

    def figures(self, connection: sa.Connection) -> Mapping[str, int]:
        tickets = sa.select(sa.func.coalesce(sa.func.sum(ticket.c["count"]), 0)).where(_ARE_THE_OFFICES)
        draws = sa.select(sa.func.count()).select_from(course)
        return {
            "draws": int(connection.execute(draws).scalar_one()),
            "tickets": int(connection.execute(tickets).scalar_one()),
        }


def paid_for(draw: str) -> str:
    """Return the account to which the points for a draw's tickets go."""
    return f"tickets/{draw}"


def _row(fact: Tickets, writer: str) -> tuple[str, str, str, int, int, str, str]:
    return fact.draw, fact.ref, fact.holder, fact.count, fact.points, fact.order, writer


def _order(entry: Entry, fact: Ordered) -> dict[str, Any]:
    place = {"writer": entry.unit, "boot": entry.boot, "seq": entry.seq, "at": entry.at}
    return {"card": fact.card, "draw": fact.draw, "count": fact.count, **place}


class Order(msgspec.Struct, frozen=True, order=True):
    """What somebody has ordered at a unit. Orders are in the order of their own time."""

    at: int
    id: EntryId
    draw: str
    card: str
    count: int


def _order_of(row: Any) -> Order:
    return Order(int(row.at), EntryId(row.writer, row.boot, int(row.seq)), row.draw, row.card, int(row[6]))


def tickets_of(connection: sa.Connection, draw: str) -> list[Tickets]:
    """Return the tickets that the office has given out, in the order of their numbers."""
    asked = sa.select(ticket).where(ticket.c.draw == draw, _ARE_THE_OFFICES).order_by(*ticket.primary_key)
    rows: Iterable[Any] = connection.execute(asked)
    return [Tickets(row.draw, row.ref, row.holder, int(row[3]), int(row.points), row.order) for row in rows]


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
