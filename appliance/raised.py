"""Who was identified at a touch, and what a card with a counter of its own has signed there, as entries say it.

Every step that such a card makes here is written down, whatever became of the touch: at the centre a step of which
nobody knows anything may be a payment that has not been heard of.
"""

import base64
from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec

from drivers.card import Presented, Trust, identify
from drivers.reader import Field
from sync import steps
from sync.entries import Fact
from sync.program import Decision
from sync.steps import Counted, Step, Stepped, Steps

Ask = Callable[[datetime | None], tuple[Presented, Steps | None]]


class Believed(msgspec.Struct, frozen=True):
    """Somebody who was identified.

    Attributes:
        card: the name in this town; of a phone, that of the card that it was let in for.
        presented: what was shown. `name`: its own name in this town.
        code: as it was scanned, if it was.
        steps: what the counter in the card has signed, if it has one.
    """

    card: str
    presented: Presented
    name: str
    code: str = ""
    steps: Steps | None = None

    @property
    def stepped(self) -> Stepped | None:
        return Stepped(self.card, self.steps) if self.steps else None


def ask(
    card: Field,
    dice: bytes,
    unit: str,
    asked: int,
    times: Callable[[str, int], int],
    trust: Trust,
    now: datetime | None,
) -> tuple[Presented, Steps | None]:
    """Identify a card; one that counts raises its counter as often as `times` says, for this unit and this amount.

    Raises:
        CardError: see `identify`.
    """
    presented = identify(card, steps.nonce(dice, unit, asked), trust, now, steps=times)
    made = tuple(Step(one.value, one.presence, base64.b64encode(one.signature).decode()) for one in presented.steps)
    return presented, Steps(dice.hex(), asked, made) if made else None


def with_steps(decision: Decision, stepped: Stepped | None) -> tuple[Sequence[Fact], Sequence[Fact]]:
    """Return what is written before the beep, and what after it, so that the steps are told once.

    Where somebody is to type something they are still to be paid with. Where nothing else is written, the person need
    not wait for it.
    """
    if stepped is None or decision.goes_on or any(isinstance(fact, Counted) for fact in decision.facts):
        return decision.facts, ()
    return ((stepped, *decision.facts), ()) if decision.facts else ((), (stepped,))
