"""What is used in the town, by place and day. A visit is the first touch of a card there on that day."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text

from central.office import Office, Unmoved
from central.upsert import Upsert
from programs.visits.entries import Touch
from programs.visits.rules import Day
from sync.entries import Entry

metadata = MetaData()

visit = Table(
    "visits_visit",
    metadata,
    Column("card", Text, primary_key=True),
    Column("day", Integer, primary_key=True),
    Column("place", Text, primary_key=True),
    Column("touches", BigInteger, nullable=False),
    Column("first_at", BigInteger, nullable=False),
)

_ADD: Final = Upsert(
    visit,
    lambda new: {
        "touches": visit.c.touches + new.touches,
        "first_at": sa.case((new.first_at < visit.c.first_at, new.first_at), else_=visit.c.first_at),
    },
)


class Visits(Unmoved):
    """The visits, for the office."""

    name: str = "visits"
    version: int = 1
    metadata: MetaData = metadata

    def record(self, connection: sa.Connection, entries: Sequence[Entry]) -> None:
        touches: Counter[tuple[str, int, str]] = Counter()
        first: dict[tuple[str, int, str], int] = {}
        for entry in entries:
            if isinstance(entry.fact, Touch):
                key = (entry.fact.card, entry.fact.day, entry.fact.place)
                touches[key] += 1
                first[key] = min(first.get(key, entry.at), entry.at)
        rows = [
            {"card": card, "day": day, "place": place, "touches": count, "first_at": first[card, day, place]}
            for (card, day, place), count in sorted(touches.items())
        ]
        _ADD(connection, rows)

    def state(self, connection: sa.Connection, key: str) -> Any:
        card, _, day = key.partition("/")
        asked = sa.select(visit.c.place).where(visit.c.card == card, visit.c.day == int(day))
        return Day(tuple(sorted(connection.execute(asked).scalars())))

    def figures(self, connection: sa.Connection) -> Mapping[str, int]:
        asked = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(visit.c.touches), 0)).select_from(visit)
        visits, touches = connection.execute(asked).one()
        return {"visits": int(visits), "touches": int(touches)}


OFFICE: Final[Office] = Visits()
