"""Slips on their way to paper: handed over in a moment, and printed one after the other by a thread of their own.

Whoever serves cards never waits for a printer. A slip is tried once: what did not come out while its customer stood
there comes out only if somebody asks for it again, and not in a heap when paper is put in an hour later.
"""

import atexit
import contextlib
import queue
import threading
from collections.abc import Callable
from typing import Final

from drivers.printer import Printed, Printer, Reach, Slip, Trouble

WAITING_MAX: Final = 8
_REMEMBERED: Final = 500
_CLOSE_S: Final = 2.0

Told = Callable[[Slip, Printed], None]


class Spool:
    """One printer and its thread.

    Args:
        told: hears what became of each slip, in the printer's thread; it returns at once.
    """

    def __init__(self, printer: Printer, told: Told) -> None:
        self._printer = printer
        self._told = told
        self._waiting: queue.Queue[tuple[Slip, bool] | None] = queue.Queue(WAITING_MAX)
        self._reached: dict[str, Reach] = {}
        self._thread = threading.Thread(target=self._run, name="printer", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def put(self, slip: Slip, *, again: bool = False) -> None:
        """Have a slip printed; returns at once. If too many wait already, it is told as `Trouble.BUSY`.

        Args:
            again: it was asked for before; it says so, unless it is known that nothing of it came out then.
        """
        try:
            self._waiting.put_nowait((slip, again))
        except queue.Full:
            self._told(slip, Printed(Reach.NOTHING, 0, 0, again, Trouble.BUSY))

    def close(self) -> None:
        """Let the slip that is being printed come out, and forget the others; also at the end of the process."""
        atexit.unregister(self.close)
        with contextlib.suppress(queue.Empty):
            while True:
                self._waiting.get_nowait()
        self._waiting.put(None)
        self._thread.join(_CLOSE_S)

    def _run(self) -> None:
        while (job := self._waiting.get()) is not None:
            slip, again = job
            marked = again and self._reached.get(slip.number) is not Reach.NOTHING
            printed = self._printer.print(slip, again=marked)
            self._remember(slip.number, printed.reach)
            self._told(slip, printed)

    def _remember(self, number: str, reach: Reach) -> None:
        if len(self._reached) >= _REMEMBERED:
            del self._reached[next(iter(self._reached))]
        if self._reached.get(number, Reach.NOTHING) is Reach.NOTHING:  # what came out once stays out
            self._reached[number] = reach
