"""What a touch is worth, as a unit says it at once (provisional) and the centre books it (final): by the same judging.

The shape is a set: a card's touches and payments of the last weeks, its first ones at each place, what each source
counted last of a day, and what is undone. Points are no entries of units; they follow from these and the book of rules.
So an entry that arrives late gets its points as if it had come in time, and what a unit said wrongly, because it had
not heard of a touch elsewhere or of new rules, puts itself right.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any, Final, TypeVar

import msgspec

from programs.points.book import BOOK, BOOK_KEY, BOOK_READER, Book
from programs.points.entries import Of, Voided
from programs.points.heard import (
    Count,
    Standing,
    Undone,
    count_of,
    days_of,
    first_of_each_day,
    is_of,
    payment_of,
    standing,
    sums,
    touch_of,
    undone_by,
)
from programs.points.judging import NONE, TOUCHES_A_DAY, WINDOW_DAYS, Calendar, Touch, judged, worth
from sync import installed
from sync.entries import Entry, Fact
from sync.program import DAY_MS, Asked, Beside, Remark
from sync.touches import Measuring, Paying, Sampled, Touched, card_of

POINTS: Final = "points"

_Kept = TypeVar("_Kept")


def _kinds(*of: type[Fact]) -> tuple[type[Any], ...]:
    """Return every kind of these that an installed program writes."""
    return tuple(kind for kind in installed.facts() if issubclass(kind, of))


TOUCHES: Final = _kinds(Touched)
GIVING: Final = _kinds(Touched, Paying, Measuring)
"""Every kind of entry that may give points."""

_KINDS: Final[tuple[type[Any], ...]] = (*_kinds(Touched, Sampled), Voided)


class Known(msgspec.Struct, frozen=True):
    """Touches or payments of the last weeks in their order, and the first at each place, by the place's name."""

    touches: tuple[Touch, ...] = ()
    firsts: tuple[Touch, ...] = ()


class History(msgspec.Struct, frozen=True):
    """One card."""

    touched: Known = Known()
    paid: Known = Known()
    counts: tuple[Count, ...] = ()
    undone: tuple[Undone, ...] = ()


def key(entry: Entry) -> str:
    return entry.fact.card if isinstance(entry.fact, Voided) else card_of(entry)


def fold(history: History, entry: Entry) -> History:
    fact = entry.fact
    touched, paid, counts, undone = history.touched, history.paid, history.counts, history.undone
    if isinstance(fact, Touched):
        touched = _more(touched, touch_of(entry, fact))
    if isinstance(fact, Paying):
        paid = _more(paid, payment_of(entry, fact))
    if isinstance(fact, Measuring):
        counts = last_words([*counts, count_of(entry, fact.measure)])
    if more := undone_by(entry):
        undone = tuple(sorted({*undone, more}))
    return kept(History(touched, paid, counts, undone))


def _more(known: Known, touch: Touch) -> Known:
    firsts = {one.place: one for one in known.firsts}
    firsts[touch.place] = min(touch, firsts.get(touch.place, touch))
    return Known(_put(known.touches, touch), tuple(firsts[place] for place in sorted(firsts)))


def _put(touches: tuple[Touch, ...], touch: Touch) -> tuple[Touch, ...]:
    """Put a touch in its place, if its day has room for it; mostly it is the last."""
    if not touches or touches[-1] < touch:
        is_many = len(touches) >= TOUCHES_A_DAY and touches[-TOUCHES_A_DAY].day == touch.day
        return touches if is_many else (*touches, touch)
    return tuple(first_of_each_day(sorted({*touches, touch})))


def last_words(counts: Iterable[Count]) -> tuple[Count, ...]:
    """Return the last word of each source on each day, in order."""
    found: dict[tuple[int, str, str], Count] = {}
    for one in counts:
        of = one.day, one.service, one.by
        if of not in found or found[of].said < one.said:
            found[of] = one
    return tuple(found[of] for of in sorted(found))


def kept(history: History) -> History:
    """Return what is kept: of the last weeks before the latest that is known, and of each day as many as may count."""
    days = [known.touches[-1].day for known in (history.touched, history.paid) if known.touches]
    days += [history.counts[-1].day] if history.counts else []
    days += [_day(history.undone[-1])] if history.undone else []
    since = max(days, default=0) - WINDOW_DAYS + 1
    return History(
        _known_since(history.touched, since),
        _known_since(history.paid, since),
        _since(history.counts, since, _of_itself),
        _since(history.undone, since, _day),
    )


def _known_since(known: Known, since: int) -> Known:
    if not known.touches or known.touches[0].day >= since:
        return known
    return Known(_since(known.touches, since, _of_itself), known.firsts)


_of_itself: Final = attrgetter("day")


def _day(undone: Undone) -> int:
    """Return a day that is not before that of what is undone, wherever the town lies."""
    return undone.at // DAY_MS + 1


def _since(ordered: tuple[_Kept, ...], since: int, day: Callable[[_Kept], int]) -> tuple[_Kept, ...]:
    """Return what is of these days or later."""
    if not ordered or day(ordered[0]) >= since:
        return ordered
    return ordered[bisect_left(ordered, since, key=day) :]


def given(history: History, book: Book, entry: Entry) -> int | None:
    """Return how many points an entry gets that is in the history; None if it is too long ago to be known here.

    Of steps it is what their day gets, whichever of its entries is asked for.
    """
    fact = entry.fact
    if isinstance(fact, Measuring):
        day = fact.measure.day
        if all(one.day != day for one in history.counts):
            return None
        days = list(days_of(history.counts))
        return _worth(book, Of.DAY, (days, {}, NONE), lambda one: one.day == day) or 0
    of, known = (Of.PAYMENT, history.paid) if isinstance(fact, Paying) else (Of.TOUCH, history.touched)
    firsts = {one.place: one for one in known.firsts}
    found = standing(list(known.touches), firsts, sums(history.undone))
    return _worth(book, of, found, lambda one: is_of(one, entry))


def _worth(book: Book, of: Of, found: Standing, is_ours: Callable[[Touch], bool]) -> int | None:
    return next((worth(given) for touch, given, _ in judged(Calendar(book, of), *found) if is_ours(touch)), None)


def says(history: History, book: Book, entry: Entry) -> Remark | None:
    points = given(history, book, entry) if isinstance(entry.fact, GIVING) else None
    return Remark(_MESSAGES[_of(entry.fact)], {"pt": points}) if points else None


def _of(fact: Fact) -> Of:
    if isinstance(fact, Measuring):
        return Of.DAY
    return Of.PAYMENT if isinstance(fact, Paying) else Of.TOUCH


_MESSAGES: Final = {Of.TOUCH: "PTS-010", Of.PAYMENT: "PTS-011", Of.DAY: "PTS-012"}


def asks(entry: Entry) -> tuple[Asked, ...]:
    return (POINTS, key(entry)), (BOOK_READER, BOOK_KEY)


def _sample(kind: type[Any]) -> Fact:
    sample: Fact = (
        kind.sample() if issubclass(kind, Sampled) else kind(card="0a" * 16, place="library", day=20_780, proof="card")
    )
    return sample


def _is_safe(history: History) -> bool:
    """Whether everything stands in its order, by which it is judged."""
    lists: tuple[tuple[Any, ...], ...] = (history.touched.touches, history.paid.touches, history.undone)
    return all(list(one) == sorted(one) for one in lists)


PROGRAM: Beside[History] = Beside(
    name=POINTS,
    kinds=_KINDS,
    state=History,
    empty=History(),
    key=key,
    fold=fold,
    samples=(*(_sample(kind) for kind in _KINDS[:-1]), Voided("lib01/9f3c0a1b22d4e5f6/1", "0a" * 16, "山田", "佐藤")),
    asks=asks,
    says=says,
    readers=(BOOK,),
    version=2,
    safe=_is_safe,
)
