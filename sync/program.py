"""What a program of the town is: a fold over entries and, where people touch a card for it, a decision.

The same fold runs at a unit (over its own entries) and at the centre (over everybody's). Six laws hold for every
program and are tested without a line in its own tests (tests/laws):

1. Entries of two different units fold to the same state in either order.
2. Fold accepts every entry of its kinds and never raises.
3. Equal state and equal tap give an equal decision.
4. Every decision folds: it writes only facts of the program's own kinds.
5. A decision never turns a safe state into an unsafe one.
6. Unit and centre agree: the state survives being stored and read back.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, TypeVar

import msgspec

from sync.entries import Entry, Fact
from sync.steps import Steps

DAY_MS = 86_400_000
MINUTE_MS = 60_000
JAPAN_MINUTES = 540  # ahead of UTC
DAY_MINUTES = 1_440

State = TypeVar("State")


class Result(StrEnum):
    """The eight things that a unit can say; every unit says them alike in light, sound and words."""

    READING = "reading"  # card seen, working
    OK_POINTS = "ok_points"  # noted, points added
    OK_PAY = "ok_pay"  # paid, charged, boarded
    OK_LOW = "ok_low"  # done, but little is left
    ALREADY = "already"  # nothing changed today
    REFUSED = "refused"  # not possible: balance, limit, stopped card
    RETRY = "retry"  # not read, nothing happened
    HELP = "help"  # staff needed


class Wish(msgspec.Struct, frozen=True):
    """What a counter was set to before the card came.

    Attributes:
        what: which of the counter's services, as the counter calls it; "" for the one that it has always.
        amount: how much, in the program's unit (yen); 0 where nothing is counted.
        about: the id of an earlier entry that it is about, or "".
        is_sure: a person was asked, and said yes to what needs asking.
        is_for_same: only for the card that was held here just before, when the counter was set to nothing.
    """

    what: str = ""
    amount: int = 0
    about: str = ""
    is_sure: bool = False
    is_for_same: bool = False


NO_WISH = Wish()


class WishError(Exception):
    """A counter cannot be set to that; the message says why."""


class Operator(msgspec.Struct, frozen=True):
    """Who stands behind a counter.

    Attributes:
        number: whoever is signed in; 0 for nobody.
        is_needed: the office wants somebody to be signed in here.
    """

    number: int = 0
    is_supervisor: bool = False
    is_needed: bool = False

    @property
    def is_missing(self) -> bool:
        return self.is_needed and not self.number


NOBODY = Operator()


class Typed(msgspec.Struct, frozen=True):
    """What was typed or signed for a touch, after the unit had asked. It is in memory only: no fact may hold a PIN.

    Attributes:
        pin: the digits, or "".
        secret: what only a unit knows that has the card before it, and that is kept nowhere (hex).
        salt: dice for this once (hex).
        is_signed: a signature was taken instead.
    """

    pin: str = ""
    secret: str = ""
    salt: str = ""
    is_signed: bool = False


NOTHING_TYPED = Typed()


def proves_presence(proof: str) -> bool:
    """Whether a card has itself proved that it is here: a code may be a picture of one, and a tag a copy."""
    return proof in ("card", "pin")


class Tap(msgspec.Struct, frozen=True):
    """One believed touch of a card.

    Attributes:
        card: the card's name in this town (32 hex digits).
        proof: what the card proved: "none", "card", "pin" or "token".
        unit, place: where.
        at_ms: Unix milliseconds by the unit's clock.
        day: days since 1970-01-01 by the town's calendar.
        life: which life of the unit.
        wish: what the counter was set to.
        before: the card that a wish for the same one is for, or "".
        operator: who stands behind the counter.
        typed: what was typed for it.
        steps: what the counter in the card has signed for it; None: it has none.
    """

    card: str
    proof: str
    unit: str
    place: str
    at_ms: int
    day: int
    life: int = 1
    wish: Wish = NO_WISH
    before: str = ""
    operator: Operator = NOBODY
    typed: Typed = NOTHING_TYPED
    steps: Steps | None = None

    @property
    def is_here(self) -> bool:
        """Whether the card has itself proved that it is here."""
        return proves_presence(self.proof)


class Act(msgspec.Struct, frozen=True):
    """What the person behind a counter does without a card: closing the day, opening a drawer.

    Attributes:
        what: as the counter calls it.
        counts: what was counted, in the order that the program names; or nothing.
        amount: the figure that the person was shown and agrees to; 0 where there is none.
        reason: why, as the counter calls it, where a reason is asked for; or "".
        is_sure: a person was asked, and said yes to what needs asking.
    """

    what: str
    counts: tuple[int, ...] = ()
    amount: int = 0
    reason: str = ""
    is_sure: bool = False


class ActError(Exception):
    """Nothing like that can be done at this counter; the message says why."""


class Moment(msgspec.Struct, frozen=True):
    """Where and when something is done at a counter, and by whom.

    `minute`: since midnight, by the town's calendar; see `Tap`.
    """

    unit: str
    place: str
    at_ms: int
    day: int
    minute: int
    life: int = 1
    operator: Operator = NOBODY


class Decision(msgspec.Struct, frozen=True):
    """What to write and what to say; nothing has happened yet.

    Attributes:
        message: the id of the words, as in the program's words.toml.
        facts: what to write, in one commit; nothing, if there is nothing to remember.
        values: numbers and names that the words mention.
        lacks: of what this unit would have to be allowed to give out more, and how much, to decide otherwise; or None.
        goes_on: something is to be typed or signed now; the card need not be held there again for that.
        otherwise: what is decided instead where the town cannot be asked for what is lacking; or None.
    """

    result: Result
    message: str
    facts: tuple[Fact, ...] = ()
    values: dict[str, int | str] = msgspec.field(default_factory=dict)
    lacks: tuple[str, int] | None = None
    goes_on: bool = False
    otherwise: "Decision | None" = None


@dataclass(frozen=True)
class Fold(Generic[State]):
    """A reader of entries: it keeps one small state per key.

    Attributes:
        name: as the folder is called.
        kinds: the facts that it reads.
        state: the type of a state; made of what JSON can hold, and of structs of that.
        empty: the state before any entry.
        key: which state an entry belongs to.
        fold: the state after one more entry; pure.
        samples: at least one fact of each kind, from which the laws invent more.
        version: raise it when the fold changes; the states are then folded again from the entries.
        safe: whether a state keeps what is promised of it.
    """

    name: str
    kinds: tuple[type[Fact], ...]
    state: type[State]
    empty: State
    key: Callable[[Entry], str]
    fold: Callable[[State, Entry], State]
    samples: tuple[Fact, ...]
    version: int = field(default=1, kw_only=True)
    safe: Callable[[State], bool] = field(default=lambda _: True, kw_only=True)


Asked = tuple[str, str]
"""The name of a reader, and the key of one of its states."""


Answers = Callable[[Sequence[Entry], str, int, Callable[[str, str], Any]], Sequence[Fact]]
"""From entries that are new here, in order, a unit and its life, and its states as they were (reader and key)."""


@dataclass(frozen=True)
class Acts:
    """What can be done at a program's counters without a card.

    Attributes:
        asks: which states decide it.
        decide: the decision, from those states in their order, the moment and the act; pure.
        due: from the same states and the moment, what is to be done now though nobody asks for it, or None.
        samples: at least one of everything that can be done, from which the laws invent more.
    """

    asks: Callable[[Moment], tuple[Asked, ...]]
    decide: Callable[..., Decision]
    due: Callable[..., Act | None]
    samples: tuple[Act, ...]


@dataclass(frozen=True)
class Program(Fold[State]):
    """A fold that also answers at a counter.

    Attributes:
        asks: which of its states decides a tap.
        besides: which states of other readers help to decide it.
        decide: the decision, from its state, those besides in their order, and the tap; pure.
        wishes: at least one of everything that its counters can be set to, from which the laws invent more.
        readers: folds of the program's own beside this one, for what is not about a card at a unit.
        acts: what can be done without a card, or None.
        answers: what a unit writes on hearing entries of the centre, in the commit that takes them over.
        pays_in_town: whether, by a unit's states, the town's journal has ever moved money of this program.
    """

    asks: Callable[[Tap], str] = field(kw_only=True)
    besides: Callable[[Tap], tuple[Asked, ...]] = field(default=lambda _: (), kw_only=True)
    decide: Callable[..., Decision] = field(kw_only=True)
    wishes: tuple[Wish, ...] = field(default=(NO_WISH,), kw_only=True)
    readers: tuple[Fold[Any], ...] = field(default=(), kw_only=True)
    acts: Acts | None = field(default=None, kw_only=True)
    pays_in_town: Callable[[Callable[[str, str], Any]], bool] = field(default=lambda _: False, kw_only=True)
    answers: Answers = field(default=lambda _heard, _unit, _life, _state: (), kw_only=True)


class Remark(msgspec.Struct, frozen=True):
    """What is said beside a decision: the id of the words, and the numbers that they mention."""

    message: str
    values: dict[str, int | str] = msgspec.field(default_factory=dict)


@dataclass(frozen=True)
class Beside(Fold[State]):
    """A fold that has something to say of what other programs wrote at their counters, and writes nothing itself.

    Attributes:
        asks: which states it says it by, its own first; the entry is in them already.
        says: what is said of an entry, from those states in their order; pure. None: nothing.
        readers: folds of the program's own beside this one.
    """

    asks: Callable[[Entry], tuple[Asked, ...]] = field(kw_only=True)
    says: Callable[..., Remark | None] = field(kw_only=True)
    readers: tuple[Fold[Any], ...] = field(default=(), kw_only=True)


def town_day(at_ms: int, utc_offset_minutes: int) -> int:
    """Return the day since 1970-01-01 by the town's calendar."""
    return (at_ms + utc_offset_minutes * MINUTE_MS) // DAY_MS


def day_begins_ms(day: int, utc_offset_minutes: int) -> int:
    """Return when a day of the town's calendar begins, Unix milliseconds."""
    return day * DAY_MS - utc_offset_minutes * MINUTE_MS


def town_minute(at_ms: int, utc_offset_minutes: int) -> int:
    """Return the minute since midnight by the town's calendar."""
    return (at_ms // MINUTE_MS + utc_offset_minutes) % DAY_MINUTES
