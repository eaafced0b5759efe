"""The board's own watchdog, by its device (Documentation/watchdog/watchdog-api.rst of the Linux kernel).

Opening the device starts the timer; from then on the board restarts unless it is kicked. It is let off only by a "V"
before the device is closed ("magic close"), so a daemon that is killed is a board that restarts. Only for boards on
which systemd does not have the device itself (RuntimeWatchdogSec=); then use the make `systemd`.
"""

import contextlib
import errno
import fcntl
import os
import struct
from pathlib import Path
from typing import Final

import msgspec

from drivers.check import Check, State
from drivers.watchdog import KICKS_IN_A_PERIOD, WatchdogError

SETTIMEOUT: Final = 0xC0045706  # _IOWR('W', 6, int)
GETTIMEOUT: Final = 0x80045707  # _IOR('W', 7, int)
_INT: Final = struct.Struct("i")
_KICK, _MAGIC_CLOSE = b"\0", b"V"


class Driver:
    """Capabilities: restarts the board; orderly end unless the kernel was built or told otherwise (`nowayout`)."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        """`path`: of the device. `period_s`: restart after so long; a Pi's can do 15 seconds at most."""

        path: str = "/dev/watchdog0"
        period_s: int = 14
        sysfs: str = "/sys/class/watchdog"

    def __init__(self, options: Options | None = None) -> None:
        self._options = options or self.Options()
        self._handle: int | None = None

    def start(self) -> float | None:
        path = self._options.path
        try:
            self._handle = os.open(path, os.O_WRONLY | os.O_CLOEXEC | os.O_NONBLOCK)
            period_s = self._set_period(self._handle)
        except OSError as error:
            self.stop()
            raise WatchdogError(f"{path}: {_advice(error)}") from error
        return period_s / KICKS_IN_A_PERIOD

    def kick(self) -> None:
        self._write(_KICK)

    def stop(self) -> None:
        self._write(_MAGIC_CLOSE)
        handle, self._handle = self._handle, None
        if handle is not None:
            with contextlib.suppress(OSError):
                os.close(handle)

    @classmethod
    def probe(cls, options: Options) -> Check:
        """Read what the kernel says about the device; the device itself is left alone, for opening it starts it."""
        path = Path(options.path)
        told = Path(options.sysfs) / path.name
        if not path.exists():
            return Check(
                State.FAIL, f"見張り装置 {path} がありません", f"there is no watchdog {path}",
                "config.txt で dtparam=watchdog=on を確かめてください", "check dtparam=watchdog=on in config.txt",
            )  # fmt: skip
        name, state = _read(told / "identity") or "?", _read(told / "state")
        if _read(told / "bootstatus") not in ("", "0"):
            return Check(
                State.WARN, f"前回は見張り装置({name})が再起動させました", f"the last start was forced by {name}",
                "ログを見て、止まった理由を確かめてください", "look into the log for why it hung",
            )  # fmt: skip
        if state == "active":
            return Check(State.BUSY, f"見張り装置({name})は働いています", f"{name} is active")
        return Check(State.OK, f"見張り装置({name})があります", f"{name} is there")

    def _set_period(self, handle: int) -> int:
        """Ask for a period and return the one that the board grants; some can only be asked what they have."""
        try:
            raw = fcntl.ioctl(handle, SETTIMEOUT, _INT.pack(self._options.period_s))
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):
                raise
            raw = fcntl.ioctl(handle, GETTIMEOUT, bytes(_INT.size))
        return int(_INT.unpack(raw)[0])

    def _write(self, what: bytes) -> None:
        if self._handle is not None:
            with contextlib.suppress(OSError):
                os.write(self._handle, what)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""


def _advice(error: OSError) -> str:
    match error.errno:
        case errno.EBUSY:
            return 'another program has the watchdog; if it is systemd, say make = "systemd"'
        case errno.ENOENT:
            return "there is no such watchdog; say dtparam=watchdog=on in config.txt"
        case errno.ENOTTY:
            return "this is no watchdog"
        case _:
            return error.strerror or str(error)
