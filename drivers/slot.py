"""The last thing that was asked for, handed to the one thread that does it: whoever asks never waits.

A lamp, a loudspeaker and a display show one thing at a time, and the newest wins. So there is no queue: a device that
hangs holds nobody up, and when it comes back it does not work through what is long past.
"""

import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class Slot(Generic[T]):
    """Room for one thing. Many may put; one thread takes."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: list[T] = []
        self._ended = False

    @property
    def ended(self) -> bool:
        """Whether `end` was called."""
        return self._ended

    def put(self, thing: T) -> None:
        """Ask for something, in place of what was asked for before and has not begun; returns at once."""
        with self._changed:
            self._waiting = [thing]
            self._changed.notify_all()

    def take(self, seconds: float | None = None) -> T | None:
        """Wait for something new, at most that long; None if nothing came, or if it has ended."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._ended, seconds)
            return self._waiting.pop() if self._waiting and not self._ended else None

    def end(self) -> None:
        """Let the thread that takes end."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
