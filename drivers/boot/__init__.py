"""The boot port: which of a card's two systems is started, and how the other one is tried once.

A board's firmware starts the primary slot, always; told so, it starts the other one a single time. It writes nothing
itself: a slot that hangs, or is cut off, was tried, and the next start is the primary's. Both words of a setting are
written in one step: the old ones or the new ones, whatever happens meanwhile.
"""

from enum import StrEnum
from typing import Protocol

import msgspec


class Slot(StrEnum):
    A = "a"
    B = "b"

    @property
    def other(self) -> "Slot":
        return Slot.B if self is Slot.A else Slot.A


class BootError(Exception):
    """The setting of what is started cannot be read or written; the message says why."""


class CannotTryError(BootError):
    """This board cannot start a slot for one trial."""


class Boots(msgspec.Struct, frozen=True):
    """What is started.

    Attributes:
        booted: runs now.
        primary: is started, unless a trial was asked for.
        tried: is started by a trial; the primary itself, if the other one is not to be started at all.
        is_armed: the next start is a trial.
    """

    booted: Slot
    primary: Slot
    tried: Slot
    is_armed: bool


class Boot(Protocol):
    @property
    def tries(self) -> bool:
        """Whether this board can start a slot for one trial."""

    def look(self) -> Boots:
        """Return what is started.

        Raises:
            BootError: it cannot be read.
        """

    def set(self, primary: Slot, tried: Slot) -> None:
        """Write both, durably and in one step.

        Raises:
            BootError: it cannot be written; nothing has changed.
        """

    def point(self, slot: Slot) -> None:
        """Let what lies in a slot start its own root: the same files are for either.

        Raises:
            BootError: they say nothing of a root, or cannot be written.
        """

    def arm(self) -> None:
        """Make the next start a trial.

        Raises:
            CannotTryError: this board cannot.
        """

    def disarm(self) -> None:
        """Make the next start one as any other."""
