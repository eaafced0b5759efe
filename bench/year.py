"""A year of touches of a town of a real one's proportions, from a seed: favourite places, weekdays and hours."""

import hashlib
import random
from collections.abc import Iterator
from typing import Final

from programs.points.entries import Activated, Once, Plan, Rule
from programs.visits.entries import Touch
from sync.entries import Entry
from sync.messages import TOWN_STREAM
from sync.program import DAY_MS, JAPAN_MINUTES, MINUTE_MS

FIRST_DAY: Final = 20_545  # 2026-04-02
DAYS: Final = 365
CARDS: Final = 2_473
PLACES: Final = 28
TOUCHES: Final = 417_000
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


def activated(starts: int = FIRST_DAY) -> Entry:
    """Return the centre's word for that plan."""
    said = Activated(plan(starts), "0a" * 6, "山田", "佐藤", JAPAN_MINUTES)
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
