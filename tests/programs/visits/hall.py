"""Touches by the town's clock, and the books of a library and a hall, for the tests of what is counted."""

from datetime import date, datetime, timedelta, timezone

import sqlalchemy as sa

from central.centre import Centre
from central.residents.person import Person
from programs.visits.entries import Touch
from programs.visits.office import OFFICE
from sync.entries import Entry
from sync.messages import OFFICE_STREAM
from sync.program import town_day
from sync.residents import CardBound, Form, How
from sync.touches import Touched

JST = timezone(timedelta(hours=9))
OFFSET = 540
UNITS = {"library": "lib01", "hall": "hall01"}
BOOT = "9f3c0a1b22d4e5f6"
NOVEMBER = 2026 * 12 + 10
OCTOBER = NOVEMBER - 1
DECEMBER = NOVEMBER + 1
BY = "sato"
OLD, MIDDLE, YOUNG = date(1940, 6, 1), date(1980, 6, 1), date(2000, 6, 1)


class Story(Touched, frozen=True, tag="story.heard"):
    """Another service of the library."""


def at(text: str) -> int:
    """Return a moment by the clock on the wall of the town hall, as Unix milliseconds."""
    return int(datetime.fromisoformat(text).replace(tzinfo=JST).timestamp() * 1000)


def card(number: int) -> str:
    return f"{number:032x}"


def touch(text: str, who: int, place: str = "library", kind: type[Touched] = Touch, seq: int = 1) -> Entry:
    fact = kind(card=card(who), place=place, day=town_day(at(text), OFFSET), proof="card")
    return Entry(UNITS[place], BOOT, seq, at(text), fact)


def came(text: str, people: range, place: str = "library", kind: type[Touched] = Touch) -> list[Entry]:
    """Return the touch of each of some people at one moment."""
    return [touch(text, who, place, kind) for who in people]


def record(connection: sa.Connection, *touches: list[Entry]) -> None:
    OFFICE.record(connection, [entry for some in touches for entry in some])


def register(centre: Centre, who: int, born: date, consents: tuple[str, ...] = ("visits",), guardian: str = "") -> str:
    """Register somebody who has a card, and return the number of the file."""
    person = Person(f"灯台 {who}", "トウダイ", "上町1", born)
    holder = centre.registration.add(person, How.TYPED, BY, consents=consents, guardian=guardian, is_another=True)
    with centre.reconciler.counted() as connection:
        centre.streams.append(connection, OFFICE_STREAM, [CardBound(holder, card(who), Form.CARD, BY)])
    return holder
