"""What people do in the year: when each touches where, and what is charged and paid at shops. Thrown from a seed."""

import hashlib
import random
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final, NamedTuple

from programs.coin.entries import Charge, Pay
from programs.visits.entries import Touch
from simulation.year import FIRST_DAY, JOINED_BEFORE, Size
from simulation.year.places import Place, places, shops
from sync.entries import Fact
from sync.program import DAY_MS, JAPAN_MINUTES, MINUTE_MS

_HOUR: Final = 60
_STAY: Final = (20, 180)  # minutes from coming to going
_CHARGED: Final = 5_000
_LUNCH: Final = range(10, 19)


class Deed(NamedTuple):
    """What a unit wrote, and when, by its clock."""

    unit: str
    at_ms: int
    fact: Fact


class Member(NamedTuple):
    """Somebody with a card; `since`: in so many days of the year it was there."""

    card: str
    since: int


def members(size: Size) -> list[Member]:
    """Return the members: most have joined before, and the others do in the course of the year."""
    dice = random.Random(size.seed)  # noqa: S311 - a town from a seed, not a secret
    cards = (hashlib.sha256(f"{size.seed}/{number}".encode()).hexdigest()[:32] for number in range(size.members))
    before = round(size.members * JOINED_BEFORE)
    return [Member(card, 0 if number < before else dice.randrange(size.days)) for number, card in enumerate(cards)]


def touches(size: Size) -> list[Deed]:
    """Return the touches in the order of their time."""
    dice, everybody, all_places = random.Random(size.seed), members(size), places()  # noqa: S311
    shares = sum(place.kind.share for place in all_places)
    found: list[Deed] = []
    for number, place in enumerate(all_places):
        last = number == len(all_places) - 1
        count = size.touches - len(found) if last else round(size.touches * place.kind.share / shares)
        found += _at(dice, place, everybody, count, size.days)
    return sorted(found, key=lambda deed: (deed.at_ms, deed.unit))


def _at(dice: random.Random, place: Place, everybody: Sequence[Member], count: int, days: int) -> list[Deed]:
    """Throw the touches at one place: regulars of different zeal, days of its week and season, its hours."""
    kind = place.kind
    regulars = dice.sample(everybody, max(1, round(len(everybody) * kind.regulars)))
    zeal = list(accumulate(dice.paretovariate(1.6) for _ in regulars))
    usual = list(accumulate(kind.weight(FIRST_DAY + day) for day in range(days)))
    hours, busy = list(kind.hours), list(accumulate(kind.hours.values()))
    found: list[Deed] = []
    while len(found) < count:
        (who,) = dice.choices(regulars, cum_weights=zeal)
        (day,) = dice.choices(range(days), cum_weights=usual)
        (hour,) = dice.choices(hours, cum_weights=busy)
        if day < who.since:
            continue
        minute = hour * _HOUR + dice.randrange(_HOUR)
        found.append(_touch(dice, place, who.card, day, minute))
        if dice.random() < kind.both_ways and len(found) < count:
            found.append(_touch(dice, place, who.card, day, minute + dice.randint(*_STAY)))
    return found


def _touch(dice: random.Random, place: Place, card: str, day: int, minute: int) -> Deed:
    today = FIRST_DAY + day
    return Deed(place.unit, _at_ms(dice, today, minute), Touch(card, place.name.place, today, "card"))


def _at_ms(dice: random.Random, day: int, minute: int) -> int:
    return day * DAY_MS + (min(minute, 1_439) - JAPAN_MINUTES) * MINUTE_MS + dice.randrange(MINUTE_MS)


def payments(size: Size) -> Iterator[Deed]:
    """Yield what is charged and paid at shops, unit by unit, each in the order of time: never more than was charged."""
    dice, everybody = random.Random(f"{size.seed}/coin"), members(size)  # noqa: S311
    counters = shops(size.shops)[: size.payment_units]
    for number, shop in enumerate(counters):
        unit, count = f"shop{number + 1:02}", size.payments // max(1, len(counters))
        customers = dice.sample(everybody, min(len(everybody), 60))
        left: dict[str, int] = {}
        for day in sorted(dice.choices(range(size.days), k=count)):
            who, yen = dice.choice(customers), dice.randrange(150, 3_000, 10)
            today, minute = FIRST_DAY + day, dice.choice(_LUNCH) * _HOUR
            if left.get(who.card, 0) < yen:
                yield Deed(unit, _at_ms(dice, today, minute), Charge(1, who.card, _CHARGED, shop.place, today, "card"))
                left[who.card] = left.get(who.card, 0) + _CHARGED
            left[who.card] -= yen
            yield Deed(unit, _at_ms(dice, today, minute + 1), Pay(1, who.card, yen, shop.place, today, "card"))
