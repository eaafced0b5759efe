"""The one thread that moves a real lamp: asks the arithmetic for the next frame and hands it on if it changed."""

import atexit
import logging
import threading
from typing import Final, Protocol

from drivers.clock import Clock
from drivers.light import Colour, Motion, Pattern
from drivers.light._dimming import Dimming
from drivers.light._frames import Levels, frame, showing
from drivers.slot import Slot

log = logging.getLogger("light")

FRAME_S: Final = 0.04
STILL_S: Final = 1.0  # nothing moves, but night may fall
AGAIN_S: Final = 5.0
_JOIN_S: Final = 1.0
_MS: Final = 1000
_DIM: Final = 1 / 3


class Lamp(Protocol):
    """A make of light, below the motions. Every call comes from the engine's thread and may raise anything."""

    count: int

    def open(self) -> None: ...

    def put(self, colour: Colour, levels: Levels) -> None:
        """Show this now; as many levels as there are pixels, 0 to 1, brightness included."""

    def close(self) -> None:
        """Go dark and let go; also after a failure."""


class Engine:
    """Shows patterns on a lamp. A lamp that fails stays dark, is tried again every few seconds, and holds up nobody."""

    def __init__(self, lamp: Lamp, dimming: Dimming, clock: Clock) -> None:
        self._lamp = lamp
        self._dimming = dimming
        self._clock = clock
        self._slot: Slot[tuple[tuple[Pattern, ...], float]] = Slot()
        self._up: tuple[Colour, Levels] | None = None  # what the lamp shows; None: closed
        self._broken_until = 0.0
        self._share = 1.0  # of the brightness that was set
        self._thread = threading.Thread(target=self._run, name="light", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def show(self, patterns: tuple[Pattern, ...]) -> None:
        self._slot.put((patterns, self._clock.mono()))

    def dim(self, *, on: bool) -> None:
        self._share = _DIM if on else 1.0  # from the next frame on

    def close(self) -> None:
        """Go dark and end the thread."""
        self._slot.end()
        self._thread.join(_JOIN_S)
        atexit.unregister(self.close)

    def _run(self) -> None:
        patterns: tuple[Pattern, ...] = ()
        since, pause = 0.0, None
        self._put(Colour.OFF, (0.0,) * self._lamp.count)  # a lamp that came up lit goes dark, and a fault shows early
        while True:
            asked = self._slot.take(pause)
            if self._slot.ended:
                break
            if asked:
                patterns, since = asked
            pause = self._step(patterns, self._clock.mono() - since)
        self._release()

    def _step(self, patterns: tuple[Pattern, ...], seconds: float) -> float | None:
        """Show this moment; return how long it stays the same, None for ever."""
        on = showing(patterns, seconds)
        if on is None:
            self._put(Colour.OFF, (0.0,) * self._lamp.count)
            return None
        pattern, passed = on
        brightness = self._dimming.now(self._clock) * self._share
        levels = frame(pattern.motion, passed, self._lamp.count)
        self._put(pattern.colour, tuple(level * brightness for level in levels))
        still_s = STILL_S if pattern.motion is Motion.STEADY else FRAME_S
        return min(still_s, pattern.ms / _MS - passed) if pattern.ms else still_s

    def _put(self, colour: Colour, levels: Levels) -> None:
        if self._up == (colour, levels) or self._clock.mono() < self._broken_until:
            return
        try:
            if self._up is None:
                self._lamp.open()
            self._lamp.put(colour, levels)
            self._up = colour, levels
            self._broken_until = 0.0
        except Exception as error:  # noqa: BLE001 - whatever the libraries below raise, a lamp never stops a unit
            log.warning("the light does not work: %s", error)
            self._release()
            self._broken_until = self._clock.mono() + AGAIN_S

    def _release(self) -> None:
        self._up = None
        try:
            self._lamp.close()
        except Exception as error:  # noqa: BLE001 - as above
            log.debug("while closing the light: %s", error)
