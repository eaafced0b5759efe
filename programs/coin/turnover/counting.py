"""Counts what was paid and charged in one month; arithmetic only.

A payment that was made void is as if it had not been. People are cards. Yen are what shops have to get: payments, less
what was made void and given back, and with what the office put right; so they are those of the ledger.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple, TypeVar

from central.hiding import Cell
from central.weekly import At, hour, weekday
from programs.coin.settlement.statement import PAYMENTS, REFUNDS, VOIDS, part_of
from sync.program import town_day

CARD, PHONE, COUNTER, FUND = "card", "phone", "counter", "fund"
WAYS: Final = {"coin.pay": CARD, "coin.online": PHONE, "coin.counter-pay": COUNTER, "coin.insured": FUND}
"""How something was paid, by the kind of its entry."""

IN_TIME, LATE = "in-time", "late"
_Key = TypeVar("_Key")


class Line(NamedTuple):
    """What one entry moved of a shop's money: `yen` that it has to get more. Times are Unix milliseconds.

    `card`: "" where the office put something right that is about none.
    """

    writer: str
    at_ms: int
    received_ms: int
    kind: str
    card: str
    place: str
    yen: int


class Charge(NamedTuple):
    """What was charged on a card at a place in the month, less what was taken back there."""

    card: str
    place: str
    yen: int


class Shop(NamedTuple):
    """One shop in the month; `yen`: what it has to get; `cards`: who paid there, or got something back."""

    payments: int
    yen: int
    cards: frozenset[str]


class Desk(NamedTuple):
    """One place at which coin was charged: yen by card."""

    of_cards: Mapping[str, int]

    @property
    def yen(self) -> int:
        return sum(self.of_cards.values())


class Counted(NamedTuple):
    """One month with all small numbers: not to be shown.

    Attributes:
        yen: what all shops have to get by it.
        payments: those that stand.
        back: what was given back, in yen, and to how many people.
        new, returning: people who paid for the first time ever, and others.
        at, ways, arrived: the payments by weekday and hour, by how they were made, and by whether they came in time.
        of_shops: payments at each time, by shop. of_cards: yen by card. Both for whoever publishes sums of them.
        shops, desks: by place.
    """

    yen: int
    payments: Cell
    back: Cell
    new: int
    returning: int
    at: Mapping[At, Cell]
    ways: Mapping[str, Cell]
    arrived: Mapping[str, Cell]
    of_shops: Mapping[At, Mapping[str, int]]
    of_cards: Mapping[str, int]
    shops: Mapping[str, Shop]
    desks: Mapping[str, Desk]


class Calendar(NamedTuple):
    """A month: when it begins and is over (Unix milliseconds), and the town's clock."""

    begins_ms: int
    ends_ms: int
    offset_minutes: int


def count(lines: Iterable[Line], charges: Iterable[Charge], first_ms: Mapping[str, int], calendar: Calendar) -> Counted:
    """Count a month.

    Args:
        lines: everything that moved shops' money in it, but for what they moved among themselves.
        first_ms: when each card that paid did so for the first time ever.
    """
    all_lines = sorted(lines)
    payments = _standing(all_lines)
    given_back = [line for line in all_lines if part_of(line.kind) == REFUNDS]
    cards = {line.card for line in payments}
    new = sum(first_ms[card] >= calendar.begins_ms for card in cards)
    of_cards: Counter[str] = Counter()
    for line in all_lines:
        of_cards[line.card] += line.yen
    of_shops: dict[At, dict[str, int]] = {}
    for line in payments:
        there = of_shops.setdefault(_at(line, calendar), {})
        there[line.place] = there.get(line.place, 0) + 1
    return Counted(
        yen=sum(line.yen for line in all_lines),
        payments=Cell(len(payments), len(cards)),
        back=Cell(-sum(line.yen for line in given_back), len({line.card for line in given_back})),
        new=new,
        returning=len(cards) - new,
        at=_cells((_at(line, calendar), line.card) for line in payments),
        ways=_cells((WAYS[line.kind], line.card) for line in payments),
        arrived=_cells((LATE if line.received_ms >= calendar.ends_ms else IN_TIME, line.card) for line in payments),
        of_shops=of_shops,
        of_cards=of_cards,
        shops=_shops(all_lines, payments),
        desks=_desks(charges),
    )


def _standing(lines: Iterable[Line]) -> list[Line]:
    """Return the payments without those that were made void, which their own unit does on the same day.

    A void takes away the last payment before it of the same card, at the same shop, of the same amount: the one that
    it names, or one that is like it in everything that is counted.
    """
    standing: dict[tuple[str, str, str, int], list[Line]] = {}
    for line in sorted(lines, key=lambda line: (line.at_ms, part_of(line.kind) == VOIDS)):
        part = part_of(line.kind)
        alike = standing.setdefault((line.writer, line.place, line.card, abs(line.yen)), [])
        if part == PAYMENTS:
            alike.append(line)
        elif part == VOIDS and alike:
            alike.pop()
    return [line for alike in standing.values() for line in alike]


def _at(line: Line, calendar: Calendar) -> At:
    offset = calendar.offset_minutes
    return weekday(town_day(line.at_ms, offset)), hour(line.at_ms, offset)


def _cells(found: Iterable[tuple[_Key, str]]) -> dict[_Key, Cell]:
    """Count how often each is there, and of how many cards."""
    cards: dict[_Key, list[str]] = {}
    for key, card in found:
        cards.setdefault(key, []).append(card)
    return {key: Cell(len(some), len(set(some))) for key, some in cards.items()}


def _shops(lines: Iterable[Line], payments: Iterable[Line]) -> dict[str, Shop]:
    number: dict[str, int] = {}
    for line in payments:
        number[line.place] = number.get(line.place, 0) + 1
    yen: dict[str, int] = {}
    cards: dict[str, set[str]] = {}
    for line in lines:
        yen[line.place] = yen.get(line.place, 0) + line.yen
        cards.setdefault(line.place, set()).update([line.card] if line.card else ())
    return {place: Shop(number.get(place, 0), yen[place], frozenset(cards[place])) for place in sorted(yen)}


def _desks(charges: Iterable[Charge]) -> dict[str, Desk]:
    found: dict[str, dict[str, int]] = {}
    for charge in charges:
        there = found.setdefault(charge.place, {})
        there[charge.card] = there.get(charge.card, 0) + charge.yen
    return {place: Desk(found[place]) for place in sorted(found)}
