"""What a touch is worth, as a unit says it at once (provisional) and the centre books it (final): by the same judging.

The shape is a set: a card's touches of the last weeks, and its first one at each place. Points are no entries of units;
they follow from the touches and the book of rules. So a touch that arrives late gets its points as if it had come in
time, and what a unit said wrongly, because it had not heard of a touch elsewhere or of new rules, puts itself right.
"""

from typing import Final

import msgspec

from programs.points.book import BOOK, BOOK_KEY, BOOK_READER, Book
from programs.points.judging import TOUCHES_A_DAY, WINDOW_DAYS, Calendar, Touch, judged, touch_of, worth
from sync import installed
from sync.entries import Entry
from sync.program import Asked, Beside, Remark
from sync.touches import Touched

POINTS: Final = "points"

TOUCHES: Final = tuple(kind for kind in installed.facts() if issubclass(kind, Touched))
"""Every kind of touch that an installed program writes."""


class History(msgspec.Struct, frozen=True):
    """One card: its touches of the last weeks in their order, and its first at each place, by the place's name."""

    touches: tuple[Touch, ...] = ()
    firsts: tuple[Touch, ...] = ()


def key(entry: Entry) -> str:
    return entry.fact.card if isinstance(entry.fact, Touched) else ""


def kept(touches: list[Touch]) -> tuple[Touch, ...]:
    """Return what is kept of touches: the last weeks of them, and of each day as many as may count."""
    last = max((touch.day for touch in touches), default=0)
    found: list[Touch] = []
    for touch in sorted(set(touches)):
        is_many = len(found) >= TOUCHES_A_DAY and found[-TOUCHES_A_DAY].day == touch.day
        if touch.day > last - WINDOW_DAYS and not is_many:
            found.append(touch)
    return tuple(found)


def fold(history: History, entry: Entry) -> History:
    if not isinstance(entry.fact, Touched):
        return history
    touch = touch_of(entry, entry.fact)
    firsts = {one.place: one for one in history.firsts}
    firsts[touch.place] = min(touch, firsts.get(touch.place, touch))
    return History(kept([*history.touches, touch]), tuple(firsts[place] for place in sorted(firsts)))


def given(history: History, book: Book, entry: Entry) -> int | None:
    """Return how many points an entry gets that is in the history; None if it is too long ago to be known here."""
    if not isinstance(entry.fact, Touched):
        return None
    ours, firsts = touch_of(entry, entry.fact), {one.place: one for one in history.firsts}
    going_through = judged(Calendar(book), history.touches, firsts)
    return next((worth(rules) for touch, rules, _ in going_through if touch == ours), None)


def says(history: History, book: Book, entry: Entry) -> Remark | None:
    points = given(history, book, entry)
    return Remark("PTS-010", {"pt": points}) if points else None


def asks(entry: Entry) -> tuple[Asked, ...]:
    return (POINTS, key(entry)), (BOOK_READER, BOOK_KEY)


PROGRAM: Beside[History] = Beside(
    name=POINTS,
    kinds=TOUCHES,
    state=History,
    empty=History(),
    key=key,
    fold=fold,
    samples=tuple(kind(card="0a" * 16, place="library", day=20_780, proof="card") for kind in TOUCHES),
    asks=asks,
    says=says,
    readers=(BOOK,),
    safe=lambda history: list(history.touches) == sorted(history.touches),
)
