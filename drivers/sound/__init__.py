"""The sound port: short sounds by name, one per result, so that a tap is understood without looking."""

from typing import Protocol


class Sound(Protocol):
    def play(self, earcon: str, about: str = "") -> None:
        """Start a sound and return at once; it cuts off the one before.

        Args:
            earcon: the sound's name, as in `drivers/sound/earcons.py`.
            about: what it announces, for the log: a result's entry id and hash, or nothing.
        """
