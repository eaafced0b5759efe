"""What the kernel knows about the time: whether it is followed, and what the battery clock says."""

import ctypes
import fcntl
import os
import struct
from pathlib import Path
from typing import Final

from drivers.clock._confidence import Battery

_TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised
_STA_UNSYNC = 0x0040
_STATUS_OFFSET = 40 if struct.calcsize("l") == 8 else 20  # noqa: PLR2004 - struct timex: six longs before status
_TIMEX_SIZE = 256

_SYSFS: Final = Path("/sys/class/rtc")
_DEV: Final = Path("/dev")
_TIMESYNCD: Final = Path("/run/systemd/timesync/synchronized")  # systemd-timesyncd(8): there since the first sync
RTC_VL_READ: Final = 0x80047013  # _IOR('p', 0x13, unsigned int), linux/rtc.h
_VL_DATA_INVALID, _VL_BACKUP_EMPTY = 1 << 0, 1 << 2  # RTC_VL_DATA_INVALID, RTC_VL_BACKUP_EMPTY
_UINT: Final = struct.Struct("I")


def is_synchronised() -> bool:
    """Ask adjtimex(2), which chrony and systemd-timesyncd set; `False` where it cannot be asked."""
    timex = ctypes.create_string_buffer(_TIMEX_SIZE)
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(timex)
    except (OSError, AttributeError):
        return False
    status = int.from_bytes(timex.raw[_STATUS_OFFSET : _STATUS_OFFSET + 4], "little")
    return 0 <= int(state) < _TIME_ERROR and not status & _STA_UNSYNC


def was_synchronised(mark: Path = _TIMESYNCD) -> bool:
    """Tell whether systemd-timesyncd has set the clock since the machine started."""
    return mark.exists()


def battery(name: str, sysfs: Path = _SYSFS, dev: Path = _DEV) -> Battery | None:
    """Look at a battery clock ("rtc0"), or None if the kernel has none of that name.

    Source: Documentation/admin-guide/rtc.rst and Documentation/ABI/testing/sysfs-class-rtc of the Linux kernel.
    """
    folder = sysfs / name
    if not folder.is_dir():
        return None
    since = _read(folder / "since_epoch")
    return Battery(
        name=(_read(folder / "name").split() or [name])[0],
        unix_s=int(since) if since.isascii() and since.isdigit() else None,
        is_doubtful=_is_doubtful(dev / name),
    )


def _is_doubtful(device: Path) -> bool | None:
    """Ask the chip whether its power was too low at some time; None if it cannot say, or we may not ask."""
    try:
        handle = os.open(device, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        flags = _UINT.unpack(fcntl.ioctl(handle, RTC_VL_READ, bytes(_UINT.size)))[0]
    except OSError:
        return None
    finally:
        os.close(handle)
    return bool(flags & (_VL_DATA_INVALID | _VL_BACKUP_EMPTY))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:  # a clock that has lost its time cannot be read at all
        return ""
