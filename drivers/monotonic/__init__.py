"""The anti-rollback port: a counter outside the disk that only grows.

A hash chain alone cannot see that its own tail was rolled away with the disk. A counter in a secure element, a TPM
or an FRAM chip can: it is raised after every commit and before the beep.
"""

from typing import Protocol


class MonotonicError(Exception):
    """The counter cannot be used; the message says why."""


class Monotonic(Protocol):
    def read(self) -> int | None:
        """Return the counter, or None where this unit has none."""

    def raise_to(self, value: int) -> None:
        """Raise the counter; a value that is not higher changes nothing.

        Raises:
            MonotonicError: whether it was raised is not known.
        """
