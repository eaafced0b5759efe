"""Publishes a month of whichever program, once and for good, with what has arrived by now."""

from collections.abc import Callable

import sqlalchemy as sa

from central.calendar import utc_offset_minutes
from central.centre import Centre
from central.published import Said, Shelf
from sync.messages import OFFICE_STREAM
from sync.months import first_day
from sync.program import day_begins_ms


def publish(centre: Centre, shelf: Shelf[Said], month: int, made: Callable[[sa.Connection, int, int], Said]) -> Said:
    """Publish a month. What arrives later changes nothing that is published.

    Args:
        made: says what the office says of it, from the books, the present (Unix milliseconds) and the town's clock.

    Raises:
        PublishError: it is not over, or published already.
    """
    with centre.reconciler.counted() as connection:
        now_ms, offset = centre.town.clock.wall_ms(), utc_offset_minutes(connection)
        shelf.refuse(connection, month, is_over=day_begins_ms(first_day(month + 1), offset) <= now_ms)
        said = made(connection, now_ms, offset)
        centre.streams.append(connection, OFFICE_STREAM, [said])
    centre.reconciler.catch_up()
    return said
