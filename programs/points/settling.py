"""Books what touches have earned, stops rules whose budget is used up, and takes away what was not used in time.

Everything is judged anew from all that has arrived, and only what differs from the books is written: so it can be run
as often as anybody likes. A touch that arrives after weeks gets its points in the next run, and what became void or was
given back loses them. What was spent of these already the ledger notes as lacking (`central.ledger`): no balance is
below zero, and the next points of that card make it good first.
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
from programs.points.office import book_in, booked, expired
from programs.points.tables import by_card
from sync.messages import OFFICE_STREAM, TOWN_STREAM
from sync.months import first_day, month_of

_LONG_AGO: Final = -(2**53)


class Outcome(msgspec.Struct, frozen=True):
    """What was written, or would be.

    Attributes:
        used: how many points each rule has given in all.
        lacking: how many points were taken back that cards had used already, before this; their next ones make it good.
    """

    booked: tuple[Booked, ...]
    expired: tuple[Expired, ...]
    stopped: tuple[Stopped, ...]
    used: dict[str, int]
    lacking: int


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
        differing = {of: earned[of] - there.get(of, 0) for of in sorted(earned.keys() | there.keys())}
        _spare_what_ran_out(connection, book, today, differing, earned)
        more = [Booked(card, month, points) for (card, month), points in differing.items() if points]
        gone = list(_run_out(connection, book, earned, today))
        stops = [Stopped(rule, now_ms) for rule in _used_up(book, used)]
        if not is_trial and (more or gone):
            centre.streams.append(connection, OFFICE_STREAM, [*more, *gone])
        if not is_trial and stops:
            centre.streams.append(connection, TOWN_STREAM, stops)
        owed = lacking(connection).points
    return Outcome(tuple(more), tuple(gone), tuple(stops), dict(sorted(used.items())), owed)


class Lacking(msgspec.Struct, frozen=True):
    """How many points cards lack, because what was taken back of them they had used already; and how many cards."""

    cards: int
    points: int


def lacking(connection: sa.Connection) -> Lacking:
    """Return what is still to be made good by points to come."""
    account = ledger.account
    theirs = account.c.name.startswith(ledger.short(ledger.points("")), autoescape=True)
    asked = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(account.c.balance), 0))
    cards, points = connection.execute(asked.where(theirs, account.c.balance < 0)).one()
    return Lacking(int(cards), -int(points))


def _earned(connection: sa.Connection, book: Book, today: int) -> tuple[Counter[tuple[str, int]], Counter[str]]:
    """Return what cards have earned by months, and what rules have given; a day to come counts when it comes."""
    earned, used = Counter[tuple[str, int]](), Counter[str]()
    kinds = {rule.of for page in book.pages for rule in page.said.plan.rules}
    for of in sorted(kinds):
        calendar = Calendar(book, of)
        for card, touches, firsts, gone in by_card(connection, _LONG_AGO, today, of):
            for touch, given, _ in judged(calendar, touches, firsts, gone):
                if given:
                    earned[card, month_of(touch.day)] += worth(given)
                for rule, points in given:
                    used[rule] += points
    return earned, used


def _spare_what_ran_out(
    connection: sa.Connection,
    book: Book,
    today: int,
    differing: dict[tuple[str, int], int],
    earned: Mapping[tuple[str, int], int],
) -> None:
    """Take nothing back of what has run out already: a card would lose it twice.

    Of months that are over, what is left has gone anyway; what is owed is only what was used beyond what was earned.
    """
    ran_out = {row.card: int(row.points) for row in connection.execute(sa.select(expired))}
    losing = {card for (card, _), points in differing.items() if points < 0 and ran_out.get(card)}
    used = used_by_card(connection) if losing else {}
    for card in losing:
        months = [month for of, month in differing if of == card and _is_over(book, month, today)]
        still = sum(earned.get((card, month), 0) for month in months)
        spare = ran_out[card] + min(used.get(card, 0), still) - still
        for month in months:
            spared = max(0, min(spare, -differing[card, month]))
            differing[card, month] += spared
            spare -= spared


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
