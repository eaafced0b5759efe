"""Whoever has no umbrella of this stand gets one; whoever has one gives it back.

The shape is two counts that only grow. So entries give the same sums in whichever order they arrive, and none is lost.
"""

import msgspec

from programs.umbrellas.entries import KINDS, Back, Lent
from sync.entries import Entry
from sync.program import Decision, Program, Result, Tap


class Umbrellas(msgspec.Struct, frozen=True):
    """One card at one place: how often it took an umbrella, and how often it brought one back."""

    lent: int = 0
    back: int = 0

    @property
    def out(self) -> int:
        return self.lent - self.back


def key(entry: Entry) -> str:
    fact = entry.fact
    return f"{fact.card}/{fact.place}" if isinstance(fact, Lent | Back) else ""


def asks(tap: Tap) -> str:
    return f"{tap.card}/{tap.place}"


def fold(held: Umbrellas, entry: Entry) -> Umbrellas:
    match entry.fact:
        case Lent():
            return Umbrellas(held.lent + 1, held.back)
        case Back():
            return Umbrellas(held.lent, held.back + 1)
        case _:
            return held


def decide(held: Umbrellas, tap: Tap) -> Decision:
    if held.out > 0:
        return Decision(Result.OK_POINTS, "UMB-020", (Back(tap.card, tap.place),))
    return Decision(Result.OK_POINTS, "UMB-010", (Lent(tap.card, tap.place),))


PROGRAM: Program[Umbrellas] = Program(
    name="umbrellas",
    kinds=KINDS,
    state=Umbrellas,
    empty=Umbrellas(),
    key=key,
    fold=fold,
    samples=(Lent("0a" * 16, "station"), Back("0a" * 16, "station")),
    asks=asks,
    decide=decide,
    safe=lambda held: held.out in (0, 1),
)
