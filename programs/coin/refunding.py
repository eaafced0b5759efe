"""Whether a payment can be given back, and the entry that does it.

On the day of a payment the shop itself takes it back (a void), and as long as the payment says so it gives some of it
back. What it did without a network may still be on its way; so nothing is refunded before the unit has been heard from
a later day than that: what it wrote before is then here.
"""

from typing import Final

import sqlalchemy as sa

from central.branches import Branches
from central.calendar import day_at
from central.centre import Centre
from central.reconcile import entry as index
from programs.coin.entries import Pay
from programs.coin.office import OFFICE
from programs.coin.online.books import is_ours
from programs.coin.online.facts import PaidOnline
from programs.coin.refunds.books import Back, given_back
from programs.coin.refunds.facts import Refund, points_back
from programs.coin.rules import PROGRAM
from sync.days import date_of
from sync.entries import Entry
from sync.messages import OFFICE_STREAM

_ANY_LIFE: Final = 0


class RefundError(Exception):
    """This cannot be given back; the message says why, and nothing was booked."""


def refund(centre: Centre, of: str, yen: int, reason: str, *, although_unheard: bool = False) -> Refund:
    """Give a payment back, whole or in part.

    Args:
        of: the payment's entry, as on the receipt (unit/boot/seq).
        although_unheard: the unit is lost for good; a void that it made and never sent would be given back twice.

    Raises:
        RefundError: there is no such payment, it is void, so much of it is not left, or its unit is not heard yet.
    """
    with centre.reconciler.counted() as connection:
        paid = _payment(centre, connection, of)
        if not (although_unheard or is_ours(paid)):  # nobody makes void what the centre itself has written
            _make_sure_it_was_heard(connection, paid)
        decided = decide(paid, given_back(connection, of), yen, reason, is_void=_is_void(connection, paid))
        centre.streams.append(connection, OFFICE_STREAM, [decided])
    return decided


def decide(paid: Entry, back: Back, yen: int, reason: str, *, is_void: bool) -> Refund:
    """Return the refund of a payment of which something was given back already.

    Raises:
        RefundError: as `refund`.
    """
    fact = paid.fact
    if not isinstance(fact, Pay | PaidOnline):
        raise RefundError(f"{_name(paid)} is no payment, but {paid.kind}")
    if is_void:
        raise RefundError(f"{_name(paid)} was made void on its day: the money is back already")
    left = fact.yen - back.yen
    if not 1 <= yen <= left:
        raise RefundError(f"{_name(paid)} was {fact.yen} yen, and {left} of them can still be given back, not {yen}")
    points = points_back(fact.points, fact.yen, back.yen + yen) - back.points
    return Refund(_name(paid), fact.card, fact.place, yen, points, reason, _issue(fact))


def _issue(fact: Pay | PaidOnline) -> str:
    return fact.issue if isinstance(fact, Pay) else ""


def _payment(centre: Centre, connection: sa.Connection, of: str) -> Entry:
    unit, boot, seq = _place(of)
    body = Branches(connection, unit, _ANY_LIFE).body_at(boot, seq)
    if body is None:
        raise RefundError(f"{of} is not here; if it is on a receipt, its unit has not sent it yet")
    return centre.town.register.decode(body)


def _place(of: str) -> tuple[str, str, int]:
    try:
        unit, boot, seq = of.split("/")
        return unit, boot, int(seq)
    except ValueError as error:
        raise RefundError(f'"{of}" is no entry; it is written unit/boot/number, as on the receipt') from error


def _is_void(connection: sa.Connection, paid: Entry) -> bool:
    if not isinstance(paid.fact, PROGRAM.kinds):
        return False
    purse = OFFICE.state(connection, PROGRAM.key(paid))
    return any(one.entry == f"{paid.boot}/{paid.seq}" and one.is_void for one in purse.paid)


def _make_sure_it_was_heard(connection: sa.Connection, paid: Entry) -> None:
    last = connection.execute(sa.select(sa.func.max(index.c.at)).where(index.c.writer == paid.unit)).scalar()
    shops = max(getattr(paid.fact, "day", 0), getattr(paid.fact, "returns", 0))
    if day_at(connection, last or 0) <= shops:
        raise RefundError(
            f"{paid.unit} has sent nothing of a later day than {date_of(shops)} yet: until then the shop"
            " makes a payment void or gives it back, and what it did without a network may still be on its way"
        )


def _name(entry: Entry) -> str:
    return f"{entry.unit}/{entry.boot}/{entry.seq}"
