"""A board as the Linux kernel shows it: a Raspberry Pi with all of it, any other machine with what it has.

One thread looks every half minute. A Raspberry Pi's voltage alarm also wakes it: its kernel looks every two seconds
whether the voltage was too low, and tells whoever polls that file when that has changed; so no dip is missed. These are
files in memory: nothing is asked of the disk but how much room it has.
"""

import os
import select
import threading
from pathlib import Path
from typing import Annotated, Final

import msgspec

from drivers.board import Listener, Readings
from drivers.board._kernel import celsius, is_throttled, is_undervolted, voltage_alarm
from drivers.board._storage import free_bytes, storage
from drivers.check import Check, State

_STOP_S: Final = 2.0
_MS: Final = 1000
_MIB: Final = 1024 * 1024
_GB: Final = 1_000_000_000
_WORD: Final = 16  # bytes; the alarm is one digit


class Driver:
    """Capabilities: temperature, throttling, supply voltage, room, wear, file errors; what the kernel shows of it."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        """What can be configured.

        Fields:
            path: where the journal lies.
            endurance_gb: how many gigabytes may be written to the SD card, by its maker's data sheet; 0: not known, and
                so is its wear. An eMMC tells its wear itself.
            every_s: how often to look.
            sysfs: where the kernel shows it.
        """

        path: str = "."
        endurance_gb: Annotated[int, msgspec.Meta(ge=0)] = 0
        every_s: Annotated[float, msgspec.Meta(gt=0)] = 30.0
        sysfs: str = "/sys"

    def __init__(self, options: Options | None = None) -> None:
        self._options = options or self.Options()
        self._thread: threading.Thread | None = None
        self._end = -1  # whatever is written there ends the thread

    def start(self, listener: Listener) -> None:
        asked, self._end = os.pipe()
        self._thread = threading.Thread(target=self._run, args=(listener, asked), name="board", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        thread, self._thread = self._thread, None
        if thread:
            os.close(self._end)
            thread.join(_STOP_S)

    @classmethod
    def probe(cls, options: Options) -> Check:
        """Say what can be seen; whether it is well is for the running unit to say, which remembers how it was."""
        seen = look(options)
        if all(value is None for value in msgspec.structs.astuple(seen)):
            return Check(
                State.FAIL, f"{options.sysfs} から何も読めません", f"nothing can be read below {options.sysfs}",
                "unit.toml の [drivers.board] を確かめてください", "check [drivers.board] in unit.toml",
            )  # fmt: skip
        ja, en = _in_words(seen)
        return Check(State.OK, ja, en)

    def _run(self, listener: Listener, asked: int) -> None:
        alarm = watched = _open(voltage_alarm(Path(self._options.sysfs)))
        poll = select.poll()
        poll.register(asked, select.POLLIN)
        if watched is not None:
            poll.register(watched, select.POLLPRI)
        while True:
            if watched is not None and not _arm(watched):
                poll.unregister(watched)  # its driver has gone, and a file without one calls all the time
                watched = None
            listener(look(self._options))
            if any(handle == asked for handle, _ in poll.poll(self._options.every_s * _MS)):
                break
        os.close(asked)
        if alarm is not None:
            os.close(alarm)


def look(options: Driver.Options) -> Readings:
    """Look once."""
    sys, folder = Path(options.sysfs), Path(options.path)
    kept = storage(sys, folder, options.endurance_gb)
    return Readings(
        celsius=celsius(sys),
        is_throttled=is_throttled(sys),
        is_undervolted=is_undervolted(sys),
        free_bytes=free_bytes(folder),
        wear_percent=kept.wear_percent,
        is_worn_out=kept.is_worn_out,
        file_errors=kept.file_errors,
        written_bytes=kept.written_bytes,
    )


def _open(alarm: Path | None) -> int | None:
    try:
        return os.open(alarm, os.O_RDONLY | os.O_CLOEXEC) if alarm else None
    except OSError:
        return None


def _arm(alarm: int) -> bool:
    """Read the alarm, for the kernel wakes only whoever has; say whether it is still there."""
    try:
        return bool(os.pread(alarm, _WORD, 0))
    except OSError:
        return False


def _in_words(seen: Readings) -> tuple[str, str]:
    """Say what was seen, in Japanese and in English; what is not known is said too."""
    figures = (
        ("温度", "temperature", None if seen.celsius is None else f"{seen.celsius} ℃"),
        ("電圧", "voltage", None if seen.is_undervolted is None else ("low" if seen.is_undervolted else "ok")),
        ("空き", "room", None if seen.free_bytes is None else f"{seen.free_bytes // _MIB:,} MiB"),
        ("書込", "written", None if seen.written_bytes is None else f"{seen.written_bytes / _GB:,.1f} GB"),
        ("寿命", "life used", None if seen.wear_percent is None else f"{seen.wear_percent} %"),
        ("ファイルの誤り", "file errors", None if seen.file_errors is None else f"{seen.file_errors}"),
    )
    ja = "、".join(f"{name} {said or '不明'}" for name, _, said in figures)
    en = ", ".join(f"{name} {said or 'not known'}" for _, name, said in figures)
    return ja, en
