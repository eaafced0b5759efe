"""The power port: takes the power off a device that no longer answers, and gives it back."""

from typing import Protocol


class Power(Protocol):
    def cycle(self) -> None:
        """Begin to take the power off the device and give it back; returns at once and never raises.

        Whether that helped, its own driver says: the device comes back, or it does not.
        """
