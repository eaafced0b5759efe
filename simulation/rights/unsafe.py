"""What other systems decide at a unit that is out of reach, and what one may decide with a counter in the card.

They live here and nowhere else. What they accept is written by a real unit all the same, and the real ledger shows who
was paid with money that nobody had.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

STEP_YEN: Final = 3000
_FORWARD_YEN: Final = 3000


@dataclass
class Episode:
    """One unit between being cut off and being heard again.

    Attributes:
        told, told_steps: what each card had when the unit was cut off, and how far its counter had moved, by the books.
        spent: what each card has paid here since.
        lent: what was accepted here since beyond what the unit may give out, from each card.
    """

    told: Sequence[int]
    told_steps: Sequence[int]
    spent: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    lent: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    steps: dict[int, int] = field(default_factory=lambda: defaultdict(int))


@dataclass(frozen=True)
class Asked:
    """Somebody wants to pay more than the unit may give out, which is `rights`; `moved`: the card's counter now."""

    card: int
    yen: int
    rights: int
    moved: int


Rule = Callable[[Episode, Asked], bool]


def steps(yen: int) -> int:
    """Return how far a payment moves the counter in a card."""
    return -(-yen // STEP_YEN)


def last_known(episode: Episode, asked: Asked) -> bool:
    """Accept what the card had when the unit last heard of it."""
    return episode.told[asked.card] - episode.spent[asked.card] >= asked.yen


def store_and_forward(episode: Episode, asked: Asked) -> bool:
    """Accept so much from anybody, and find out later."""
    return episode.spent[asked.card] + asked.yen <= _FORWARD_YEN


def counted(episode: Episode, asked: Asked) -> bool:
    """Accept what cannot have been spent elsewhere: the card's counter moves before each payment, and never back."""
    elsewhere = asked.moved - episode.told_steps[asked.card] - episode.steps[asked.card]
    return episode.told[asked.card] - episode.spent[asked.card] - elsewhere * STEP_YEN >= asked.yen
