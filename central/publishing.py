"""Publishes a month of whichever program, once and for good, with what has arrived by now."""

from collections.abc import Callable, Sequence

import sqlalchemy as sa

from central.calendar import utc_offset_minutes
from central.centre import Centre
from central.published import Said, Shelf
from sync.entries import Fact
from sync.messages import OFFICE_STREAM
from sync.months import first_day
from sync.program import day_begins_ms

Made = Callable[[sa.Connection, int, int], tuple[Sequence[Fact], Said]]


def publish(centre: Centre, shelf: Shelf[Said], month: int, made: Made[Said]) -> Said:
    """Publish a month. What arrives later changes nothing that is published.

    Args:
        made: returns what the office says before, and of it, from the books, the present (Unix milliseconds) and how
            far the town's clock is ahead of UTC.

    Raises:
        PublishError: it is not over, or published already.
    """
    with centre.reconciler.counted() as connection:
        now_ms, offset = centre.town.clock.wall_ms(), utc_offset_minutes(connection)
        shelf.refuse(connection, month, is_over=day_begins_ms(first_day(month + 1), offset) <= now_ms)
        before, said = made(connection, now_ms, offset)
        centre.streams.append(connection, OFFICE_STREAM, [*before, said])
    centre.reconciler.catch_up()
    return said
