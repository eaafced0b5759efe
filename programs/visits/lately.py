"""Where a card was touched last, for the desk: its holder asks, and who looked is noted there. Small numbers or not."""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa

from central.lately import Done, Lately
from central.places import called
from programs.visits.tables import visit

_LAST: Final = (
    sa.select(visit.c.place, visit.c.first_at, visit.c.touches)
    .where(visit.c.card == sa.bindparam("of"))
    .order_by(visit.c.day.desc(), visit.c.first_at.desc(), visit.c.place, visit.c.service)
    .limit(sa.bindparam("count"))
)


class VisitsLately:
    """See `central.lately.Lately`."""

    def lately(self, connection: sa.Connection, card: str, limit: int) -> Sequence[Done]:
        return [
            Done(row.first_at, *_named(connection, row.place), *_touches(row.touches))
            for row in connection.execute(_LAST, {"of": card, "count": limit}).all()
        ]


def _named(connection: sa.Connection, place: str) -> tuple[str, str]:
    said = called(connection, place)
    return said.name, said.name_en


def _touches(number: int) -> tuple[str, str]:
    return ("タッチ", "a touch") if number == 1 else (f"タッチ(その日 {number}回)", f"{number} touches on that day")


LATELY: Final[Lately] = VisitsLately()
