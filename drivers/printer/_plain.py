"""A printer behind the kernel's USB printer driver (`/dev/usb/lp0`), or a file: as a line, without a speed."""

import contextlib
import errno
import os
import select
import stat
import time
from typing import Final

from drivers.serial import READ_MAX, LineBusyError, LineDeniedError, LineError, LineGoneError, send

_EMPTY_S: Final = 0.02


class Plain:
    """The port of `drivers.serial`, over a device or file that is simply read and written."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._handle: int | None = None
        self._is_file = False

    def open(self) -> None:
        if self._handle is not None:
            return
        try:
            self._is_file = stat.S_ISREG(os.stat(self._path).st_mode)  # noqa: PTH116 - the same as below, by path
            mode = os.O_WRONLY | os.O_APPEND if self._is_file else os.O_RDWR | os.O_NONBLOCK
            self._handle = os.open(self._path, mode | os.O_CLOEXEC | os.O_NOCTTY)
        except OSError as error:
            raise _told(self._path, error) from error

    def read(self, seconds: float) -> bytes:
        handle = self._opened()
        if self._is_file:
            return b""
        try:
            ready, _, _ = select.select([handle], [], [], seconds)
            data = os.read(handle, READ_MAX) if ready else b""
            if ready and not data:
                time.sleep(min(seconds, _EMPTY_S))  # an empty packet, which is no end and no reason to hurry
        except BlockingIOError:
            return b""
        except OSError as error:
            raise self._gone(error) from error
        return data

    def write(self, data: bytes, seconds: float) -> int:
        handle = self._opened()
        try:
            return send(handle, data, seconds)
        except OSError as error:
            raise self._gone(error) from error

    def framing_errors(self) -> int | None:
        return None

    def close(self) -> None:
        handle, self._handle = self._handle, None
        if handle is not None:
            with contextlib.suppress(OSError):
                os.close(handle)

    def _opened(self) -> int:
        if self._handle is None:
            raise LineError(f"{self._path} is not open")
        return self._handle

    def _gone(self, error: OSError) -> LineGoneError:
        self.close()
        return LineGoneError(f"{self._path}: {error}")


def _told(path: str, error: OSError) -> LineError:
    words = f"{path}: {error.strerror}"
    match error.errno:
        case errno.EBUSY:
            return LineBusyError(words)
        case errno.EACCES | errno.EPERM:
            return LineDeniedError(words)
        case _:
            return LineGoneError(words)
