"""The watchdog port: whoever stops saying that all is well is started again by somebody who cannot hang with it.

Kick it from the place that would stop if the unit stopped serving, and from nowhere else: a kick from a thread of its
own only proves that this thread is alive.
"""

from typing import Final, Protocol

KICKS_IN_A_PERIOD: Final = 3  # so that one late kick is no restart


class WatchdogError(Exception):
    """The watchdog cannot be used as it is set up; the message says why."""


class Watchdog(Protocol):
    def start(self) -> float | None:
        """We serve from now on. Return how often to kick, in seconds, or None if nobody waits for kicks.

        Raises:
            WatchdogError: a watchdog was asked for, and there is none, or another program has it.
        """

    def kick(self) -> None:
        """Say that all is well. Never blocks, never raises: what comes of a kick that is lost is the restart."""

    def stop(self) -> None:
        """We end in order, and want no restart for it. Never raises; may be called twice."""
