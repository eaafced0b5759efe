"""Asks the books for months of payments and charges: whatever leaves this file has passed `hiding`."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import sqlalchemy as sa

from central import store
from central.console.books import where
from central.reconcile import entry
from programs.coin.lots.notes import detail
from programs.coin.settlement.tables import line
from programs.coin.turnover.counting import WAYS, Calendar, Charge, Counted, Line, count
from programs.coin.turnover.hiding import Shown, shown
from programs.coin.turnover.tables import payer
from sync.months import first_day
from sync.program import day_begins_ms

TAKEN_BACK: Final = ("coin.void", "coin.insured-void", "coin.refund", "coin.shop-refund")
PUT_RIGHT: Final = ("coin.compensated", "coin.repaid", "coin.counter-unproven")
KINDS: Final = (*WAYS, *TAKEN_BACK, *PUT_RIGHT)
"""What moves shops' money but for what they move among themselves, and what the bank does."""

_CHARGES: Final = ("coin.charge", "coin.undo")
_IN_ONE_QUESTION: Final = 500

_IN_MONTH: Final = sa.and_(entry.c.at >= sa.bindparam("since"), entry.c.at < sa.bindparam("until"))
_LINES: Final = (
    sa.select(
        *(entry.c.writer, entry.c.at, store.segment.c.received_ms, entry.c.kind),
        *(sa.func.coalesce(entry.c.card, ""), line.c.place, line.c.yen),
    )
    .join(line, sa.and_(*(line.c[name] == entry.c[name] for name in ("writer", "boot", "seq"))))
    .join(store.segment, store.segment.c.n == entry.c.n)
    .where(entry.c.kind.in_(KINDS), _IN_MONTH)
)
_SAME: Final = sa.and_(detail.c.unit == entry.c.writer, *(detail.c[name] == entry.c[name] for name in ("boot", "seq")))
_CHARGED: Final = (
    sa.select(entry.c.writer, entry.c.card, sa.func.sum(detail.c.yen))
    .join(detail, _SAME)
    .where(entry.c.kind.in_(_CHARGES), _IN_MONTH)
    .group_by(entry.c.writer, entry.c.card)
)


def calendar_of(month: int, offset_minutes: int) -> Calendar:
    """Return when a month begins and is over."""
    begins, ends = (day_begins_ms(first_day(one), offset_minutes) for one in (month, month + 1))
    return Calendar(begins, ends, offset_minutes)


def read_month(connection: sa.Connection, month: int, offset_minutes: int) -> Shown:
    """Return what may be shown of a month to whoever settles with the shops."""
    return shown(counted(connection, month, offset_minutes))


def counted(connection: sa.Connection, month: int, offset_minutes: int) -> Counted:
    """Return all of it; for `documents`, and nobody else."""
    calendar = calendar_of(month, offset_minutes)
    span = {"since": calendar.begins_ms, "until": calendar.ends_ms}
    rows: Any = connection.execute(_LINES, span)
    lines = [Line(*row) for row in rows]
    first_ms = _first_ms(connection, sorted({one.card for one in lines if one.kind in WAYS}))
    return count(lines, _charges(connection, span), first_ms, calendar)


def _first_ms(connection: sa.Connection, cards: Sequence[str]) -> dict[str, int]:
    """Return when each of some cards paid for the first time ever."""
    found: dict[str, int] = {}
    for start in range(0, len(cards), _IN_ONE_QUESTION):
        asked = sa.select(payer.c.card, payer.c.first_at).where(
            payer.c.card.in_(cards[start : start + _IN_ONE_QUESTION])
        )
        found |= {card: int(at) for card, at in connection.execute(asked)}
    return found


def _charges(connection: sa.Connection, span: dict[str, int]) -> Iterator[Charge]:
    """Yield what was charged on each card at each place where a desk stands today."""
    places: dict[str, str] = {}
    for unit, card, yen in connection.execute(_CHARGED, span).all():
        if unit not in places:
            places[unit] = where(connection, unit).place
        if yen:
            yield Charge(card, places[unit], int(yen))
