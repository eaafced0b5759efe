"""The operating system's clock; the only file that may ask it."""

import ctypes
import time

import msgspec

from drivers.clock import Confidence

_TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised
_STA_UNSYNC = 0x0040
_STATUS_OFFSET = 40  # struct timex on 64-bit Linux: modes, pad, offset, freq, maxerror, esterror, then status
_TIMEX_SIZE = 256


class Driver:
    """Capabilities: wall time yes, monotonic time yes, confidence by the kernel's own synchronisation flag."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        """`battery`: the board has a battery-backed clock, so an unsynchronised time is held, not unknown."""

        battery: bool = False

    def __init__(self, options: Options | None = None) -> None:
        self._options = options or self.Options()

    def wall_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def mono(self) -> float:
        return time.monotonic()

    def confidence(self) -> Confidence:
        if _kernel_is_synchronised():
            return Confidence.SYNCED
        return Confidence.HELD if self._options.battery else Confidence.UNKNOWN

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def _kernel_is_synchronised() -> bool:
    """Ask adjtimex(2), as chrony and systemd-timesyncd set it; `False` where it cannot be asked."""
    timex = ctypes.create_string_buffer(_TIMEX_SIZE)
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(timex)
    except (OSError, AttributeError):
        return False
    status = int.from_bytes(timex.raw[_STATUS_OFFSET : _STATUS_OFFSET + 4], "little")
    return 0 <= int(state) < _TIME_ERROR and not status & _STA_UNSYNC
