"""The town's calendar, by the offset from UTC that the office has said; until then, Japan's."""

import sqlalchemy as sa

from central.reconcile import statement
from sync.directory import TOWN_KEY
from sync.facts import Town
from sync.program import JAPAN_MINUTES, town_day


def utc_offset_minutes(connection: sa.Connection) -> int:
    """Return how many minutes the town's clock is ahead of UTC."""
    said = statement(connection, TOWN_KEY).fact
    return said.utc_offset_minutes if isinstance(said, Town) else JAPAN_MINUTES


def day_at(connection: sa.Connection, at_ms: int) -> int:
    """Return the day at a moment, in days since 1970-01-01."""
    return town_day(at_ms, utc_offset_minutes(connection))
