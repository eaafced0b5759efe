"""A year of a town of a real one's proportions, from a seed: touches by favourite places, payments, and steps."""

import hashlib
import random
from collections.abc import Iterator
from typing import Final

from programs.coin.entries import Pay
from programs.points.book import activated as book_activated
from programs.points.entries import Once, Plan, Rule
from programs.steps.entries import PEDOMETER, Walked
from programs.visits.entries import Touch
from sync.entries import Entry
from sync.messages import TOWN_STREAM
from sync.program import DAY_MS, JAPAN_MINUTES, MINUTE_MS

FIRST_DAY: Final = 20_545  # 2026-04-02
DAYS: Final = 365
CARDS: Final = 2_473
PLACES: Final = 28
TOUCHES: Final = 417_000
PAYMENTS: Final = 120_000
WALKERS: Final = 250
_WEEKEND: Final = 0.35  # of the touches of a day in the week
_HOURS: Final = [8, 9, 9, 10, 10, 10, 11, 13, 14, 15, 15, 16, 17, 18]


def plan(starts: int = FIRST_DAY) -> Plan:
    """Return a plan with a rule of every kind."""
    weekdays = (0, 1, 2, 3, 4)
    return Plan(
        starts,
        (
            Rule("every-day", 5, once=Once.PLACE),
            Rule("morning", 10, places=("place00", "place01", "place02"), weekdays=weekdays, to_minute=12 * 60),
            Rule("both-ways", 2, places=("place03", "place04"), services=("visits",), once=Once.TOUCH, person_month=40),
            Rule("new-here", 50, first_visit=True),
            Rule("three-in-a-row", 20, streak=3),
            Rule("festival", 30, days=(FIRST_DAY + 30, FIRST_DAY + 31), event="まつり"),
            Rule("autumn", 3, first_day=FIRST_DAY + 150, last_day=FIRST_DAY + 240, budget=100_000),
        ),
        good_months=12,
    )


def plan_of_amounts(starts: int = FIRST_DAY) -> Plan:
    """Return that plan with rules for payments and steps besides."""
    rules = (
        Rule("fish-week", 2, ("place00", "place01"), once=Once.TOUCH, from_yen=500, per_yen=100, person_day=100),
        Rule("any-payment", 3, from_yen=1, person_month=60),
        Rule("new-shop", 30, from_yen=1, first_visit=True, once=Once.PLACE),
        Rule("walkers", 10, steps=8_000, person_month=200),
        Rule("walk-on", 15, steps=6_000, streak=3),
    )
    of_touches = plan(starts)
    return Plan(starts, (*of_touches.rules, *rules), of_touches.good_months)


def activated(starts: int = FIRST_DAY, said_plan: Plan | None = None) -> Entry:
    """Return the centre's word for that plan, or for another one."""
    said = book_activated(said_plan or plan(starts), "0a" * 6, "山田", "佐藤", JAPAN_MINUTES)
    return Entry(TOWN_STREAM, "00c3" * 4, 1, starts * DAY_MS - 40 * DAY_MS, said)


def touches(count: int = TOUCHES, cards: int = CARDS, places: int = PLACES, days: int = DAYS) -> Iterator[Entry]:
    """Yield the touches in the order of their own time; each place has one unit, called `unitNN`."""
    dice = random.Random(count)  # noqa: S311 - a town from a seed, not a secret
    names = [hashlib.sha256(str(number).encode()).hexdigest()[:32] for number in range(cards)]
    favourites = [dice.sample(range(places), min(places, dice.randint(1, 4))) for _ in names]
    weights = [dice.paretovariate(2.5) for _ in names]
    every_day = [FIRST_DAY + day for day in range(days)]
    busy = [1.0 if (day + 3) % 7 < 5 else _WEEKEND for day in every_day]  # noqa: PLR2004 - Saturday
    drawn = []
    for who, day in zip(
        dice.choices(range(cards), weights, k=count), dice.choices(every_day, busy, k=count), strict=True
    ):
        where = dice.randrange(places) if dice.random() < 0.1 else dice.choice(favourites[who])  # noqa: PLR2004
        minute = dice.choice(_HOURS) * 60 + dice.randrange(60)
        at = day * DAY_MS + (minute - JAPAN_MINUTES) * MINUTE_MS + dice.randrange(MINUTE_MS)
        drawn.append((at, who, day, where))
    for seq, (at, who, day, where) in enumerate(sorted(drawn), 1):
        yield Entry(f"unit{where:02}", f"{where:016x}", seq, at, Touch(names[who], f"place{where:02}", day, "card"))


def payments(count: int = PAYMENTS, cards: int = CARDS, places: int = PLACES, days: int = DAYS) -> Iterator[Entry]:
    """Yield what the same cards pay at the same places, in the order of time; each shop's till is called `shopNN`."""
    dice = random.Random(count)  # noqa: S311 - as for touches
    for seq, one in enumerate(touches(count, cards, places, days), 1):
        assert isinstance(one.fact, Touch)
        yen = round(dice.lognormvariate(6.9, 0.8)) + 10  # half of them below ¥1,000
        paid = Pay(1, one.fact.card, min(yen, 50_000), one.fact.place, one.fact.day, "card", yen // 100 * 10)
        yield Entry(f"shop{one.unit[-2:]}", one.boot, seq, one.at, paid)


def walks(cards: int = WALKERS, days: int = DAYS) -> Iterator[Entry]:
    """Yield what pedometers say of each day of those who carry one, in the evening, at a unit called `walk01`."""
    dice = random.Random(cards)  # noqa: S311 - as for touches
    names = [hashlib.sha256(str(number).encode()).hexdigest()[:32] for number in range(cards)]
    seq = 0
    for day in range(FIRST_DAY, FIRST_DAY + days):
        for name in names:
            seq += 1
            at = (day + 1) * DAY_MS - (JAPAN_MINUTES + dice.randrange(1, 60)) * MINUTE_MS
            yield Entry(
                "walk01", "00a1" * 4, seq, at, Walked(name, day, dice.randrange(1_000, 14_000), PEDOMETER, "card")
            )
