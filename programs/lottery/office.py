"""The draws at the centre: whose tickets there are, and how far each draw has come."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, MetaData, Table, Text

from central.kept import Kept
from central.office import Office, Unmoved
from central.upsert import Upsert
from programs.lottery.entries import Tickets
from programs.lottery.rules import DRAWS, Course, Held
from sync.entries import Entry
from sync.messages import OFFICE_STREAM

metadata = MetaData()

ticket = Table(
    "lottery_ticket",
    metadata,
    Column("draw", Text, primary_key=True),
    Column("ref", Text, primary_key=True),
    Column("holder", Text, primary_key=True),
    Column("count", BigInteger, primary_key=True),
    Column("writer", Text, primary_key=True),
    sa.Index("lottery_ticket_by_holder", "draw", "holder"),
)
course = Table("lottery_draw", metadata, Column("key", Text, primary_key=True), Column("state", Text, nullable=False))

_ADD: Final = Upsert(ticket, lambda new: {"count": new["count"]})
_COURSES: Final = Kept(course, DRAWS)
_ARE_THE_OFFICES: Final = ticket.c.writer == OFFICE_STREAM


class Lottery(Unmoved):
    """The draws, for the office."""

    name: str = "lottery"
    version: int = 1
    metadata: MetaData = metadata

    def record(self, connection: sa.Connection, entries: Sequence[Entry]) -> None:
        rows = {_row(entry.fact, entry.unit) for entry in entries if isinstance(entry.fact, Tickets)}
        _ADD(connection, [dict(zip(ticket.columns.keys(), row, strict=True)) for row in sorted(rows)])
        _COURSES.note(connection, (entry for entry in entries if entry.unit == OFFICE_STREAM))

    def state(self, connection: sa.Connection, key: str) -> Any:
        draw, _, holder = key.partition("/")
        asked = sa.select(ticket.c.ref, ticket.c["count"]).distinct()
        rows = connection.execute(asked.where(ticket.c.draw == draw, ticket.c.holder == holder))
        return Held(tuple(sorted((row[0], int(row[1])) for row in rows)))

    def figures(self, connection: sa.Connection) -> Mapping[str, int]:
        tickets = sa.select(sa.func.coalesce(sa.func.sum(ticket.c["count"]), 0)).where(_ARE_THE_OFFICES)
        draws = sa.select(sa.func.count()).select_from(course)
        return {
            "draws": int(connection.execute(draws).scalar_one()),
            "tickets": int(connection.execute(tickets).scalar_one()),
        }


def _row(fact: Tickets, writer: str) -> tuple[str, str, str, int, str]:
    return fact.draw, fact.ref, fact.holder, fact.count, writer


def tickets_of(connection: sa.Connection, draw: str) -> list[Tickets]:
    """Return the tickets that the office has given out, in the order of their numbers."""
    asked = sa.select(ticket).where(ticket.c.draw == draw, _ARE_THE_OFFICES).order_by(*ticket.primary_key)
    rows: Iterable[Any] = connection.execute(asked)
    return [Tickets(row.draw, row.ref, row.holder, int(row[3])) for row in rows]


def course_of(connection: sa.Connection, draw: str) -> Course:
    """Return how far a draw has come."""
    return _COURSES.state(connection, draw)


def courses(connection: sa.Connection) -> dict[str, Course]:
    """Return how far each draw has come."""
    names = connection.execute(sa.select(course.c.key).order_by(course.c.key)).scalars().all()
    return _COURSES.states(connection, names)


OFFICE: Final[Office] = Lottery()
