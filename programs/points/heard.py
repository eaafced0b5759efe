"""What was heard of one card, as far as points look at it: read out of entries, and held against what is void.

Everything is kept raw, as a set: what is void, given back or counted anew stands beside it, and is worked in only when
points are judged. So it does not matter in which order it was heard. Arithmetic only.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from operator import attrgetter
from typing import Final

import msgspec

from programs.points.entries import Voided
from programs.points.judging import NONE, TOUCHES_A_DAY, Firsts, Touch
from sync.entries import INT_MAX, Entry
from sync.messages import is_stream
from sync.touches import Measure, Paying, PayingBack, Touched, service_of

WHOLE: Final = INT_MAX
"""So much is undone of what an officer made void: all of it, whatever it was."""

STEPS: Final = "steps"
"""The service whose counts rules for steps look at."""

_DAY: Final = attrgetter("day")


class Undone(msgspec.Struct, frozen=True, order=True, array_like=True, gc=False):
    """An entry undoes another one: so much of a payment is given back, or all of a touch is void.

    Attributes:
        at, unit, boot, seq: when it was said, and by which entry.
        of: what is undone, as unit/boot/seq.
    """

    at: int
    unit: str
    boot: str
    seq: int
    of: str
    amount: int

    @property
    def counts(self) -> bool:
        """Whether who said it may say so: the centre of every entry, anybody else of his own."""
        return is_stream(self.unit) or self.of.startswith(f"{self.unit}/")


class Count(msgspec.Struct, frozen=True, order=True, array_like=True, gc=False):
    """The last word of one source (`by`) on a day of one card."""

    day: int
    service: str
    by: str
    at: int
    boot: str
    seq: int
    unit: str
    amount: int

    @property
    def said(self) -> tuple[int, str, int, str]:
        return self.at, self.boot, self.seq, self.unit


def name_of(touch: Touch) -> str:
    """Return the id of a touch's entry."""
    return f"{touch.unit}/{touch.boot}/{touch.seq}"


def is_of(touch: Touch, entry: Entry) -> bool:
    """Whether an entry is this touch."""
    return touch.seq == entry.seq and touch.boot == entry.boot and touch.unit == entry.unit


def touch_of(entry: Entry, fact: Touched) -> Touch:
    return Touch(fact.day, entry.at, entry.unit, entry.boot, entry.seq, fact.place, fact.service)


def payment_of(entry: Entry, fact: Paying) -> Touch:
    paid = fact.paid(entry.unit)
    return Touch(paid.day, entry.at, entry.unit, entry.boot, entry.seq, paid.place, service_of(fact), max(0, paid.yen))


def undone_by(entry: Entry) -> Undone | None:
    """Return what an entry undoes; None, if it undoes nothing."""
    match entry.fact:
        case PayingBack(paid_back=back):
            of = back.of if back.of.count("/") > 1 else f"{entry.unit}/{back.of}"
            return Undone(entry.at, entry.unit, entry.boot, entry.seq, of, back.yen)
        case Voided(of=of):
            return Undone(entry.at, entry.unit, entry.boot, entry.seq, of, WHOLE)
        case _:
            return None


def count_of(entry: Entry, measure: Measure) -> Count:
    return Count(
        measure.day,
        service_of(entry.fact),
        measure.by,
        entry.at,
        entry.boot,
        entry.seq,
        entry.unit,
        max(0, measure.count),
    )


def days_of(counts: Iterable[Count]) -> Iterator[Touch]:
    """Yield the days on which somebody walked, in their order, each with what counts of it: the largest reading.

    It stands under the entry that said it first, so that one more source which says the same changes nothing.
    """
    walked = sorted(one for one in counts if one.service == STEPS and one.amount)
    for day, of_day in groupby(walked, key=_DAY):
        best = min(of_day, key=lambda one: (-one.amount, one.said))
        yield Touch(day, best.at, best.unit, best.boot, best.seq, "", STEPS, best.amount)


def sums(undone: Iterable[Undone]) -> dict[str, int]:
    """Return how much of each entry is undone, by its id."""
    found: dict[str, int] = {}
    for one in undone:
        if one.counts:
            found[one.of] = found.get(one.of, 0) + one.amount
    return found


Standing = tuple[list[Touch], Firsts, frozenset[Touch]]
"""Touches in their order, each with what is left of it; the first at each place; and those that are void."""


def standing(touches: list[Touch], firsts: Firsts, undone: Mapping[str, int]) -> Standing:
    """Work in what is undone: what is left of payments, what is void, and which touch is the first at a place then.

    Of touches beyond the first so many of a day none becomes the first at a place. And where the first one is longer
    ago than what is known here, none does: a unit then says nothing of what the centre books.
    """
    if not undone:
        return touches, firsts, NONE
    left = {touch: _left(touch, undone) for touch in touches}
    gone = frozenset(one for touch, one in left.items() if name_of(touch) in undone and one.amount <= 0)
    anew = {place for place, touch in firsts.items() if left.get(touch, touch) in gone}
    new = {place: left.get(touch, touch) for place, touch in firsts.items() if place not in anew}
    for touch in first_of_each_day(left.values()):
        if touch.place in anew and touch not in gone:
            new.setdefault(touch.place, touch)
    return list(left.values()), new, gone


def _left(touch: Touch, undone: Mapping[str, int]) -> Touch:
    back = undone.get(name_of(touch), 0)
    return msgspec.structs.replace(touch, amount=max(0, touch.amount - back)) if back else touch


def first_of_each_day(touches: Iterable[Touch]) -> Iterator[Touch]:
    """Yield the touches of each day that may count."""
    for _, of_day in groupby(touches, key=_DAY):
        yield from list(of_day)[:TOUCHES_A_DAY]
