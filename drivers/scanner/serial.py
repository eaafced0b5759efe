"""A scanner on a serial line, or on USB set to be one (USB CDC): the bytes of the code, then CR, LF or both.

When the scanner is pulled out it is looked for again under the same name, twice a second.
Scanners should be set to put the symbology identifier before the code (ISO/IEC 15424); without it GS1 codes other than
those that begin with FNC1 are taken for text.
"""

from typing import Final

import msgspec

from drivers.check import Check, State
from drivers.listening import Listening
from drivers.scanner import Event, Listener, ScannerCame, ScannerLeft
from drivers.scanner._ear import Ear, End
from drivers.serial import Line, LineError, found, tty

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
        self._listening = Listening[Event](
            self._options.path,
            line or tty.Driver(tty.Driver.Options(self._options.path, self._options.baud)),
            Ear(self._options.end, self._options.size_max, self._options.again_ms / _MS),
            came=ScannerCame(),
            left=ScannerLeft,
            gap_s=self._options.gap_ms / _MS,
        )

    def start(self, listener: Listener) -> None:
        self._listening.start(listener)

    def stop(self) -> None:
        self._listening.stop()

    @classmethod
    def probe(cls, options: Options) -> Check:
        path, line = options.path, tty.Driver(tty.Driver.Options(options.path, options.baud))
        try:
            line.open()
        except LineError as error:
            return found(path, error)
        line.close()
        return Check(State.OK, f"{path} を開けます", f"{path} can be opened")
