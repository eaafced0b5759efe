"""Why an entry got its points: every rule of its day, whether it fits, and if not, why."""

from typing import Final

import msgspec
import sqlalchemy as sa

from central.branches import Branches
from central.reconcile import said, statements
from programs.points.book import Book
from programs.points.entries import Rule
from programs.points.judging import Calendar, Touch, Why, by_calendar, judged, touch_of, worth
from programs.points.office import book_in, firsts_of, touches_of
from programs.points.sentences import Names, Say
from sync.directory import place_key
from sync.entries import EntryId, Register
from sync.facts import PlaceNamed
from sync.touches import Touched

_ANY_LIFE: Final = 0


class NoTouchError(Exception):
    """There is nothing to explain; the message says why."""

    def __init__(self, ja: str, en: str) -> None:
        super().__init__(f"{ja} {en}")
        self.ja = ja
        self.en = en


class Explained(msgspec.Struct, frozen=True):
    """What became of an entry.

    Attributes:
        found: every rule of the plan of its day, in its order; nothing, if no plan counted.
        proposal: which plan that was, or "".
    """

    card: str
    touch: Touch
    points: int
    proposal: str
    found: tuple[tuple[Rule, Why], ...]


def explain(connection: sa.Connection, register: Register, entry_id: EntryId) -> Explained:
    """Judge one entry again, with all that has arrived.

    Raises:
        NoTouchError: it is not here, or no touch.
    """
    body = Branches(connection, entry_id.unit, _ANY_LIFE).body_at(entry_id.boot, entry_id.seq)
    if body is None:
        raise NoTouchError(f"記録 {entry_id} はまだ届いていません。", f"The entry {entry_id} has not arrived.")
    entry = register.decode(body)
    if not isinstance(fact := entry.fact, Touched):
        raise NoTouchError(
            f"記録 {entry_id} はタッチではありません。", f"The entry {entry_id} is no touch: {entry.kind}."
        )
    return explained(book_in(connection), touch_of(entry, fact), fact.card, connection)


def explained(book: Book, ours: Touch, card: str, connection: sa.Connection) -> Explained:
    """Judge a touch that is in the tables."""
    calendar = Calendar(book)
    going_through = judged(calendar, touches_of(connection, card), firsts_of(connection, card))
    judgement = next(((given, others) for touch, given, others in going_through if touch == ours), None)
    if judgement is None:
        raise NoTouchError("この記録は、まだ集計されていません。", "This entry is not added up yet.")
    given, others = judgement
    counting = calendar.on(ours.day)
    fitting = {rule.id: Why.GIVEN for rule in given} | {rule.id: why for rule, why in others}
    every = counting.plan.rules if counting else ()
    return Explained(
        card,
        ours,
        worth(given),
        counting.proposal if counting else "",
        tuple((rule, by_calendar(rule, ours.day, ours.place, ours.service) or fitting[rule.id]) for rule in every),
    )


def places_of_town(connection: sa.Connection) -> Names:
    """Return every place that the town has named, in the order of their readings."""
    there = sa.select(said.c.key).where(said.c.key.startswith(place_key(""), autoescape=True))
    found = statements(connection, list(connection.execute(there).scalars()))
    facts = sorted((one.fact for one in found.values() if isinstance(one.fact, PlaceNamed)), key=_by_reading)
    return {fact.place: Say(fact.name, fact.name_en) for fact in facts}


def _by_reading(place: PlaceNamed) -> tuple[str, str]:
    return place.kana, place.place


def names_of(connection: sa.Connection, book: Book, *more: Rule) -> Names:
    """Return what the places that rules name are called."""
    rules = (*(rule for page in book.pages for rule in page.said.plan.rules), *more)
    keys = {place_key(place) for rule in rules for place in rule.places}
    facts = (one.fact for one in statements(connection, sorted(keys)).values())
    return {fact.place: Say(fact.name, fact.name_en) for fact in facts if isinstance(fact, PlaceNamed)}
