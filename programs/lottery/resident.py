"""The draws on a resident's own phone: which are open, the own tickets, what they have won; and one more for points.

A ticket is given out at once and for good: here the office itself is asked, which knows all points that have arrived.
"""

from collections.abc import Mapping
from typing import Final

import sqlalchemy as sa

from central import ledger
from central.centre import Centre
from central.resident.draws import Draw, Draws, Prize, Wanted
from central.resident.purse import NotPaidError
from programs.lottery.entries import Rules, Tickets
from programs.lottery.lists import numbers
from programs.lottery.office import ByPhone, Order, course_of, courses, tickets_held
from programs.lottery.ordering import Why, holders_of, take_one
from programs.lottery.prizes import prizes_of
from programs.lottery.rules import Course
from sync.messages import OFFICE_STREAM

SHOWN_DAYS: Final = 90  # after the closing
_DAY_S: Final = 86_400
_SECOND_MS: Final = 1_000
_WHY: Final[Mapping[Why, str]] = {
    Why.POINTS: "draw-points",
    Why.CAP: "draw-cap",
    Why.CARD: "stopped",
    Why.LATE: "draw-closed",
}


class LotteryDraws:
    """The draws, for one resident."""

    def seen(self, connection: sa.Connection, card: str, now_ms: int) -> list[Draw]:
        holder = holders_of(connection, [card])[card]
        since = now_ms // _SECOND_MS - SHOWN_DAYS * _DAY_S
        announced = [(one, one.announced[1].rules) for one in courses(connection).values() if one.announced]
        found = [
            _draw(connection, course, rules, holder, now_ms) for course, rules in announced if rules.close_at >= since
        ]
        return sorted(found, key=lambda one: (one.is_drawn, one.more == 0, one.close_ms, one.draw))

    def take(self, centre: Centre, wanted: Wanted) -> Draw:
        now_ms, by = centre.town.clock.wall_ms(), ByPhone(wanted.number)
        with centre.reconciler.counted() as connection:
            course = course_of(connection, wanted.draw)
            if course.announced is None:
                raise NotPaidError("request")
            rules = course.announced[1].rules
            holder = holders_of(connection, [wanted.card])[wanted.card]
            before = next((one for one in tickets_held(connection, rules.draw, holder) if one.order == str(by)), None)
            if before is None:
                order = Order(now_ms, by, rules.draw, wanted.card, 1)
                centre.streams.append(connection, OFFICE_STREAM, [_taken(connection, course, rules, order, holder)])
        with centre.reconciler.counted() as connection:
            return _draw(connection, course, rules, holder, now_ms)


def _taken(connection: sa.Connection, course: Course, rules: Rules, order: Order, holder: str) -> Tickets:
    """Return the ticket that an order becomes.

    Raises:
        NotPaidError: it becomes none.
    """
    if not rules.cost_points or course.closed:
        raise NotPaidError("draw-closed")
    taken = take_one(connection, rules, order)
    if isinstance(taken, Tickets):
        return taken
    there = ledger.balance(connection, ledger.points(holder))
    raise NotPaidError(_WHY[taken], points=there, cost=rules.cost_points, cap=rules.cap)


def _draw(connection: sa.Connection, course: Course, rules: Rules, holder: str, now_ms: int) -> Draw:
    held = tickets_held(connection, rules.draw, holder)
    is_open = bool(rules.cost_points) and not course.closed and now_ms < rules.close_at * _SECOND_MS
    return Draw(
        draw=rules.draw,
        title_ja=rules.title_ja,
        title_en=rules.title_en,
        close_ms=rules.close_at * _SECOND_MS,
        cost=rules.cost_points,
        more=max(0, rules.cap - sum(one.count for one in held)) if is_open else 0,
        tickets=tuple(number for one in held for number in numbers(one.ref, one.count)),
        is_drawn=course.drawn is not None,
        prizes=tuple(
            Prize(one.won.ticket, one.won.prize_ja, one.won.prize_en, bool(one.by))
            for one in prizes_of(connection, rules.draw, holder)
            if not one.passed_to
        ),
    )


DRAWS: Final[Draws] = LotteryDraws()
