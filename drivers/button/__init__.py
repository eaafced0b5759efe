"""The button port: somebody pressed a named button, shortly or for long.

A driver calls its listener from its own thread; the listener must return at once (it puts the event into a queue).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Pressed:
    """A short press: the button was let go again."""

    name: str


@dataclass(frozen=True)
class Held:
    """A long press, told once, while the button is still down; no `Pressed` follows."""

    name: str


Event = Pressed | Held
Listener = Callable[[Event], None]


class Button(Protocol):
    def start(self, listener: Listener) -> None:
        """Begin to report. Returns at once. A button that is down already counts only after it was let go."""

    def stop(self) -> None:
        """Report nothing more."""
