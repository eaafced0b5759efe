"""The port that a program fills which can say what was lately done with a card, for the desk where its holder asks.

A program's `lately.py` has `LATELY`.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec
import sqlalchemy as sa

from sync import installed


class Done(msgspec.Struct, frozen=True):
    """Something that was done with a card.

    Attributes:
        at_ms: when, by the clock of whoever wrote it.
        where, where_en: the place or shop; "" where there is none.
        ja, en: what it was, in words.
    """

    at_ms: int
    where: str
    where_en: str
    ja: str
    en: str


class Lately(Protocol):
    """What one program knows of cards."""

    def lately(self, connection: sa.Connection, card: str, limit: int) -> Sequence[Done]:
        """Return what was done with a card, the latest first."""


def done(connection: sa.Connection, card: str, limit: int) -> list[Done]:
    """Return what was done with a card last, in whatever program, the latest first."""
    known = [module.LATELY.lately(connection, card, limit) for module in installed.parts("lately").values()]
    found = [one for some in known for one in some]
    return sorted(found, key=lambda one: (-one.at_ms, one.ja, one.where))[:limit]
