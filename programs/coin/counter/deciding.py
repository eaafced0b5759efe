"""What a unit may spend of the money that only a card's counter guards, whatever others have done. Arithmetic only.

Every payment takes as many steps of the counter as its yen are worth, before it is approved, and no step is ever taken
twice. So what was paid elsewhere and is not known here is at most `step_yen` for each step that is not known here:
those that the card has made since the centre's last word, without this unit's own, and those of which the centre knew
nothing.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from programs.coin.counter.facts import Heard, Told
from programs.coin.counter.fold import (
    GATE_KEY,
    GATE_READER,
    OWN_READER,
    SEAT_READER,
    TOLD_READER,
    Gate,
    Known,
    Seated,
    Touches,
    own_key,
    seat_key,
)
from programs.coin.entries import CounterPay
from programs.coin.terms import Terms
from sync.directory import unit_key
from sync.entries import Entry
from sync.facts import UnitSet
from sync.program import Asked, Tap
from sync.rights import Right
from sync.steps import STEPS_MAX, Steps

COUNTERS: Final = frozenset({"shop", "desk"})
"""The counters at which it is decided."""


class CardCounter(msgspec.Struct, frozen=True):
    """What decides by a card's counter at a unit: what was told of it, and the unit's own part."""

    known: Known = Known()
    gate: Gate = Gate()
    seated: Seated = Seated()
    touches: Touches = Touches()
    use: Right = Right()

    @property
    def may_decide(self) -> bool:
        return self.use.amount > 0 and 0 <= self.seated.since <= self.gate.upto

    def spendable(self, values: Sequence[int]) -> int:
        """Return what may be spent by these steps, which the card has just made; their number is another matter.

        A step up to that of the centre's last word, or one that was made here before, is never paid with: it may be
        settled by now, or be a copy's.
        """
        known, own = self.known, [one for one in self.touches.last if one.first > self.known.step]
        seen = max((one.first + one.steps - 1 for one in own), default=known.step)
        if not self.may_decide or known.when is None or values[0] <= seen:
            return 0
        mine = len(values) + sum(one.steps for one in own)
        others = known.unexplained + max(0, values[-1] - known.step - mine)
        return max(0, known.yen - sum(one.yen for one in own) - others * self.seated.step_yen)

    def at_once(self, steps: Steps) -> int:
        """Return what these steps are enough for."""
        return len(steps.made) * self.seated.step_yen

    def steps_for(self, yen: int, value: int) -> int:
        """Return how many steps an amount takes, of which the first was just made; one, if it cannot be paid anyhow."""
        if self.spendable((value,)) < yen or not self.seated.step_yen:
            return 1
        return min(STEPS_MAX, max(1, -(-yen // self.seated.step_yen)))


def asks(unit: str, life: int, card: str) -> tuple[Asked, ...]:
    """Return which states make up a `CardCounter`, but for the right to decide."""
    own, seat = own_key(unit, card), seat_key(unit, life)
    return ((TOLD_READER, card), (GATE_READER, GATE_KEY), (SEAT_READER, seat), (OWN_READER, own))


def usable(counter: CardCounter, tap: Tap) -> int:
    """Return how much may be paid now by a card's counter."""
    steps = tap.steps
    if steps is None or not tap.is_here or tap.wish.about:
        return 0
    return min(counter.spendable(steps.values), counter.at_once(steps))


def pay(counter: CardCounter, terms: Terms, sure: str, tap: Tap) -> CounterPay | None:
    """Return a payment by the card's counter, if it may be; what the card has signed must be for this amount."""
    yen, steps = tap.wish.amount, tap.steps
    if steps is None or steps.asked != yen or not 1 <= yen <= usable(counter, tap):
        return None
    about = (terms.points(yen), "", tap.operator.number, terms.returns(tap.day), sure)
    return CounterPay(tap.life, tap.card, yen, tap.place, tap.day, tap.proof, *about, steps=steps)


def answers(heard: Sequence[Entry], unit: str, life: int, state: Callable[[str, str], Any]) -> tuple[Heard, ...]:
    """Say that this unit has heard what it is asked about, in the very commit that takes it over.

    So everything that it decided by an earlier word stands before that in its journal.
    """
    said = state("directory", unit_key(unit)).fact
    if not isinstance(said, UnitSet) or said.counter not in COUNTERS:
        return ()
    told = {fact.card: fact.number for entry in heard if isinstance(fact := entry.fact, Told) and fact.asks}
    return tuple(Heard(life, card, number) for card, number in told.items())


def may_pay_in_town(state: Callable[[str, str], Any]) -> bool:
    """Tell whether the town's journal has ever moved money by what it told of counters."""
    gate: Gate = state(GATE_READER, GATE_KEY)
    return gate != Gate()
