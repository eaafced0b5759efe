"""What has run out goes: what is free at once, what lies at units once they have given it back.

A unit that was not heard since may have let somebody pay on a day on which the money was still good. As long as that
can be, so much is left alone: it is never guessed, and nobody's money runs out because a unit had no network.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
import sqlalchemy as sa

from central import ledger, reconcile, store
from central.calendar import day_at, utc_offset_minutes
from central.centre import Centre
from central.granting import unheard, waits_for
from programs.coin.lots import books, notes
from programs.coin.lots.facts import Expired
from programs.coin.lots.fold import Purse
from programs.coin.lots.statement import AtUnit, at_units
from sync.facts import UnitState
from sync.messages import OFFICE_STREAM, ONE_UNIT
from sync.program import town_day
from sync.rights import Recall

_AT_ONCE: Final = 100  # purses in one transaction: units are not to wait for the end of a whole town


class TooEarlyError(Exception):
    """Nothing can run out yet; the message says why."""


class Holding(msgspec.Struct, frozen=True):
    """What a unit may give out of a purse.

    Attributes:
        heard: the last day of which something was heard of this life of the unit; 0, if nothing more will be.
        answers: it would hear a recall.
        is_asked: there is one already that it may not have heard.
    """

    at: AtUnit
    heard: int
    answers: bool
    is_asked: bool


class Plan(msgspec.Struct, frozen=True):
    """What is to be done about a purse. `waiting`: what has run out, but cannot go yet."""

    expired: tuple[Expired, ...] = ()
    recalls: tuple[Recall, ...] = ()
    waiting: int = 0


class Outcome(msgspec.Struct, frozen=True):
    """What was done about all purses, in yen."""

    lots: int = 0
    expired_yen: int = 0
    recalled_yen: int = 0
    waiting_yen: int = 0


def plan(what: str, purse: Purse, day: int, free: int, holdings: Sequence[Holding]) -> Plan:
    """Decide what goes on a day, and what is asked back.

    Args:
        free: what lies at no unit.
    """
    late = sorted((lot for lot in purse.lots if lot.left and lot.has_run_out(day)), key=lambda lot: lot.expires)
    total = sum(lot.left for lot in late)
    going = max((_sure(purse, last, holdings) for last in {lot.expires for lot in late}), default=0)
    going = rest = max(0, min(free, going))
    expired: list[Expired] = []
    for lot in late:
        if share := min(lot.left, rest):
            expired.append(Expired(what, share, lot.id, day))
            rest -= share
    missing = total - going - sum(holding.at.yen for holding in holdings if not holding.answers)
    recalls: list[Recall] = []
    for holding in holdings:
        share = max(0, min(holding.at.yen, missing)) if holding.answers else 0
        missing -= share
        if share and not holding.is_asked:
            recalls.append(Recall(holding.at.unit, holding.at.life, what, share))
    return Plan(tuple(expired), tuple(recalls), total - going)


def _sure(purse: Purse, last: int, holdings: Sequence[Holding]) -> int:
    """Return what has run out up to a day, without what units may have given out by then and nobody knows of."""
    unsure = sum(holding.at.yen for holding in holdings if holding.heard <= last)
    return sum(lot.left for lot in purse.lots if 0 < lot.expires <= last) - unsure


def expire(centre: Centre, day: int) -> Outcome:
    """Let everything go that has run out before a day, as far as that is certain; done again, it does nothing more.

    Raises:
        TooEarlyError: the day is still to come, or this centre was restored and has not heard everybody yet.
    """
    with centre.reconciler.counted() as connection:
        if day > day_at(connection, centre.town.clock.wall_ms()):
            raise TooEarlyError("that day is still to come")
        names = _with_dates(connection, day)
    outcome, done = Outcome(), set[str]()
    for at in range(0, len(names), _AT_ONCE):
        with centre.reconciler.counted() as connection:
            if silent := unheard(connection):
                raise TooEarlyError(waits_for(silent))
            for name in names[at : at + _AT_ONCE]:
                for what, purse in books.purses(connection, name).items() if name not in done else ():
                    outcome = _carry_out(connection, centre, _plan_for(connection, what, purse, day), outcome)
                    done.add(what)
    return outcome


def _carry_out(connection: sa.Connection, centre: Centre, plan: Plan, outcome: Outcome) -> Outcome:
    if plan.expired:
        centre.streams.append(connection, OFFICE_STREAM, plan.expired)
    for recall in plan.recalls:
        centre.streams.append_for(connection, recall.of, [recall])
    return Outcome(
        outcome.lots + len(plan.expired),
        outcome.expired_yen + sum(fact.yen for fact in plan.expired),
        outcome.recalled_yen + sum(recall.amount for recall in plan.recalls),
        outcome.waiting_yen + plan.waiting,
    )


def _plan_for(connection: sa.Connection, what: str, purse: Purse, day: int) -> Plan:
    free = ledger.balance(connection, ledger.free(what))
    return plan(what, purse, day, free, list(_holdings(connection, what)))


def _with_dates(connection: sa.Connection, day: int) -> list[str]:
    """Return the purses into which something came that has run out by now."""
    what, expires = notes.detail.c.what, notes.detail.c.expires
    asked = sa.select(what).where(expires > 0, expires < day).distinct().order_by(what)
    return list(connection.execute(asked).scalars())


def _holdings(connection: sa.Connection, what: str) -> Iterator[Holding]:
    offset = utc_offset_minutes(connection)
    for at in at_units(connection, what):
        unit = connection.execute(sa.select(store.unit).where(store.unit.c.name == at.unit)).mappings().one_or_none()
        is_alive = unit is not None and unit["state"] == UnitState.ACTIVE and unit["epoch"] == at.life
        heard = connection.execute(sa.select(notes.heard.c.at).where(notes.heard.c.unit == at.unit)).scalar()
        day = town_day(heard, offset) if is_alive and heard is not None else 0
        yield Holding(at, day, is_alive, _is_asked(connection, what, at))


def _is_asked(connection: sa.Connection, what: str, at: AtUnit) -> bool:
    """Tell whether a unit was asked for some of it, and has brought nothing since that could be the answer."""
    asked = (
        sa.select(reconcile.entry.c.n)
        .join(
            notes.recall,
            (notes.recall.c.boot == reconcile.entry.c.boot) & (notes.recall.c.seq == reconcile.entry.c.seq),
        )
        .where(reconcile.entry.c.writer == ONE_UNIT + at.unit)
        .where(notes.recall.c.what == what, notes.recall.c.unit == at.unit, notes.recall.c.life == at.life)
    )
    latest = sa.select(sa.func.max(store.branch.c.grown_n)).where(store.branch.c.writer == at.unit)
    return (connection.execute(asked).scalar() or 0) > (connection.execute(latest).scalar() or 0)
