"""What people did today, in three numbers: by the town's calendar and the units' clocks, as far as it has arrived."""

from typing import Final

import msgspec
import sqlalchemy as sa

from central import ledger
from central.console.moment import Moment
from central.ledger import POINTS
from central.reconcile import entry
from sync import installed
from sync.entries import Fact, kind_of
from sync.program import DAY_MS, day_begins_ms, town_day
from sync.touches import Paying, Touched


class Today(msgspec.Struct, frozen=True):
    """Touches and payments of today's day, and the points that were given by them or by the office on it."""

    touches: int
    payments: int
    points: int


def _kinds(of: type[Fact]) -> list[str]:
    return sorted({kind_of(kind) for kind in installed.facts() if issubclass(kind, of)})


TOUCHES: Final = _kinds(Touched)
"""The kinds of entry that are a touch, whatever it was for."""

_PAYMENTS: Final = _kinds(Paying)
_SAME: Final = sa.and_(*(ledger.posting.c[name] == entry.c[name] for name in ("writer", "boot", "seq")))


def today(connection: sa.Connection, moment: Moment) -> Today:
    """Return the numbers of the day in which a moment is."""
    begin_ms = day_begins_ms(town_day(moment.now_ms, moment.offset_minutes), moment.offset_minutes)
    is_today = entry.c.at.between(begin_ms, begin_ms + DAY_MS - 1)
    asked = sa.select(entry.c.kind, sa.func.count()).where(entry.c.kind.in_([*TOUCHES, *_PAYMENTS]), is_today)
    found = {kind: int(count) for kind, count in connection.execute(asked.group_by(entry.c.kind))}
    given = sa.select(sa.func.coalesce(sa.func.sum(ledger.posting.c.amount), 0)).join(entry, _SAME)
    points = connection.execute(given.where(is_today, ledger.posting.c.source == POINTS)).scalar_one()
    touches, payments = (sum(found.get(kind, 0) for kind in kinds) for kinds in (TOUCHES, _PAYMENTS))
    return Today(touches, payments, int(points))
