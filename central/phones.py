"""Which links the office has given out for phones, and which phones were let in by them.

Derived, as everything that is added up.
"""

from collections.abc import Iterable

import msgspec
import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, Index, MetaData, Table, Text

from central.upsert import upsert
from sync.entries import Entry
from sync.facts import PhoneInvited, PhoneSet
from sync.messages import OFFICE_STREAM, TOWN_STREAM

metadata = MetaData()

link = Table(
    "phone_link",
    metadata,
    Column("link", Text, primary_key=True),
    Column("card", Text, nullable=False),
    Column("until_ms", BigInteger, nullable=False),
)

phone = Table(
    "phone",
    metadata,
    Column("phone", Text, primary_key=True),
    Column("card", Text, nullable=False),
    Column("link", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Index("phone_by_link", "link"),
    Index("phone_by_card", "card"),
)


class Link(msgspec.Struct, frozen=True):
    """A link that the office gave out. `until_ms`: how long it is good; `is_used`: a phone was let in by it."""

    card: str
    until_ms: int
    is_used: bool


def note(connection: sa.Connection, entries: Iterable[Entry]) -> None:
    """Note links and phones, within the caller's transaction; nobody but the centre has a say in them."""
    for entry in entries:
        match entry.fact:
            case PhoneInvited(link=by, card=card, until=until) if entry.unit == OFFICE_STREAM:
                row = {"link": by, "card": card, "until_ms": until}
                upsert(connection, link, [row], lambda _: {"card": link.c.card})
            case PhoneSet(phone=name, card=card, link=by) if entry.unit == TOWN_STREAM:
                named = {"phone": name, "card": card, "link": by, "at_ms": entry.at}
                upsert(connection, phone, [named], lambda new: {"card": new.card})
            case _:
                pass


def find_link(connection: sa.Connection, by: str) -> Link | None:
    """Return a link that the office gave out, or None."""
    row = connection.execute(sa.select(link).where(link.c.link == by)).one_or_none()
    if row is None:
        return None
    used = connection.execute(sa.select(phone.c.phone).where(phone.c.link == by).limit(1)).first()
    return Link(row.card, row.until_ms, used is not None)


def card_of(connection: sa.Connection, name: str) -> str | None:
    """Return the card for which a phone was let in, or None if it never was."""
    found: str | None = connection.execute(sa.select(phone.c.card).where(phone.c.phone == name)).scalar()
    return found


def phones_of(connection: sa.Connection, card: str) -> list[tuple[str, int]]:
    """Return the phones of a card, each with when it was let in (Unix milliseconds), the first one first."""
    asked = sa.select(phone.c.phone, phone.c.at_ms).where(phone.c.card == card).order_by(phone.c.at_ms, phone.c.phone)
    return [(row.phone, row.at_ms) for row in connection.execute(asked)]
