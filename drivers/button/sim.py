"""Buttons in memory, with a finger: every event is reported in the thread of whoever moves it."""

import msgspec

from drivers.button import Event, Held, Listener, Pressed


class Driver:
    """Capabilities: short and long presses; faults: `broken` (a torn wire), `stuck` (never comes up again)."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        names: tuple[str, ...] = ("main",)

    def __init__(self, options: Options | None = None) -> None:
        self._names = (options or self.Options()).names
        self._listener: Listener | None = None
        self.broken = False
        self.stuck = False

    def start(self, listener: Listener) -> None:
        self._listener = listener

    def stop(self) -> None:
        self._listener = None

    def press(self, name: str = "main") -> None:
        """Press and let go; on a button that sticks it becomes a long press."""
        self._report(Held(name) if self.stuck else Pressed(name))

    def hold(self, name: str = "main") -> None:
        """Keep it down until it counts as long."""
        self._report(Held(name))

    def _report(self, event: Event) -> None:
        if event.name not in self._names:
            raise ValueError(f"no button is called {event.name}; there are {', '.join(self._names)}")
        if self._listener and not self.broken:
            self._listener(event)
