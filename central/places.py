"""What the town calls its places."""

import sqlalchemy as sa

from central.reconcile import statement
from sync.directory import place_key
from sync.facts import PlaceNamed


def named(connection: sa.Connection, place: str) -> PlaceNamed | None:
    """Return what a place is called; None if the town never named it."""
    fact = statement(connection, place_key(place)).fact
    return fact if isinstance(fact, PlaceNamed) else None


def called(connection: sa.Connection, place: str) -> PlaceNamed:
    """Return what a place is called; its id will do for one without a name."""
    return named(connection, place) or PlaceNamed(place, place, "", place)


def name_of(connection: sa.Connection, place: str) -> str:
    """Return the same in Japanese alone."""
    return called(connection, place).name


def unnamed(place: str) -> str:
    """Say that the town never named a place, and what to do."""
    return f"there is no place {place}; name it first: machi central place FOLDER {place} …"
