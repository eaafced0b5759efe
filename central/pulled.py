"""The port that a program fills which has tables or statements to hand over for a span of days.

A program's `pulled.py` has `PULLED`.
"""

from collections.abc import Mapping
from typing import Protocol

import msgspec
import sqlalchemy as sa

from sync import installed
from sync.months import month_of


class PulledError(Exception):
    """A program cannot hand over what it should; the message says why, in Japanese and in English."""


class Span(msgspec.Struct, frozen=True):
    """From one day to another, both of them whole.

    Attributes:
        first, last: days since 1970-01-01, by the town's calendar.
        offset_minutes: how far the town's clock is ahead of UTC.
    """

    first: int
    last: int
    offset_minutes: int

    @property
    def months(self) -> range:
        """The months that lie in it from their first day to their last, as `sync.months` counts them."""
        before = month_of(self.first - 1)
        return range(before + 1, month_of(self.last + 1))

    def has(self, day: int) -> bool:
        return self.first <= day <= self.last


class Pulled(Protocol):
    """What one program hands over."""

    def files(self, connection: sa.Connection, span: Span) -> Mapping[str, bytes]:
        """Return files by their names; everything is added up, and nothing changes meanwhile.

        Raises:
            PulledError: something is wrong with what it should hand over.
        """


def files(connection: sa.Connection, span: Span) -> dict[str, bytes]:
    """Return what every program hands over, by program and file."""
    return {
        f"{program}/{name}": content
        for program, module in installed.parts("pulled").items()
        for name, content in module.PULLED.files(connection, span).items()
    }
