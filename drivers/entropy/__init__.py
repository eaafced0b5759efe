"""The dice port: nonces, boot ids and keys come from here, so that a simulated town can be replayed."""

from typing import Protocol


class Entropy(Protocol):
    def bytes(self, count: int) -> bytes:
        """Return `count` bytes that nobody could have guessed."""
