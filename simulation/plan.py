"""Draws a plan from a seed: who touches when, and what goes wrong. Pure; the same seed gives the same plan."""

import random
from typing import Final

from simulation.deeds import DAY_MS, DESK, FACILITY, HOUR_MS, SHOP, Deed, Setting, What
from simulation.profiles import COUNTERS, MONEY, PROFILES

OPEN_MS: Final = (9 * HOUR_MS, 20 * HOUR_MS)
_AT_DESKS: Final = frozenset({What.CHARGE})
_AT_SHOPS: Final = frozenset({What.PAY, What.VOID, What.REFUND})
_AT_FACILITIES: Final = frozenset({What.TOUCH, What.CROWD})
_BY_PEOPLE: Final = frozenset({What.TORN, What.STRANGER, *_AT_FACILITIES, *_AT_DESKS, *_AT_SHOPS})
_WITH_A_CARD: Final = frozenset(
    {*_AT_FACILITIES, *_AT_DESKS, *_AT_SHOPS, What.TORN, What.STOP_CARD, What.FREE_CARD, What.DEAL}
)
_OF_THE_TOWN: Final = frozenset(
    {
        *(What.STORM, What.ADD_UP, What.STOP_CARD, What.FREE_CARD, What.DEAL),
        *(What.CENTRE_CUT, What.CENTRE_JUMP, What.CENTRE_BACKUP, What.CENTRE_RESTORE),
    }
)
_AGAIN: Final = 0.15  # how often somebody touches a second time, to be sure
_AGAIN_MS: Final = (1_000, 90_000)


def draw(setting: Setting) -> tuple[Deed, ...]:
    """Return the deeds of all days, in the order in which they happen.

    Raises:
        KeyError: there is no such profile.
    """
    dice = random.Random(f"{setting.seed}/plan")  # noqa: S311 - a simulator wants dice that can be thrown again
    money = {**(MONEY if setting.shops else {}), **(COUNTERS if setting.counters else {})}
    rates = {**PROFILES[setting.faults].rates, **money}
    deeds: list[Deed] = []
    for day in range(setting.days):
        for what, rate in rates.items():
            for slot in _slots(setting, what):
                for _ in range(_times(dice, rate)):
                    deeds += _one(dice, what, day, slot, setting.cards)
    return tuple(sorted(deeds, key=lambda deed: (deed.at, deed.dice)))


def _slots(setting: Setting, what: What) -> list[int]:
    """Return the units at which something may happen; -1 is the whole town."""
    if what in _OF_THE_TOWN:
        return [-1]
    served = {FACILITY: _AT_FACILITIES, DESK: _AT_DESKS, SHOP: _AT_SHOPS}
    only = next((counter for counter, deeds in served.items() if what in deeds), "")
    return [slot for slot in range(setting.units) if not only or setting.counter(slot) == only]


def _times(dice: random.Random, rate: float) -> int:
    """Return how often something strikes that strikes `rate` times on average."""
    scattered = rate * dice.uniform(0.3, 1.7)
    return int(scattered) + (dice.random() < scattered - int(scattered))


def _one(dice: random.Random, what: What, day: int, slot: int, cards: int) -> list[Deed]:
    begin, end = OPEN_MS if what in _BY_PEOPLE else (0, DAY_MS)
    at = day * DAY_MS + dice.randrange(begin, end)
    card = dice.randrange(cards) if what in _WITH_A_CARD else -1
    deed = Deed(at, what, slot, card, dice.getrandbits(32))
    if what is What.TOUCH and dice.random() < _AGAIN:
        return [deed, Deed(at + dice.randrange(*_AGAIN_MS), what, slot, card, dice.getrandbits(32))]
    return [deed]
