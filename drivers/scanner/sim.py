"""A scanner in memory: codes are held before it by calling `scan`, and it hears them as the real one does.

It has no thread: events are reported in the thread of whoever opens a door, so a simulated town stays repeatable.
"""

import time
from typing import Final

import msgspec

from drivers.check import Check, State
from drivers.clock import Clock
from drivers.scanner import Event, Listener, ScannerCame, ScannerLeft
from drivers.scanner._ear import Ear
from drivers.serial.sim import misread

_BAUD: Final = 9600


class Driver:
    """Capabilities: any bytes; faults: `unplug`, `tear`, `far_baud` (set to another speed), `stutter` (sends twice)."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        pass

    def __init__(self, options: Options | None = None, clock: Clock | None = None) -> None:
        self._options = options or self.Options()
        self._mono = clock.mono if clock else time.monotonic
        self._listener: Listener | None = None
        self._ear = Ear()
        self._plugged = True
        self.far_baud = _BAUD
        self.stutter = False

    def start(self, listener: Listener) -> None:
        self._listener = listener
        self._report([ScannerCame() if self._plugged else ScannerLeft("unplugged")])

    def stop(self) -> None:
        self._listener = None

    @classmethod
    def probe(cls, _options: Options) -> Check:
        return Check(State.WARN, "模擬のスキャナーです。本番では使えません", "a simulated scanner, which serves nobody")

    def scan(self, code: bytes | str) -> None:
        """Hold a code before the window."""
        raw = (code.encode() if isinstance(code, str) else code) + b"\r"
        self._send(raw * 2 if self.stutter else raw)
        self._report(self._ear.silence(self._mono()))

    def tear(self, code: bytes) -> None:
        """Send a code that breaks off."""
        self._send(code)
        self._report(self._ear.silence(self._mono()))

    def unplug(self) -> None:
        self._plugged = False
        self._report([*self._ear.cut(), ScannerLeft("unplugged")])

    def plug(self) -> None:
        self._plugged = True
        self._report([ScannerCame()])

    def _send(self, raw: bytes) -> None:
        if not self._plugged:
            return
        if self.far_baud != _BAUD:
            raw, _ = misread(raw, self.far_baud, _BAUD)
        self._report(self._ear.hear(raw, self._mono()))

    def _report(self, events: list[Event]) -> None:
        if self._listener:
            for event in events:
                self._listener(event)
