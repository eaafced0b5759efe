"""Why an entry got its points: every rule of its day, whether it fits, and if not, why."""

from typing import Final

import msgspec
import sqlalchemy as sa

from central.branches import Branches
from central.reconcile import said, statements
from central.worded import WordedError
from programs.points.book import Book
from programs.points.entries import Of, Rule
from programs.points.heard import name_of
from programs.points.judging import Calendar, Touch, Why, by_calendar, judged, worth
from programs.points.office import book_in
from programs.points.sentences import Names, Say
from programs.points.tables import standing_of
from sync.directory import place_key
from sync.entries import Entry, EntryId, Register
from sync.facts import PlaceNamed
from sync.touches import Measuring, Paying, Touched, card_of

_ANY_LIFE: Final = 0


class NoTouchError(WordedError):
    """There is nothing to explain; the message says why."""


class Explained(msgspec.Struct, frozen=True):
    """What became of an entry.

    Attributes:
        of: what it is; of steps, their whole day is explained.
        touch: it, with what is left of its amount.
        is_void: it gives nothing, because it is void or given back whole.
        found: every rule of the plan of its day, in its order, what became of it, and how many points it gave; nothing,
            if no plan counted.
        proposal: which plan that was, or "".
    """

    card: str
    of: Of
    touch: Touch
    is_void: bool
    points: int
    proposal: str
    found: tuple[tuple[Rule, Why, int], ...]


def explain(connection: sa.Connection, register: Register, entry_id: EntryId) -> Explained:
    """Judge one entry again, with all that has arrived.

    Raises:
        NoTouchError: it is not here, or nothing that points are given for.
    """
    entry = entry_in(connection, register, entry_id)
    match entry.fact:
        case Touched():
            of = Of.TOUCH
        case Paying():
            of = Of.PAYMENT
        case Measuring():
            of = Of.DAY
        case _:
            ja, en = (
                f"記録 {entry_id} には、ポイントは付きません。",
                f"The entry {entry_id} gives no points: it is no touch",
            )
            raise NoTouchError(ja, f"{en}, payment or count of steps, but {entry.kind}.")
    return _explained(connection, entry, of)


def entry_in(connection: sa.Connection, register: Register, entry_id: EntryId) -> Entry:
    """Return an entry.

    Raises:
        NoTouchError: it is not here.
    """
    body = Branches(connection, entry_id.unit, _ANY_LIFE).body_at(entry_id.boot, entry_id.seq)
    if body is None:
        raise NoTouchError(f"記録 {entry_id} はまだ届いていません。", f"The entry {entry_id} has not arrived.")
    return register.decode(body)


def _explained(connection: sa.Connection, entry: Entry, of: Of) -> Explained:
    book, card = book_in(connection), card_of(entry)
    touches, firsts, gone = standing_of(connection, of, card)
    calendar = Calendar(book, of)
    name, day = str(entry.id), entry.fact.measure.day if isinstance(entry.fact, Measuring) else None
    going_through = judged(calendar, touches, firsts, gone)
    judgement = next(
        (one for one in going_through if (name_of(one[0]) == name if day is None else one[0].day == day)), None
    )
    if judgement is None and day is not None:
        raise NoTouchError("この日の歩数は取り消されています。", "The steps of that day were struck out.")
    if judgement is None:
        raise NoTouchError("この記録は、まだ集計されていません。", "This entry is not added up yet.")
    touch, given, others = judgement
    counting, points = calendar.on(touch.day), dict(given)
    why = dict.fromkeys(points, Why.GIVEN) | {rule.id: why for rule, why in others}
    every = counting.plan.rules if counting else ()
    found = tuple((rule, _without_looking(rule, of, touch) or why[rule.id], points.get(rule.id, 0)) for rule in every)
    proposal = counting.proposal if counting else ""
    return Explained(card, of, touch, touch in gone, worth(given), proposal, found)


def _without_looking(rule: Rule, of: Of, touch: Touch) -> Why | None:
    """Return why a rule can give nothing for anything of this kind there on that day."""
    return by_calendar(rule, touch.day, touch.place, touch.service) if rule.of is of else Why.KIND


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
