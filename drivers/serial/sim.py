"""A serial line in memory: what the far end says is read here, and what is written here the far end has heard."""

import queue
from collections import deque
from typing import Final

import msgspec

from drivers.serial import READ_MAX, LineBusyError, LineError, LineGoneError

_START, _DATA_BITS, _FRAME_BITS = 0, 8, 10  # one start bit, eight data bits, the least significant first, one stop bit
_REMEMBERED: Final = 65_536


class Driver:
    """Capabilities: both directions; faults: `unplug`, `hold` (takes nothing), `busy`, `far_baud` (wrong speed)."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        path: str = "sim"
        baud: int = 9600

    def __init__(self, options: Options | None = None) -> None:
        self._options = options or self.Options()
        self._coming: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._rest = b""
        self._open = False
        self._errors = 0
        self.heard: deque[int] = deque(maxlen=_REMEMBERED)
        self.plugged = True
        self.busy = False
        self.hold = False
        self.far_baud = self._options.baud

    # ------------------------------------------------------------------------------------------ the port

    def open(self) -> None:
        if self.busy:
            raise LineBusyError(self._options.path)
        if not self.plugged:
            raise LineGoneError(self._options.path)
        self._open = True

    def read(self, seconds: float) -> bytes:
        self._must_be_open()
        if not self._rest:
            try:
                data = self._coming.get(timeout=seconds) if seconds > 0 else self._coming.get_nowait()
            except queue.Empty:
                return b""
            if data is None:
                self._open = False
                raise LineGoneError(self._options.path)
            self._rest = data
        data, self._rest = self._rest[:READ_MAX], self._rest[READ_MAX:]
        return data

    def write(self, data: bytes, seconds: float) -> int:  # noqa: ARG002 - nothing here takes time
        self._must_be_open()
        if self.hold:
            return 0
        self.heard.extend(data)
        return len(data)

    def framing_errors(self) -> int | None:
        return self._errors

    def close(self) -> None:
        self._open = False

    def _must_be_open(self) -> None:
        if not self._open:
            raise LineError(f"{self._options.path} is not open")
        if not self.plugged:
            self._open = False
            raise LineGoneError(self._options.path)

    # ------------------------------------------------------------------------------------------ the far end

    def say(self, data: bytes) -> None:
        """Let the far end send something; nobody hears it while it is unplugged."""
        if not self.plugged:
            return
        if self.far_baud != self._options.baud:
            data, wrong = misread(data, self.far_baud, self._options.baud)
            self._errors += wrong
        if data:
            self._coming.put(data)

    def unplug(self) -> None:
        self.plugged = False
        self._rest = b""
        waited_at, self._coming = self._coming, queue.SimpleQueue()
        for each in (waited_at, self._coming):  # whoever waits notices at once, as with a real line
            each.put(None)

    def plug(self) -> None:
        self._coming = queue.SimpleQueue()
        self.plugged = True


def misread(data: bytes, sent_baud: int, read_baud: int) -> tuple[bytes, int]:
    """Return what a receiver at another speed makes of a burst, and how many of its characters were out of step.

    It does what a UART does: waits for the line to fall, then looks at the middle of each bit as it thinks them.
    """
    bits = [bit for byte in data for bit in (_START, *((byte >> place) & 1 for place in range(_DATA_BITS)), 1)]
    if not bits:
        return b"", 0
    step = sent_baud / read_baud  # bits of the sender that go by in one bit of the receiver
    out = bytearray()
    wrong = 0
    at = 0.0
    while at < len(bits):
        start = next((place for place in range(int(at), len(bits)) if bits[place] == _START), None)
        if start is None:
            break
        begun = max(at, float(start))
        samples = [_level(bits, begun + (place + 0.5) * step) for place in range(_FRAME_BITS)]
        out.append(sum(bit << place for place, bit in enumerate(samples[1:9])))
        wrong += samples[9] != 1
        at = begun + (_FRAME_BITS - 0.5) * step
    return bytes(out), wrong


def _level(bits: list[int], at: float) -> int:
    return bits[int(at)] if int(at) < len(bits) else 1  # an idle line is high
