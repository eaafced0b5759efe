"""What the town calls its places."""

from collections.abc import Collection

import sqlalchemy as sa

from central.reconcile import statement, statements
from sync.directory import place_key
from sync.facts import PlaceNamed


def named(connection: sa.Connection, place: str) -> PlaceNamed | None:
    """Return what a place is called; None if the town never named it."""
    fact = statement(connection, place_key(place)).fact
    return fact if isinstance(fact, PlaceNamed) else None


def called(connection: sa.Connection, place: str) -> PlaceNamed:
    """Return what a place is called; its id will do for one without a name."""
    return named(connection, place) or _by_id(place)


def all_called(connection: sa.Connection, places: Collection[str]) -> dict[str, PlaceNamed]:
    """Return the same of several at once."""
    said = {key: found.fact for key, found in statements(connection, [place_key(place) for place in places]).items()}
    named = {place: said.get(place_key(place)) for place in places}
    return {place: one if isinstance(one, PlaceNamed) else _by_id(place) for place, one in named.items()}


def name_of(connection: sa.Connection, place: str) -> str:
    """Return what a place is called in Japanese; its id will do for one without a name."""
    return called(connection, place).name


def unnamed(place: str) -> str:
    """Say that the town never named a place, and what to do."""
    return f"there is no place {place}; name it first: machi central place FOLDER {place} …"


def _by_id(place: str) -> PlaceNamed:
    return PlaceNamed(place, place, "", place)
