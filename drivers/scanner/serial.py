"""A scanner on a serial line, or on USB set to be one (USB CDC): the bytes of the code, then CR, LF or both.

A thread of its own reads; when the scanner is pulled out it looks for it again under the same name, twice a second.
Scanners should be set to put the symbology identifier before the code (ISO/IEC 15424); without it GS1 codes other than
those that begin with FNC1 are taken for text.
"""

import threading
import time
from collections.abc import Callable
from typing import Final

import msgspec

from drivers.check import Check, State
from drivers.scanner import Event, Listener, ScannerCame, ScannerLeft
from drivers.scanner._ear import Ear, End
from drivers.serial import Line, LineError, found, tty

_LOOK_S: Final = 0.5
_STOP_S: Final = 2.0
_MS: Final = 1000


class Driver:
    """Capabilities: text, EMV and GS1 codes; unplugged and back; noise, torn and overlong codes are told apart."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        """What can be configured.

        Fields:
            path: as udev names it. `baud`: bits a second.
            end: "line" (CR, LF or both), or "silence" for a scanner that cannot be set to send either.
            gap_ms: how long a silence is.
            size_max: the longest code in bytes.
            again_ms: the same code within this time is the same scan.
        """

        path: str = "/dev/machitap/scanner"
        baud: int = 9600
        end: End = End.LINE
        gap_ms: int = 200
        size_max: int = 7089
        again_ms: int = 1000

    def __init__(self, options: Options | None = None, line: Line | None = None) -> None:
        self._options = options or self.Options()
        self._line = line or tty.Driver(tty.Driver.Options(self._options.path, self._options.baud))
        self._ear = Ear(self._options.end, self._options.size_max, self._options.again_ms / _MS)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, listener: Listener) -> None:
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, args=(listener,), name="scanner", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        thread, self._thread = self._thread, None
        if thread:
            thread.join(_STOP_S)

    @classmethod
    def probe(cls, options: Options) -> Check:
        path, line = options.path, tty.Driver(tty.Driver.Options(options.path, options.baud))
        try:
            line.open()
        except LineError as error:
            return found(path, error)
        line.close()
        return Check(State.OK, f"{path} を開けます", f"{path} can be opened")

    def _run(self, listener: Listener) -> None:
        def report(events: list[Event]) -> None:
            for event in events:
                if not self._stopping.is_set():
                    listener(event)

        is_told = False
        while not self._stopping.is_set():
            try:
                self._line.open()
                report([ScannerCame()])
                is_told = False
                self._listen(report)
            except LineError as error:
                report(self._ear.cut())
                if not is_told:
                    report([ScannerLeft(str(error))])
                is_told = True
                self._stopping.wait(_LOOK_S)
        self._line.close()

    def _listen(self, report: Callable[[list[Event]], None]) -> None:
        while not self._stopping.is_set():
            data = self._line.read(self._options.gap_ms / _MS)
            report(self._ear.hear(data, time.monotonic()) if data else self._ear.silence(time.monotonic()))
