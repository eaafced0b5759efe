"""What is used in the town, by place, service and day, and which months were published, with what was known then.

By age it is counted once, when a month is published: the office says the numbers, and they are kept as they were said.

A visit is the first touch of a card there on that day.
"""

import functools
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from central.office import Office, Unmoved
from central.sieve import Sieve
from programs.visits import tables
from programs.visits.books import read_month, spots
from programs.visits.documents import document
from programs.visits.entries import Aged, Published, Touch
from programs.visits.rules import Day
from programs.visits.tables import published, visit
from sync.entries import Entry, kind_of
from sync.messages import OFFICE_STREAM
from sync.touches import Touched

_READ: Final = Sieve(Touched, Aged, Published)
_AGED: Final = Sieve(Aged)
_SERVICE: Final = kind_of(Touch).partition(".")[0]


class Visits(Unmoved):
    """The visits, for the office."""

    name: str = "visits"
    version: int = 3
    metadata: sa.MetaData = tables.metadata

    def record(self, connection: sa.Connection, entries: Sequence[Entry]) -> None:
        for some, said in published.parts(_READ(entries)):
            _record(connection, some)
            if said is not None:
                published.keep(connection, said, functools.partial(_document, connection, said))

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
    touched: dict[tuple[str, int, str, str], list[int]] = defaultdict(list)
    first_day: dict[tuple[str, str, str], int] = {}
    for entry in entries:
        if isinstance(fact := entry.fact, Touched):
            touched[fact.card, fact.day, fact.place, fact.service].append(entry.at)
    for card, day, place, service in touched:
        spot = (place, service, card)
        first_day[spot] = min(first_day.get(spot, day), day)
    tables.ADD_VISITS.lines(connection, ((*key, len(times), min(times)) for key, times in sorted(touched.items())))
    tables.ADD_FIRSTS.lines(connection, ((*spot, day) for spot, day in sorted(first_day.items())))
    for entry in _AGED(entries):
        if isinstance(said := entry.fact, Aged) and entry.unit == OFFICE_STREAM:
            _keep(connection, said)


def _document(connection: sa.Connection, said: Published) -> bytes:
    return document(read_month(connection, said.month, said.offset_minutes, spots(connection)))


def _keep(connection: sa.Connection, said: Aged) -> None:
    """Keep what was said of a month by age, until the month is published: what is said afterwards comes too late."""
    if not published.has(connection, said.month):
        place = {"month": said.month, "place": said.place, "service": said.service}
        tables.KEEP_AGED(connection, [place | {"said": msgspec.json.encode(said).decode()}])


OFFICE: Final[Office] = Visits()
