"""The board port: how the machine below a unit is: hot, badly fed, short of room, its card worn.

A driver looks now and then, in a thread of its own, and reports by calling a listener, which returns at once. Whatever
a board does not show, or shows in a way that nobody can read, is None: not known, which is neither well nor ill.
"""

from collections.abc import Callable
from typing import Protocol

import msgspec


class Readings(msgspec.Struct, frozen=True):
    """What was seen at one look.

    Attributes:
        celsius: the hottest that any sensor says.
        is_throttled: the processor is kept slow because of heat.
        is_undervolted: the supply voltage was too low just now.
        free_bytes: room where the journal lies.
        wear_percent: how much of the storage's life is used; 100 is what its maker promised.
        is_worn_out: the storage says itself that its spare blocks are nearly used up.
        file_errors: how many errors the file system under the journal has found since it was made or repaired.
        written_bytes: how much was ever written to that file system.
    """

    celsius: int | None = None
    is_throttled: bool | None = None
    is_undervolted: bool | None = None
    free_bytes: int | None = None
    wear_percent: int | None = None
    is_worn_out: bool | None = None
    file_errors: int | None = None
    written_bytes: int | None = None


Listener = Callable[[Readings], None]


class Board(Protocol):
    def start(self, listener: Listener) -> None:
        """Begin to report. Returns at once."""

    def stop(self) -> None:
        """Report nothing more, and end every thread."""
