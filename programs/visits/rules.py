"""A visit is the first touch of a card at a place on a day; later ones are noted and change nothing.

The shape is a set: the same touch heard twice, or two units at one place, make one visit.
"""

from typing import Final

import msgspec

from programs.visits.entries import Touch
from sync.entries import Entry
from sync.program import Decision, Program, Result, Tap

COUNTER: Final = "facility"
"""What a unit serves at which people touch for a visit."""


class Day(msgspec.Struct, frozen=True):
    """One card on one day: the places where it was touched, in alphabetical order."""

    places: tuple[str, ...] = ()


def key(entry: Entry) -> str:
    fact = entry.fact
    return f"{fact.card}/{fact.day}" if isinstance(fact, Touch) else ""


def asks(tap: Tap) -> str:
    return f"{tap.card}/{tap.day}"


def fold(day: Day, entry: Entry) -> Day:
    if not isinstance(entry.fact, Touch):
        return day
    return Day(tuple(sorted({*day.places, entry.fact.place})))


def decide(day: Day, tap: Tap) -> Decision:
    touch = Touch(card=tap.card, place=tap.place, day=tap.day, proof=tap.proof)
    if tap.place in day.places:
        return Decision(Result.ALREADY, "VIS-020", (touch,))
    return Decision(Result.OK_POINTS, "VIS-010", (touch,))


PROGRAM: Program[Day] = Program(
    name="visits",
    kinds=(Touch,),
    state=Day,
    empty=Day(),
    key=key,
    fold=fold,
    samples=(Touch(card="0a" * 16, place="library", day=20_780, proof="card"),),
    asks=asks,
    decide=decide,
    safe=lambda day: day.places == tuple(sorted(set(day.places))),
)
