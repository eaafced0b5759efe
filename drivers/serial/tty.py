"""A real serial line, or a USB device that looks like one. The one file that imports pyserial.

pyserial finds the device and sets it up. Bytes are read and written on its descriptor, because every change of
pyserial's own time limit sets the line up anew. A line is locked while it is open (flock, which every program that uses
pyserial's `exclusive` honours), so that a look at a device never takes bytes away from the unit.
"""

import contextlib
import errno
import fcntl
import os
import select
import struct
import termios
from typing import Final

import msgspec
import serial  # type: ignore[import-untyped]

from drivers.serial import READ_MAX, LineBusyError, LineDeniedError, LineError, LineGoneError, send

_TIOCGICOUNT: Final = 0x545D  # linux/serial.h: struct serial_icounter_struct
_COUNTERS: Final = struct.Struct("11i36x")
_FRAME: Final = 6  # cts, dsr, rng, dcd, rx, tx, frame, overrun, parity, brk, buf_overrun


class Driver:
    """Capabilities: every speed that the device has, eight bits, no parity; framing errors where the kernel counts."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        """`path`: as udev names it. `baud`: bits a second; a true USB device (`ttyACM`) takes any."""

        path: str
        baud: int = 9600

    def __init__(self, options: Options) -> None:
        self._options = options
        self._port: serial.Serial | None = None

    def open(self) -> None:
        if self._port is not None:
            return
        try:
            self._port = serial.Serial(self._options.path, self._options.baud, timeout=0, exclusive=True)
        except (OSError, termios.error) as error:  # pyserial lets the second through if the device goes just now
            raise _told(self._options.path, error) from error
        except ValueError as error:  # no such speed
            raise LineError(f"{self._options.path}: {error}") from error

    def read(self, seconds: float) -> bytes:
        handle = self._opened().fileno()
        try:
            ready, _, _ = select.select([handle], [], [], seconds)
            if not ready:
                return b""
            data = os.read(handle, READ_MAX)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise self._gone(error) from error
        if not data:  # a device that was pulled out is always ready and has nothing to say
            raise self._gone("pulled out")
        return data

    def write(self, data: bytes, seconds: float) -> int:
        handle = self._opened().fileno()
        try:
            return send(handle, data, seconds)
        except OSError as error:
            raise self._gone(error) from error

    def framing_errors(self) -> int | None:
        try:
            raw = fcntl.ioctl(self._opened().fd, _TIOCGICOUNT, bytes(_COUNTERS.size))
        except OSError:
            return None
        return int(_COUNTERS.unpack(raw)[_FRAME])

    def close(self) -> None:
        port, self._port = self._port, None
        if port is not None:
            with contextlib.suppress(OSError, termios.error):
                port.close()

    def _gone(self, why: object) -> LineGoneError:
        self.close()
        return LineGoneError(f"{self._options.path}: {why}")

    def _opened(self) -> "serial.Serial":
        if self._port is None:
            raise LineError(f"{self._options.path} is not open")
        return self._port


def _told(path: str, error: Exception) -> LineError:
    words = f"{path}: {error}"
    match error.args[0] if error.args else None:
        case errno.EAGAIN | errno.EBUSY:
            return LineBusyError(words)
        case errno.EACCES | errno.EPERM:
            return LineDeniedError(words)
        case _:
            return LineGoneError(words)
