"""Wakes the pages that watch: one bell, rung when something was added up."""

import asyncio


class Bell:
    """Many may wait for the next ring; a ring that nobody waits for is forgotten."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()
        self.closed = False

    def ring(self) -> None:
        self._rung.set()
        self._rung = asyncio.Event()

    def close(self) -> None:
        """Ring for the last time: whoever waits is to leave."""
        self.closed = True
        self.ring()

    async def wait(self, at_most_s: float) -> bool:
        """Wait for a ring; return whether there was one in time."""
        try:
            await asyncio.wait_for(self._rung.wait(), at_most_s)
        except TimeoutError:
            return False
        return True
