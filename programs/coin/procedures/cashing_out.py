"""Cash for what is on a card: only if the town has switched it on, and only as far as the law lets it.

What the town gave away is never given out in cash, and what lies at a unit only once the unit has given it back: then
nobody can spend it any more. The decision and the books it is made by are in one transaction.
"""

import msgspec
import sqlalchemy as sa

from central import ledger, store
from central.calendar import day_at, utc_offset_minutes
from central.centre import Centre
from central.granting import waits_for
from central.reconcile import entry
from programs.coin.agreed import agreed_in
from programs.coin.entries import money
from programs.coin.insured.books import owed_by
from programs.coin.law import Cause, HalfYear, Law, previous_base_date
from programs.coin.lots import books
from programs.coin.postings import OFFICE_CASH
from programs.coin.procedures.unused import end_of, flows
from programs.coin.refunds.facts import CashedOut
from programs.coin.terms import Terms
from sync.days import date_of, day_of
from sync.messages import OFFICE_STREAM


class NoCashError(Exception):
    """Nothing was booked, and no cash is to be handed out; the message says why."""


class Stand(msgspec.Struct, frozen=True):
    """How a card stands.

    Attributes:
        paid_for: what is left of cash that was charged, wherever it lies, less what the card owes the fund.
        free: what lies at no unit, less that too.
    """

    paid_for: int
    free: int


class Outcome(msgspec.Struct, frozen=True):
    """What came of it: the fact, or None if so much lay at units, which were asked for it (`asked_yen`)."""

    done: CashedOut | None
    asked_yen: int = 0


def cash_out(centre: Centre, card: str, yen: int, cause: Cause, because: str) -> Outcome:
    """Book cash that is handed out for what is on a card; if it is not free yet, ask units for it.

    Raises:
        NoCashError: the town or the law does not let it, or so much was not paid for.
    """
    with centre.granter.deal() as deal:
        connection, what = deal.connection, money(card)
        if deal.unheard:
            raise NoCashError(waits_for(deal.unheard))
        day = day_at(connection, centre.town.clock.wall_ms())
        lots = books.purse(connection, what).lots
        owes = max(0, owed_by(connection, card))
        paid_for = sum(lot.left for lot in lots if lot.was_paid_for)
        stand = Stand(max(0, paid_for - owes), deal.free(what) - owes)
        terms = agreed_in(connection).terms
        if why := why_not(terms, cause, yen, stand, half_year(connection, day)):
            raise NoCashError(why)
        if stand.free < yen:
            if not deal.gather(what, yen + owes):
                raise NoCashError(f"{yen - stand.free} yen of it lie at units that cannot be reached now; try later")
            return Outcome(None, yen - stand.free)
        done = CashedOut(card, yen, cause, because, day)
        centre.streams.append(connection, OFFICE_STREAM, [done])
        return Outcome(done)


def why_not(terms: Terms, cause: Cause, yen: int, stand: Stand, half: HalfYear) -> str:
    """Return why somebody cannot get cash for what is on a card; "" if he can."""
    if not terms.cash_out:
        return (
            "この町は現金の払戻しをしていません。 The town gives no cash for coin; if it is to: "
            "machi central coin terms FOLDER --cash-out"
        )
    if yen > stand.paid_for:
        return (
            f"現金で払い戻せるのは、チャージされた分の残り {stand.paid_for}円までです。 Of what is on the card, "
            f"{stand.paid_for} yen were paid for; what the town gave is not given out in cash"
        )
    law: Law = terms.law
    return law.why_no_cash(cause, yen, half)


def half_year(connection: sa.Connection, day: int) -> HalfYear:
    """Return what limits cash for coin on a day, by what had arrived."""
    minutes = utc_offset_minutes(connection)
    today = date_of(day)
    last = previous_base_date(today)
    before = previous_base_date(last)
    until, since = (end_of(day_of(base), minutes) for base in (last, before))
    issued = flows(connection, since, until).get("cash", 0) + _handed_out(connection, since, until)
    unused = sum(flows(connection, 0, until).values())
    return HalfYear(issued, unused, _handed_out(connection, until, end_of(day, minutes)))


def _handed_out(connection: sa.Connection, since_ms: int, until_ms: int) -> int:
    """Return how much cash the office has handed out for coin between two moments."""
    line, came = ledger.posting, store.segment.c.received_ms
    is_its_entry = (line.c.writer == entry.c.writer) & (line.c.boot == entry.c.boot) & (line.c.seq == entry.c.seq)
    asked = (
        sa.select(sa.func.coalesce(sa.func.sum(line.c.amount), 0))
        .join(entry, is_its_entry)
        .join(store.segment, store.segment.c.n == entry.c.n)
        .where(line.c.target == OFFICE_CASH, came >= since_ms, came < until_ms)
    )
    return int(connection.execute(asked).scalar_one())
