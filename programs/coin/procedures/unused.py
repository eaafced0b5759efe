"""What was on cards and unused at the end of a day, by what had arrived by then: the same whenever it is asked."""

from typing import Final

import msgspec
import sqlalchemy as sa

from central import ledger, store
from central.calendar import utc_offset_minutes
from central.centre import Centre
from central.reconcile import entry
from programs.coin.agreed import agreed_in
from programs.coin.insured.facts import FUND
from programs.coin.law import Regime
from sync.program import day_begins_ms

_CARDS: Final = ("coin/", "suspense/")


class NotOverError(Exception):
    """That day is not over; the message says so."""


class Unused(msgspec.Struct, frozen=True):
    """What is unused at the end of a day.

    Attributes:
        yen: on all cards together, wherever it lies, also what is in suspense after a loss.
        since: what went onto cards since the end of the other day, and off them (below zero), by where it came from or
            went: "cash", "shop", "fund", "issuer".
        regime: who issues the coin, by the terms.
        reports: whether the law asks for a report of it on base dates.
        to_secure: how much has to be deposited by it.
    """

    yen: int
    since: dict[str, int]
    regime: Regime
    reports: bool
    to_secure: int


def unused(centre: Centre, day: int, since_day: int) -> Unused:
    """Add up what had arrived at the centre by the end of a day in the town.

    Args:
        day, since_day: days since 1970-01-01; what went on and off is counted from the end of `since_day` on.

    Raises:
        NotOverError: something may still arrive on that day.
    """
    with centre.reconciler.counted() as connection:
        minutes = utc_offset_minutes(connection)
        until, since = (end_of(at, minutes) for at in (day, since_day))
        if until > centre.town.clock.wall_ms():
            raise NotOverError("name a day that is over: what arrives before midnight counts, too")
        law = agreed_in(connection).terms.law
        yen = sum(flows(connection, 0, until).values())
        return Unused(yen, flows(connection, since, until), law.regime, law.duties.reports, law.to_secure(yen))


def end_of(day: int, utc_offset_minutes: int) -> int:
    """Return the moment at which a day of the town is over (Unix milliseconds)."""
    return day_begins_ms(day + 1, utc_offset_minutes)


def flows(connection: sa.Connection, since_ms: int, until_ms: int) -> dict[str, int]:
    """Return what went onto cards, less what went off them, by the kind of account on the other side."""
    line, came = ledger.posting, store.segment.c.received_ms
    is_its_entry = (line.c.writer == entry.c.writer) & (line.c.boot == entry.c.boot) & (line.c.seq == entry.c.seq)
    asked = (
        sa.select(line.c.source, line.c.target, sa.func.sum(line.c.amount).label("yen"))
        .join(entry, is_its_entry)
        .join(store.segment, store.segment.c.n == entry.c.n)
        .where(came >= since_ms, came < until_ms)
        .group_by(line.c.source, line.c.target)
    )
    found: dict[str, int] = {}
    for row in connection.execute(asked):
        source, target = (name.removeprefix(ledger.SHORT) for name in (row.source, row.target))
        of_card, to_card = (name.startswith(_CARDS) and not name.endswith(FUND) for name in (source, target))
        if to_card and not of_card:
            kind, yen = source.partition("/")[0], int(row.yen)
        elif of_card and not to_card:
            kind, yen = target.partition("/")[0], -int(row.yen)
        else:
            continue
        found[kind] = found.get(kind, 0) + yen
    return dict(sorted(found.items()))
