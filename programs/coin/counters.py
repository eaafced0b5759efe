"""What the centre does for cards with a counter, between deliveries: their money lies there, and everybody is told.

Safe is this: nothing that anybody may still decide by says more than was ever put there and not taken away again. So
more is put there at once, and less is told first, and taken away only once everybody has answered that he has heard so.
"""

import itertools
from collections import Counter as Count
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec
import sqlalchemy as sa

from central import ledger
from central.granting import Deal
from central.reconcile import statements
from programs.coin.agreed import agreed_in
from programs.coin.counter import books
from programs.coin.counter.books import Card, Touch
from programs.coin.counter.deciding import COUNTERS
from programs.coin.counter.facts import USE, USE_KIND, Covered, Seat, Told, Unproven, counted
from programs.coin.entries import money
from programs.coin.lots.giving import is_stopped
from programs.coin.terms import ByCounter
from sync.directory import unit_key
from sync.facts import UnitSet
from sync.rights import Grant

_COIN: Final = money("")
_WORTH_A_WORD: Final = 4  # a quarter of what a step stands for; less is not worth a signed word
Seats = Mapping[tuple[str, int], tuple[int, int]]


class Stand(msgspec.Struct, frozen=True):
    """How a card with a counter stands, by everything that has arrived.

    Attributes:
        there: what is there, without what was paid of which nothing was heard yet; below zero: so much is lacking.
        paid: what was ever paid by the counter.
        in_force: the most that may be spent in all, by anything that somebody may still decide by.
        step, unexplained, settled: see `Told`.
        free: what is free besides. `wanted`: how much is to be free.
        is_asked: somebody has still to say that he has heard what he was asked about.
    """

    there: int
    paid: int
    in_force: int
    step: int
    unexplained: int
    settled: int
    free: int
    wanted: int
    is_asked: bool


class Counters:
    """See `central.dealing.Tender`."""

    kinds: frozenset[str] = frozenset({USE_KIND})

    def keeps(self, deal: Deal, things: Sequence[str]) -> frozenset[str]:
        is_on = books.is_any(deal.connection) and agreed_in(deal.connection).terms.counter.is_on
        found = books.cards(deal.connection, _cards(things)) if is_on else {}
        return frozenset(money(card) for card in found)

    def collect(self, deal: Deal, things: Sequence[str]) -> None:
        """Take back what no card has signed, and stand in for what a copied card has spent twice."""
        for card in books.concerned(deal.connection, _cards(things)) if books.is_any(deal.connection) else ():
            settled = books.in_force(deal.connection, card, _heard(deal.connection, card)).settled
            touches = books.touches(deal.connection, card, settled)
            forged = list(_forged(touches))
            for one in forged:
                fact = Unproven(one.entry, card, one.place, one.yen, one.points)
                deal.use(money(card), 0, fact)
                deal.report(one.entry.split("/")[0], "unproven", {"at": one.entry})
            for step, pair in _twice([one for one in touches if one not in forged]):
                detail = {"card": card, "step": step, "at": pair[0], "and": pair[1]}
                deal.report(pair[1].split("/")[0], "same step", detail)
            lacking = -ledger.true_sum(deal.connection, counted(card)) - sum(one.yen for one in forged)
            if lacking > 0 and not deal.unheard:
                deal.use(money(card), 0, Covered(card, lacking))

    def tend(self, deal: Deal, things: Sequence[str]) -> None:
        if not books.is_any(deal.connection):
            return
        terms = agreed_in(deal.connection).terms.counter
        numbers = itertools.count(books.last_number(deal.connection) + 1)
        seats = books.seats(deal.connection)
        for card, known in books.cards(deal.connection, _cards(things)).items():
            _tell(deal, terms, card, known, seats, numbers)
        _seat(deal, terms, seats, next(numbers) - 1)


def _cards(things: Sequence[str]) -> list[str]:
    return [what.removeprefix(_COIN) for what in things if what.startswith(_COIN)]


def _heard(connection: sa.Connection, card: str) -> int | None:
    return books.heard_by_all(connection, card, books.seats(connection))


def _forged(touches: Sequence[Touch]) -> Iterator[Touch]:
    """Yield the payments that no card has signed, and those that were written once more under one signature."""
    seen: set[str] = set()
    for one in touches:
        if one.yen and (not one.is_proven or one.dice in seen):
            yield one
        elif one.is_proven:
            seen.add(one.dice)


def _twice(touches: Sequence[Touch]) -> Iterator[tuple[int, tuple[str, str]]]:
    """Yield the steps that a card has signed twice, and the two entries."""
    first: dict[int, str] = {}
    for one in touches:
        for value in one.values if one.is_proven else ():
            if first.setdefault(value, one.entry) != one.entry:
                yield value, (first[value], one.entry)


def _stand(deal: Deal, terms: ByCounter, card: str, known: Card, seats: Seats) -> Stand:
    connection, what = deal.connection, money(card)
    upto = books.heard_by_all(connection, card, seats)
    force = books.in_force(connection, card, upto)
    settled = max(known.value, force.settled)
    values = {value for one in books.touches(connection, card, settled) if one.is_proven for value in one.values}
    step = max(values, default=settled)
    free = deal.free(what)
    is_kept = terms.is_on and not is_stopped(connection, card)
    there, paid = ledger.true_sum(connection, counted(card)), books.paid(connection, card)
    lacking = -ledger.balance(connection, ledger.short(ledger.free(what)))
    wanted = max(known.kept, deal.wanted(what)) + lacking if is_kept else free + max(0, there)
    explained = sum(value > settled for value in values)
    is_asked = books.is_asked(connection, card, upto)
    return Stand(there, paid, force.total, step, step - settled - explained, settled, free, wanted, is_asked)


def _tell(deal: Deal, terms: ByCounter, card: str, known: Card, seats: Seats, numbers: Iterator[int]) -> None:
    """Put there what is free, or say less so that some of it can be free again; tell everybody what is left."""
    if terms.is_on:
        _fetch(deal, card)
    said, now = books.last_told(deal.connection, card), _stand(deal, terms, card, known, seats)
    lacks = min(max(0, now.there), max(0, now.wanted - now.free))
    safely = max(0, now.there + now.paid - now.in_force)
    put = -min(lacks, safely) if lacks else max(0, now.free - now.wanted)
    yen = max(0, now.there - lacks if lacks else now.there + put)
    word = Told(1, card, put, yen, now.paid, now.step, now.unexplained, now.settled)
    is_less = said is not None and yen + now.paid < said.yen + said.paid
    is_to_be_settled = _is_riddle(said, word, terms.step_yen) and _all_are_in_reach(deal, seats)
    needs = lacks > max(0, -put) or is_to_be_settled
    word = msgspec.structs.replace(word, asks=needs and (is_less or not now.is_asked))
    if put or (said is not None and (is_less or _is_worth_it(said, word, terms.step_yen))):
        deal.announce(money(card), max(0, put), msgspec.structs.replace(word, number=next(numbers)))


def _all_are_in_reach(deal: Deal, seats: Seats) -> bool:
    """Tell whether everybody can answer soon; else the question is a word for each, and settles nothing."""
    return all(deal.in_reach.get(unit) == life for unit, life in seats)


def _is_riddle(said: Told | None, word: Told, step_yen: int) -> bool:
    """Tell whether everybody is to be heard about steps of which nothing is known: not of one that is on its way."""
    is_old = said is not None and said.unexplained > 0
    return word.unexplained > 0 and (is_old or 2 * word.unexplained * step_yen >= word.yen)


def _is_worth_it(said: Told, word: Told, step_yen: int) -> bool:
    """Tell whether a word says anything that those who go by the one before do not know."""
    if word.asks:
        return True
    before = said.yen - step_yen * (said.unexplained + word.step - said.step)
    return word.yen - step_yen * word.unexplained - before >= max(1, step_yen // _WORTH_A_WORD)


def _fetch(deal: Deal, card: str) -> None:
    """Ask units for what they may give out of the card's money: it serves everywhere once it is under the counter."""
    what = money(card)
    for unit, amount in sorted(deal.holders(what).units.items()):
        if amount > 0:
            deal.recall(what, unit, amount)


def _seat(deal: Deal, terms: ByCounter, seats: Seats, last: int) -> None:
    """Let every counter in reach decide by cards' counters; take it from all where the town has switched it off."""
    connection = deal.connection
    holders = deal.holders(USE).units
    if not terms.is_on:
        for unit, amount in sorted(holders.items()):
            if amount > 0:
                deal.recall(USE, unit, amount)
        return
    if any(step_yen != terms.step_yen for _, step_yen in seats.values()) or deal.unheard:
        return  # another figure counts only once nobody goes by this one any more
    found = statements(connection, [unit_key(unit) for unit in deal.taking])
    for unit, life in sorted(deal.taking.items()):
        said = found.get(unit_key(unit))
        if (unit, life) not in seats and said and isinstance(fact := said.fact, UnitSet) and fact.counter in COUNTERS:
            deal.tell(unit, Seat(unit, life, last, terms.step_yen))
            deal.tell(unit, Grant(unit, life, USE, 1))


def standing(connection: sa.Connection) -> Mapping[str, int]:
    """Return what lies under the counters of all cards together, and how many of them there are."""
    account = ledger.account.c
    under = sa.select(sa.func.coalesce(sa.func.sum(account.balance), 0)).where(account.name.like("coin/%/counter"))
    many = sa.select(sa.func.count()).select_from(books.card)
    found = Count(yen=int(connection.execute(under).scalar_one()), cards=int(connection.execute(many).scalar_one()))
    return {**found, "seats": len(books.seats(connection))}
