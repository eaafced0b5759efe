"""A recorded trace of a real device, played back to nfcpy: what the host must say, and what the device then said.

It answers only as long as the host says byte for byte what it said when the trace was recorded. At the end of the
trace, or at the first byte that differs, the cable is pulled.
"""

from dataclasses import dataclass
from pathlib import Path

import usb1  # type: ignore[import-untyped]

TRACES = Path(__file__).parent / "traces"
_MARKS = {">": (True, True), "<": (False, True), "+>": (True, False), "+<": (False, False)}


@dataclass(frozen=True)
class Step:
    """One line of a trace. `from_host`: else from the device. `is_recorded`: else written by us, and marked as such."""

    from_host: bool
    is_recorded: bool
    frame: bytes


def load(name: str) -> list[Step]:
    """Read a trace."""
    lines = (TRACES / f"{name}.txt").read_text().splitlines()
    marked = [line.split() for line in lines if line and not line.startswith("#")]
    return [Step(*_MARKS[mark], bytes.fromhex(frame)) for mark, frame in marked]


class Replay:
    """The device of a trace (see `tests.pcsc.usb.Device`). `wrong`: what the host said that it should not have."""

    def __init__(self, product: int, name: str, steps: list[Step]) -> None:
        self.product, self.name = product, name
        self.is_plugged = True
        self.is_forbidden = False
        self.opened = 0
        self.rest = list(steps)
        self.wrong: list[bytes] = []

    def write(self, frame: bytes) -> None:
        step = self._next(from_host=True)
        if step.frame != frame:
            self.wrong.append(frame)
            self._pull()

    def read(self, timeout_ms: int) -> bytes:
        del timeout_ms
        return self._next(from_host=False).frame

    def _next(self, *, from_host: bool) -> Step:
        if not self.rest or not self.is_plugged:
            self._pull()
        step = self.rest[0]
        if step.from_host is not from_host:
            raise usb1.USBErrorTimeout
        return self.rest.pop(0)

    def _pull(self) -> None:
        self.is_plugged = False
        raise usb1.USBErrorNoDevice
