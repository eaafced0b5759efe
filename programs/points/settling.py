"""Books what touches have earned, stops rules whose budget is used up, and takes away what was not used in time.

Everything is judged anew from all touches, and only what differs from the books is written: so it can be run as often
as anybody likes, and a touch that arrives after weeks gets its points in the next run.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec
import sqlalchemy as sa

from central import ledger
from central.calendar import day_at
from central.centre import Centre
from programs.points.book import Book
from programs.points.entries import Booked, Expired, Stopped
from programs.points.judging import Calendar, judged, worth
from programs.points.office import book_in, booked, by_card, expired
from sync.messages import OFFICE_STREAM, TOWN_STREAM
from sync.months import first_day, month_of

_LONG_AGO: Final = -(2**53)


class Outcome(msgspec.Struct, frozen=True):
    """What was written, or would be.

    Attributes:
        used: how many points each rule has given in all.
    """

    booked: tuple[Booked, ...]
    expired: tuple[Expired, ...]
    stopped: tuple[Stopped, ...]
    used: dict[str, int]


def settle(centre: Centre, *, is_trial: bool = False) -> Outcome:
    """Bring the books to what the touches that have arrived are worth.

    Args:
        is_trial: say what would be written, and write nothing.
    """
    now_ms = centre.town.clock.wall_ms()
    with centre.reconciler.counted() as connection:
        today, book = day_at(connection, now_ms), book_in(connection)
        earned, used = _earned(connection, book, today)
        there = {(row.card, row.month): int(row.points) for row in connection.execute(sa.select(booked))}
        more = [
            Booked(card, month, earned[card, month] - there.get((card, month), 0))
            for card, month in sorted(earned.keys() | there.keys())
            if earned[card, month] != there.get((card, month), 0)
        ]
        gone = list(_run_out(connection, book, earned, today))
        stops = [Stopped(rule, now_ms) for rule in _used_up(book, used)]
        if not is_trial and (more or gone):
            centre.streams.append(connection, OFFICE_STREAM, [*more, *gone])
        if not is_trial and stops:
            centre.streams.append(connection, TOWN_STREAM, stops)
    return Outcome(tuple(more), tuple(gone), tuple(stops), dict(sorted(used.items())))


def _earned(connection: sa.Connection, book: Book, today: int) -> tuple[Counter[tuple[str, int]], Counter[str]]:
    """Return what cards have earned by months, and what rules have given; a day to come counts when it comes."""
    earned, used, calendar = Counter[tuple[str, int]](), Counter[str](), Calendar(book)
    for card, touches, firsts in by_card(connection, _LONG_AGO, today):
        for touch, rules, _ in judged(calendar, touches, firsts):
            if rules:
                earned[card, month_of(touch.day)] += worth(rules)
            for rule in rules:
                used[rule.id] += rule.points
    return earned, used


def _used_up(book: Book, used: Mapping[str, int]) -> list[str]:
    """Return the rules that have used up their budget and are not stopped yet; the latest plan says how much it is."""
    budgets = {rule.id: rule.budget for page in book.pages for rule in page.said.plan.rules}
    running = {rule: budget for rule, budget in budgets.items() if rule not in dict(book.stops)}
    return [rule for rule, budget in sorted(running.items()) if budget and used.get(rule, 0) >= budget]


def _run_out(
    connection: sa.Connection, book: Book, earned: Mapping[tuple[str, int], int], today: int
) -> Iterator[Expired]:
    """Yield what cards have not used in time. What is used is what would run out first."""
    over = {month for _, month in earned if _is_over(book, month, today)}
    of_card: dict[str, int] = defaultdict(int)
    for (card, month), points in earned.items():
        if month in over:
            of_card[card] += points
    there = {row.card: int(row.points) for row in connection.execute(sa.select(expired))}
    used = used_by_card(connection) if of_card else {}
    for card, points in sorted(of_card.items()):
        left = points - there.get(card, 0) - used.get(card, 0)
        if (gone := min(left, ledger.balance(connection, ledger.points(card)))) > 0:
            yield Expired(card, max(over), gone)


def _is_over(book: Book, month: int, today: int) -> bool:
    """Whether what was earned in a month has run out, by the plan of its last day."""
    said = book.on(first_day(month + 1) - 1)
    return bool(said and said.plan.good_months and month_of(today) > month + said.plan.good_months)


def used_by_card(connection: sa.Connection) -> dict[str, int]:
    """Return how many points each card has used: all that left its account, but for where they had come from."""
    posting, prefix = ledger.posting, ledger.points("")
    left = sa.and_(posting.c.source.startswith(prefix), posting.c.target != ledger.POINTS)
    asked = sa.select(posting.c.source, sa.func.sum(posting.c.amount)).where(left).group_by(posting.c.source)
    return {str(source).removeprefix(prefix): int(amount) for source, amount in connection.execute(asked)}
