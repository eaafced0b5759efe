"""What arrives, as it arrives: a bell that wakes whoever watches, and the stream of events that pages read.

The id of an event is the entry's place in the order of arrival, which the database keeps: a page that was cut off, by
its own network or by a restart of the centre, says which event it saw last and misses none.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final

import msgspec
from starlette.concurrency import run_in_threadpool

from central.console.arrivals import Arrival, Cursor

BEAT_S: Final = 5.0  # a page says that it stands still after more than two of these
RETRY_MS: Final = 500
AT_ONCE: Final = 200

Read = Callable[[Cursor, int], list[Arrival]]
Stands = Callable[[], bool]


class Bell:
    """Many may wait for the next ring; `rings` counts them, so that none is missed between looking and waiting."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()
        self.rings = 0
        self.closed = False

    def ring(self) -> None:
        self.rings += 1
        self._rung.set()
        self._rung = asyncio.Event()

    def close(self) -> None:
        """Ring for the last time: whoever waits is to leave."""
        self.closed = True
        self.ring()

    async def wait(self, heard: int, at_most_s: float) -> bool:
        """Wait until it has rung more often than `heard`; return whether it has, in time."""
        if self.rings > heard:
            return True
        try:
            await asyncio.wait_for(self._rung.wait(), at_most_s)
        except TimeoutError:
            return False
        return True


async def events(
    bell: Bell, read: Read, cursor: Cursor, stands: Stands = lambda: True, beat_s: float = BEAT_S
) -> AsyncIterator[bytes]:
    """Yield what arrived behind `cursor`, then whatever arrives, and a beat when nothing did for a while.

    Args:
        read: returns up to so many entries behind a place in the order of arrival.
        stands: whether whoever listens still may.
    """
    yield b"retry: %d\nevent: beat\ndata: {}\n\n" % RETRY_MS
    while not bell.closed and await run_in_threadpool(stands):
        heard = bell.rings
        arrived = await run_in_threadpool(read, cursor, AT_ONCE)
        for arrival in arrived:
            yield b"id: %b\ndata: %b\n\n" % (arrival.cursor.encode(), msgspec.json.encode(arrival))
        if arrived:
            cursor = Cursor.parse(arrived[-1].cursor)
        if len(arrived) < AT_ONCE and not await bell.wait(heard, beat_s):
            yield b"event: beat\ndata: {}\n\n"
