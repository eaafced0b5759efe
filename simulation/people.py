"""What people saw: each touch, and the last thing that the unit said. This is what the books are held against.

Nothing here knows how a unit or a centre works. A person knows which card was held to which box when, and has heard a
beep with some words; on the receipt is the number of an entry.
"""

from dataclasses import dataclass, field
from typing import Final

from appliance.feedback import Shown
from simulation.deeds import FACILITY
from sync.program import NO_WISH, Result, Wish

NOTED = frozenset({Result.OK_POINTS, Result.OK_PAY, Result.OK_LOW, Result.ALREADY})
"""Results after which a person goes away believing that the touch counts."""

ONLY_TOLD: Final = frozenset({"COI-001", "COI-041", "COI-077"})
"""Answers that say how things stand, and need no entry."""

STRANGER: Final = -1
RAN_OUT: Final = -2


@dataclass(frozen=True)
class Touch:
    """One attempt of one person.

    Attributes:
        at: milliseconds since the town began.
        box: which of all boxes there ever were; two may bear one name.
        life: which life of its daemon.
        day, wall_ms: the day and the time by the box's own clock.
        card: the resident's number, or STRANGER for a stranger's card, or RAN_OUT for one that was good once.
        lit: the unit was switched on.
        cut: the power went away, or the daemon ended, before the card was taken away.
        torn: the person took the card away too early.
        said: the last thing that was heard and seen, or None.
        wish: what the counter was set to.
        has_clock: something vouches for its clock; without that it cannot tell whether a card ran out.
        waited_s: how long it took by the box's clock, the card's own time left out.
    """

    at: int
    unit: str
    box: int
    life: int
    day: int
    wall_ms: int
    card: int
    lit: bool
    cut: bool
    torn: bool
    said: Shown | None
    wish: Wish = NO_WISH
    has_clock: bool = True
    waited_s: float = 0.0

    @property
    def noted(self) -> bool:
        """Whether the person believes that this touch counts."""
        return self.said is not None and self.said.result in NOTED and self.said.message not in ONLY_TOLD


@dataclass
class Box:
    """What a person knows of one box: its name, and what has happened to it in plain sight.

    Attributes:
        counter: what it serves.
        mishaps: what befell its disk, its key or its name, in order.
        since: when it was set up.
        closed_at: when the office took its name away, or None.
        closed_n: how much the centre had stored by then; `closed_words`: how much this box had heard of it.
        synced: the beginnings of all journeys to the centre and back that ended well.
        brought: the numbers of the entries that were on its disk when it was set up, copied from another's.
    """

    unit: str
    place: str
    since: int = 0
    counter: str = FACILITY
    mishaps: list[str] = field(default_factory=list)
    closed_at: int | None = None
    closed_n: int | None = None
    closed_words: int | None = None
    synced: list[int] = field(default_factory=list)
    brought: frozenset[str] = frozenset()


@dataclass
class People:
    """Everything that was seen in the town."""

    touches: list[Touch] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    stopped: list[tuple[int, int, bool]] = field(default_factory=list)  # (when, card, stopped or free again)
    listened: bool = False  # somebody listens on the road, and sends again what he heard
    deaf: list[str] = field(default_factory=list)  # units that were suspended, and served on
    forged: set[str] = field(default_factory=set)  # hashes of what was signed with a stolen key
    paid: dict[str, int] = field(default_factory=dict)  # what somebody was told is paid from the page, by number
    restored: list[tuple[int, int]] = field(default_factory=list)  # (backup, restore) of the centre
