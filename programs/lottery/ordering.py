"""Orders of units become tickets: the office alone says so, for points that are there, in the order of the orders.

An order whose points are not there yet waits until the closing: points that arrive late can still pay for it. One that
reaches the centre after the list is frozen is no ticket, and costs nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from central import heirs, ledger, reconcile, store
from central.centre import Centre
from central.reconcile import statements
from programs.lottery.entries import Rules, Tickets
from programs.lottery.errors import DrawError
from programs.lottery.office import ByPhone, Order, course_of, order, orders_of, tickets_of
from programs.lottery.rules import Said
from sync.directory import card_key, unit_key
from sync.entries import EntryId
from sync.facts import CardSet, CardState, UnitSet, UnitState
from sync.messages import OFFICE_STREAM

COUNTER: Final = "lottery"
_SECOND_MS: Final = 1_000


class Why(StrEnum):
    """Why an order is no ticket, or not yet."""

    POINTS = "points"
    CAP = "cap"
    CARD = "card"
    LATE = "late"


class Waiting(msgspec.Struct, frozen=True):
    """An order that is no ticket yet, and why."""

    order: EntryId | ByPhone
    count: int
    why: Why


class Silent(msgspec.Struct, frozen=True):
    """A unit whose orders may be missing. `unsent`: how many entries it had to send at its last contact, if ever."""

    unit: str
    contact_ms: int | None
    unsent: int


class Taken(msgspec.Struct, frozen=True):
    """What became of orders: those that are tickets from now on, and the others."""

    tickets: tuple[Tickets, ...]
    waiting: tuple[Waiting, ...]


def take_orders(centre: Centre, draw: str, *, is_trial: bool = False) -> Taken:
    """Turn orders that have arrived into tickets, as far as there are the points for them.

    Args:
        is_trial: say what would be written, and write nothing.

    Raises:
        DrawError: there is no such draw, or its list is frozen.
    """
    with centre.reconciler.counted() as connection:
        course = course_of(connection, draw)
        if course.announced is None or course.closed:
            raise DrawError(
                f"抽選「{draw}」は受け付けていません。show で確かめてください。",
                f"No tickets of the draw {draw} are given out: see show.",
            )
        taken = taken_in(connection, course.announced[1].rules)
        if taken.tickets and not is_trial:
            centre.streams.append(connection, OFFICE_STREAM, taken.tickets)
    return taken


def taken_in(connection: sa.Connection, rules: Rules) -> Taken:
    """Return which orders are tickets, by the books as they stand; the caller writes them in the same transaction."""
    before = tickets_of(connection, rules.draw)
    known = {one.order for one in before}
    orders = [one for one in orders_of(connection, rules.draw) if str(one.id) not in known]
    books = _Books(connection, rules, before, orders)
    found = [books.take(one) for one in orders]
    tickets = tuple(one for one in found if isinstance(one, Tickets))
    return Taken(tickets, tuple(one for one in found if isinstance(one, Waiting)))


def take_one(connection: sa.Connection, rules: Rules, order: Order) -> Tickets | Why:
    """Return the tickets that one order is, or why it is none; the caller writes them in the same transaction."""
    taken = _Books(connection, rules, tickets_of(connection, rules.draw), [order]).take(order)
    return taken.why if isinstance(taken, Waiting) else taken


class _Books:
    """What is left of everybody's points and cap, one order after the other."""

    def __init__(
        self, connection: sa.Connection, rules: Rules, before: Sequence[Tickets], orders: Sequence[Order]
    ) -> None:
        self._rules = rules
        self._refs = _refs({one.ref for one in before})
        self._holders = holders_of(connection, {one.card for one in orders})
        accounts = {ledger.points(holder) for holder in self._holders.values()}
        self._left = ledger.balances(connection, sorted(accounts))
        self._held: dict[str, int] = {}
        for one in before:
            self._held[one.holder] = self._held.get(one.holder, 0) + one.count
        said = statements(connection, [card_key(holder) for holder in sorted(set(self._holders.values()))])
        facts = [one.fact for one in said.values()]
        self._good = {one.card for one in facts if isinstance(one, CardSet) and one.state is CardState.ACTIVE}

    def take(self, order: Order) -> Tickets | Waiting:
        holder, cost = self._holders[order.card], order.count * self._rules.cost_points
        account = ledger.points(holder)
        if why := self._refuses(order, holder, cost, account):
            return Waiting(order.id, order.count, why)
        self._left[account] -= cost
        self._held[holder] = self._held.get(holder, 0) + order.count
        return Tickets(self._rules.draw, next(self._refs), holder, order.count, cost, str(order.id))

    def _refuses(self, order: Order, holder: str, cost: int, account: str) -> Why | None:
        if order.at >= self._rules.close_at * _SECOND_MS:
            return Why.LATE
        if holder not in self._good:
            return Why.CARD
        if self._held.get(holder, 0) + order.count > self._rules.cap:
            return Why.CAP
        return Why.POINTS if self._left[account] < cost else None


def holders_of(connection: sa.Connection, cards: Iterable[str]) -> dict[str, str]:
    """Return which card has the points of each card: of one that was lost, the next one."""
    accounts = {card: ledger.points(card) for card in cards}
    now = heirs.follow(connection, set(accounts.values()))
    return {card: now[account].removeprefix(ledger.points("")) for card, account in accounts.items()}


def _refs(known: set[str]) -> Iterator[str]:
    """Yield numbers for tickets that were paid with points; none that is taken."""
    number = 0
    while True:
        number += 1
        if (ref := f"P{number:05d}") not in known:
            yield ref


def silent_stands(connection: sa.Connection, close_at: int) -> list[Silent]:
    """Return the units that take orders and have not been heard since the closing, or have more to send."""
    seen = [Silent(row.name, row.contact_ms, _unsent(row.report)) for row in _stands(connection)]
    return [one for one in seen if one.unsent or (one.contact_ms or 0) < close_at * _SECOND_MS]


def stands(connection: sa.Connection) -> list[str]:
    """Return the units at which tickets are ordered and prizes fetched."""
    return [row.name for row in _stands(connection)]


def _stands(connection: sa.Connection) -> list[sa.Row[Any]]:
    asked = sa.select(store.unit).where(store.unit.c.state != UnitState.CLOSED).order_by(store.unit.c.name)
    rows = list(connection.execute(asked))
    said = statements(connection, [unit_key(row.name) for row in rows])
    facts = (one.fact for one in said.values())
    names = {fact.name for fact in facts if isinstance(fact, UnitSet) and fact.counter == COUNTER}
    return [row for row in rows if row.name in names]


def _unsent(report: str | None) -> int:
    return int(msgspec.json.decode(report).get("unsent") or 0) if report else 0


def came_late(connection: sa.Connection, rules: Rules, closed: Said) -> int:
    """Return how many tickets were ordered in time and arrived when the list was frozen: they are none."""
    entry = reconcile.entry.c
    freezing = sa.select(entry.n).where(entry.writer == closed.unit, entry.boot == closed.boot, entry.seq == closed.seq)
    same = sa.and_(entry.writer == order.c.writer, entry.boot == order.c.boot, entry.seq == order.c.seq)
    asked = (
        sa.select(sa.func.coalesce(sa.func.sum(order.c["count"]), 0))
        .join(reconcile.entry, same)
        .where(order.c.draw == rules.draw, order.c.at < rules.close_at * _SECOND_MS)
        .where(entry.n > freezing.scalar_subquery())
    )
    return int(connection.execute(asked).scalar_one())
