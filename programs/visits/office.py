"""What is used in the town, by place, service and day, and which months were published, with what was known then.

By age it is counted once, when a month is published: the office says the numbers, and they are kept as they were said.

A visit is the first touch of a card there on that day.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from central.office import Office, Unmoved
from programs.visits import tables
from programs.visits.books import read_month, spots
from programs.visits.documents import document
from programs.visits.entries import Aged, Published, Touch
from programs.visits.rules import Day
from programs.visits.tables import first, published, visit
from sync.entries import Entry, kind_of
from sync.messages import OFFICE_STREAM
from sync.touches import Touched

_SERVICE: Final = kind_of(Touch).partition(".")[0]


class Visits(Unmoved):
    """The visits, for the office."""

    name: str = "visits"
    version: int = 3
    metadata: sa.MetaData = tables.metadata

    def record(self, connection: sa.Connection, entries: Sequence[Entry]) -> None:
        behind = 0
        for number, entry in enumerate(entries):
            if entry.unit == OFFICE_STREAM and isinstance(entry.fact, Aged | Published):
                _record(connection, entries[behind:number])
                behind = number
                _hear(connection, entry.fact)
        _record(connection, entries[behind:])

    def state(self, connection: sa.Connection, key: str) -> Any:
        card, _, day = key.partition("/")
        asked = sa.select(visit.c.place).where(
            visit.c.card == card, visit.c.day == int(day), visit.c.service == _SERVICE
        )
        return Day(tuple(sorted(connection.execute(asked).scalars())))

    def figures(self, connection: sa.Connection) -> Mapping[str, int]:
        asked = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(visit.c.touches), 0)).select_from(visit)
        visits, touches = connection.execute(asked).one()
        return {"visits": int(visits), "touches": int(touches)}


def _record(connection: sa.Connection, entries: Iterable[Entry]) -> None:
    touches: Counter[tuple[str, int, str, str]] = Counter()
    first_at: dict[tuple[str, int, str, str], int] = {}
    first_day: dict[tuple[str, str, str], int] = {}
    for entry in entries:
        if isinstance(entry.fact, Touched):
            key = (entry.fact.card, entry.fact.day, entry.fact.place, entry.fact.service)
            touches[key] += 1
            first_at[key] = min(first_at.get(key, entry.at), entry.at)
    rows = [
        {"card": card, "day": day, "place": place, "service": service, "touches": number, "first_at": first_at[key]}
        for key, number in sorted(touches.items())
        for card, day, place, service in [key]
    ]
    for card, day, place, service in touches:
        spot = (place, service, card)
        first_day[spot] = min(first_day.get(spot, day), day)
    tables.ADD_VISITS(connection, rows)
    names = first.columns.keys()
    tables.ADD_FIRSTS(
        connection, [dict(zip(names, (*spot, day), strict=True)) for spot, day in sorted(first_day.items())]
    )


def _is_published(connection: sa.Connection, month: int) -> bool:
    return connection.execute(sa.select(published.c.month).where(published.c.month == month)).first() is not None


def _hear(connection: sa.Connection, said: Aged | Published) -> None:
    if isinstance(said, Aged):
        _keep(connection, said)
    else:
        _publish(connection, said)


def _keep(connection: sa.Connection, said: Aged) -> None:
    """Keep what was said of a month by age, until the month is published: what is said afterwards comes too late."""
    if not _is_published(connection, said.month):
        place = {"month": said.month, "place": said.place, "service": said.service}
        tables.KEEP_AGED(connection, [place | {"said": msgspec.json.encode(said).decode()}])


def _publish(connection: sa.Connection, said: Published) -> None:
    """Keep the document as it follows from what had arrived before: of a month the first one stays."""
    if _is_published(connection, said.month):
        return
    text = document(read_month(connection, said.month, said.offset_minutes, spots(connection))).decode()
    fact = msgspec.json.encode(said).decode()
    connection.execute(sa.insert(published).values(month=said.month, said=fact, document=text))


OFFICE: Final[Office] = Visits()
