"""One thing writes at a time while this process goes on listening: what arrives meanwhile is stored together.

A disk syncs a few hundred times a second; a town in which every unit comes back at once brings more deliveries.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from central.intake import Delivery, Intake

TOGETHER_MAX: Final = 64  # 32,000 entries: no answer waits for much more than a quarter of a second of work

_Result = TypeVar("_Result")
_Waiting = tuple[Delivery, "asyncio.Future[bytes]"]


class Writer:
    """Stores deliveries, several at a time, and does whatever else writes in between."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._turn = asyncio.Lock()
        self._waiting: list[_Waiting] = []
        self._storing: asyncio.Task[None] | None = None

    async def deliver(self, delivery: Delivery) -> bytes:
        """Return the signed answer as soon as the delivery is durable.

        Raises:
            RefusedError: with the reason.
        """
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting.append((delivery, answer))
        if self._storing is None:
            self._storing = asyncio.create_task(self._store_waiting())
        return await answer

    async def do(self, work: Callable[[], _Result]) -> _Result:
        """Run something that writes, in a thread, when its turn has come."""
        async with self._turn:
            return await asyncio.to_thread(work)

    async def _store_waiting(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:TOGETHER_MAX], self._waiting[TOGETHER_MAX:]
            deliveries = [delivery for delivery, _ in batch]
            for (_, waiting), answer in zip(batch, await self._store(deliveries), strict=True):
                if waiting.cancelled():
                    continue  # the caller hung up; it will ask again
                if isinstance(answer, BaseException):
                    waiting.set_exception(answer)
                else:
                    waiting.set_result(answer)
        self._storing = None

    async def _store(self, deliveries: list[Delivery]) -> Sequence[bytes | BaseException]:
        """Store all; if that fails altogether, each alone, so that the one which cannot be stored harms no other."""
        (stored,) = await asyncio.gather(self.do(lambda: self._intake.store(deliveries)), return_exceptions=True)
        if not isinstance(stored, BaseException):
            return stored
        if len(deliveries) == 1:
            return [stored]
        return [answer for delivery in deliveries for answer in await self._store([delivery])]
