"""Rights: how much of something one unit may give out by itself, without asking anybody.

The escrow method (O'Neil, "The Escrow Transactional Method", ACM TODS 11(4), 1986): what could be spent in two places
is dealt out beforehand, so that everybody spends only his own share, and no two shares are of the same yen. The centre
grants out of what is free; a unit uses what it was granted, or what it has taken in itself; what it gives back is free
again only once the centre has heard so from the unit. Nothing expires into reuse, and no rule reads a clock.

A thing that is dealt out has a name (`what`): "coin/<card>" is the money of a card. A program's fact that uses rights,
or makes some, is a `Moves`. Arithmetic only.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterable
from typing import Annotated, Final

import msgspec

from sync.entries import Count, Entry, Fact, UnitName
from sync.program import Fold

RIGHTS: Final = "rights"
AMOUNT_MAX: Final = 10**12

What = Annotated[str, msgspec.Meta(pattern=r"^[a-z]{1,16}/[0-9a-z/-]{1,64}$")]
Amount = Annotated[int, msgspec.Meta(ge=1, le=AMOUNT_MAX)]
Life = Count


class Grant(Fact, frozen=True, tag="right.grant"):
    """The centre lets a unit, in one of its lives, give out so much more of something."""

    to: UnitName
    life: Life
    what: What
    amount: Amount


class Recall(Fact, frozen=True, tag="right.recall"):
    """The centre asks for rights back: so much, or what is left. Nothing is lower until the unit has said so."""

    of: UnitName
    life: Life
    what: What
    amount: Amount


class Returned(Fact, frozen=True, tag="right.return"):
    """A unit gives rights back; from this entry on it does not use them."""

    life: Life
    what: What
    amount: Amount


class Lost(Fact, frozen=True, tag="right.lost"):
    """The office gives up a life of a unit: it is not expected to answer any more, and what it had is in suspense.

    `stolen`: others may have its key, so that nothing is believed that it had not sent by then. No unit reads this.
    """

    of: UnitName
    life: Life
    stolen: bool = False


class Drained(Fact, frozen=True, tag="right.drain"):
    """The office has a life of a unit give everything back, because it is to be shut down; `on`: or so no longer.

    The unit hears of it as recalls, like any other. No unit reads this.
    """

    of: UnitName
    life: Life
    on: bool = True


class Lacked(Fact, frozen=True, tag="right.lack"):
    """Somebody was refused at a unit that could not ask the town: it lacked so much of something.

    It moves nothing. A centre that knew only of those who were served would go on placing rights where others are.
    """

    life: Life
    what: What
    amount: Amount


class Moves(Fact, frozen=True):
    """A program's fact that uses rights of the unit that writes it, or makes some there.

    `life`: in which life of the unit it was written.
    """

    life: Life

    @property
    @abstractmethod
    def moves(self) -> tuple[str, int]:
        """Return of what the unit may give out more after it, or less, and how much."""


CENTRE: Final = (Grant, Recall)
KINDS: Final = (*CENTRE, Returned)
OFFICE: Final = (Lost, Drained)


class Right(msgspec.Struct, frozen=True):
    """What a unit may still give out of something; `lines`: how much the centre has said about it to this unit."""

    amount: int = 0
    lines: int = 0


def right_key(unit: str, life: int, what: str) -> str:
    return f"{unit}/{life}/{what}"


def _key(entry: Entry) -> str:
    match entry.fact:
        case Grant(to=unit, life=life, what=what) | Recall(of=unit, life=life, what=what):
            return right_key(unit, life, what)
        case Returned(life=life, what=what):
            return right_key(entry.unit, life, what)
        case Moves() as fact:
            return right_key(entry.unit, fact.life, fact.moves[0])
        case _:
            return ""


def _fold(right: Right, entry: Entry) -> Right:
    match entry.fact:
        case Grant(amount=amount):
            return Right(right.amount + amount, right.lines + 1)
        case Recall():
            return msgspec.structs.replace(right, lines=right.lines + 1)
        case Returned(amount=amount):
            return msgspec.structs.replace(right, amount=right.amount - amount)
        case Moves() as fact:
            return msgspec.structs.replace(right, amount=right.amount + fact.moves[1])
        case _:
            return right


def rights(moves: Iterable[Moves]) -> Fold[Right]:
    """Return the reader of rights.

    Args:
        moves: samples of the programs' facts that move rights, at least one of each kind.
    """
    samples = tuple(moves)
    what = "coin/" + "0a" * 16
    return Fold(
        name=RIGHTS,
        kinds=(*KINDS, *dict.fromkeys(type(sample) for sample in samples)),
        state=Right,
        empty=Right(),
        key=_key,
        fold=_fold,
        samples=(Grant("shop01", 1, what, 1600), Recall("shop01", 1, what, 900), Returned(1, what, 900), *samples),
        safe=lambda right: right.amount >= 0,
    )


def give_back(heard: Iterable[Entry], unit: str, life: int, amount_of: Callable[[str], int]) -> list[Returned]:
    """Return what a unit gives back on hearing entries of the centre: as much as was recalled, as far as it is there.

    Args:
        heard: entries that are new here, in order.
        amount_of: what the unit may give out of a thing before it heard them.
    """
    left: dict[str, int] = {}
    returned: list[Returned] = []
    for entry in heard:
        match entry.fact:
            case Grant(to=to, life=of, what=what, amount=amount) if (to, of) == (unit, life):
                left[what] = left.get(what, amount_of(what)) + amount
            case Recall(of=to, life=of, what=what, amount=amount) if (to, of) == (unit, life):
                there = left.get(what, amount_of(what))
                if (back := min(amount, there)) > 0:
                    returned.append(Returned(life, what, back))
                    left[what] = there - back
            case _:
                pass
    return returned
