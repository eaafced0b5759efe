"""What the centre remembers of its backups: when one was last made, when one was tried, when the keys were copied."""

from typing import Final, TypeVar

import msgspec
import sqlalchemy as sa

from central import settings


class Made(msgspec.Struct, frozen=True):
    """The last backup: when it was made, and its name."""

    at_ms: int
    name: str


class Drill(msgspec.Struct, frozen=True):
    """The last time that somebody tried whether a backup can be put back.

    Attributes:
        made_ms: when that backup was made; 0 where it does not tell.
        is_good: it was whole, and came to the same figures.
    """

    at_ms: int
    made_ms: int
    is_good: bool


class Keys(msgspec.Struct, frozen=True):
    """The last copy of the secret keys, with the SHA-256 of each."""

    at_ms: int
    prints: dict[str, str]


Note = TypeVar("Note", Made, Drill, Keys)
_NAMES: Final[dict[type[msgspec.Struct], str]] = {Made: "last backup", Drill: "last drill", Keys: "keys copied"}


def get(connection: sa.Connection, kind: type[Note]) -> Note | None:
    """Return the last note of a kind, or None."""
    found = settings.get(connection, _NAMES[kind])
    return msgspec.json.decode(found, type=kind) if found else None


def put(connection: sa.Connection, note: Made | Drill | Keys) -> None:
    """Remember something, in the place of the last note of its kind."""
    settings.put(connection, _NAMES[type(note)], msgspec.json.encode(note).decode())
