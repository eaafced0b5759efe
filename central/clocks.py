"""How units' clocks are wrong, as far as the books show it: nothing about money goes by them, but people read times."""

from collections.abc import Iterator
from typing import Final

import msgspec
import sqlalchemy as sa

from central import store
from central.reconcile import entry

SECOND_MS: Final = 1_000


class ClockLine(msgspec.Struct, frozen=True):
    """What is known of one unit's clock.

    Attributes:
        says: how far the unit itself believes it, as it said last.
        ahead_s: so far ahead of the centre's time was the last that arrived. Nothing arrives before it was written, so
            the clock was at least so much fast.
        back_s: so long before an earlier entry of the same unit was the last written, as the unit says: its clock was
            set back.
    """

    unit: str
    says: str
    ahead_s: int
    back_s: int


def read_clocks(engine: sa.Engine) -> list[ClockLine]:
    """Return what the books show of every unit's clock, by name; of what has been added up."""
    with store.reading(engine) as connection:
        return list(_clocks(connection))


def _clocks(connection: sa.Connection) -> Iterator[ClockLine]:
    for row in connection.execute(sa.select(store.unit).order_by(store.unit.c.name)).mappings():
        report = msgspec.json.decode(row["report"]) if row["report"] else {}
        mine = entry.c.writer == row["name"]
        latest, ever = connection.execute(sa.select(sa.func.max(entry.c.n), sa.func.max(entry.c.at)).where(mine)).one()
        at = connection.execute(sa.select(sa.func.max(entry.c.at)).where(mine, entry.c.n == latest)).scalar()
        came = connection.execute(sa.select(store.segment.c.received_ms).where(store.segment.c.n == latest)).scalar()
        ahead_ms, back_ms = (at - came, ever - at) if at is not None and came is not None else (0, 0)
        ahead_s, back_s = (max(0, span) // SECOND_MS for span in (ahead_ms, back_ms))
        yield ClockLine(row["name"], report.get("clock", ""), ahead_s, back_s)
