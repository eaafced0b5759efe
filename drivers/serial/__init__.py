"""The serial line port: bytes come and go, and the device at the other end may be pulled out and put back.

It knows no scanner, printer or receiver of positions; their drivers are made of it. A line is named by a path that udev
keeps the same whatever is plugged in where (`/dev/machitap/scanner`).
"""

import contextlib
import os
import select
import time
from typing import Final, Protocol

from drivers.check import Check, State

READ_MAX: Final = 4096  # no read returns more


class LineError(Exception):
    """The line cannot be used."""


class LineGoneError(LineError):
    """There is no such device, or it was pulled out."""


class LineBusyError(LineError):
    """Another program has it."""


class LineDeniedError(LineError):
    """This user may not open it."""


class Line(Protocol):
    def open(self) -> None:
        """Open the line, or do nothing if it is open.

        Raises:
            LineGoneError, LineBusyError, LineDeniedError: it cannot be opened now.
        """

    def read(self, seconds: float) -> bytes:
        """Wait for bytes, but not longer than that; return what is there, `READ_MAX` at most, or nothing.

        Raises:
            LineError: it is not open, or not there any more.
        """

    def write(self, data: bytes, seconds: float) -> int:
        """Send bytes; return how many were taken within that time, all of them unless the other end holds them up.

        Raises:
            LineError: it is not open, or not there any more.
        """

    def framing_errors(self) -> int | None:
        """Return how many characters came out of step since the machine started, or None if nobody counts.

        A line at the wrong speed shows here before anything else.
        """

    def close(self) -> None:
        """Let go of the line. Never raises; may be called twice."""


def send(handle: int, data: bytes, seconds: float) -> int:
    """Write to a descriptor that does not block; return how many bytes were taken within that time.

    Raises:
        OSError: the device has gone.
    """
    deadline = time.monotonic() + seconds
    taken = 0
    while taken < len(data):
        _, ready, _ = select.select([], [handle], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            break
        with contextlib.suppress(BlockingIOError):
            taken += os.write(handle, data[taken:])
    return taken


def found(path: str, error: LineError) -> Check:
    """Say in plain words why a line cannot be opened."""
    match error:
        case LineBusyError():
            return Check(
                State.BUSY, f"{path} は使用中です", f"{path} is in use by another program",
                "そのプログラムを止めてください", "stop that program",
            )  # fmt: skip
        case LineDeniedError():
            return Check(
                State.FAIL, f"{path} を開く権限がありません", f"this user may not open {path}",
                "dialout グループの利用者で実行してください", "run this as a user of the group dialout",
            )  # fmt: skip
        case LineGoneError():
            return Check(
                State.FAIL, f"{path} が見つかりません", f"there is no {path}",
                "電源とケーブルを確かめ、差し直してください", "check power and cable, and plug it in again",
            )  # fmt: skip
        case _:
            return Check(
                State.FAIL, f"{path} は使えません", f"{path} cannot be used ({error})",
                "unit.toml の path と baud を確かめてください", "check path and baud in unit.toml",
            )  # fmt: skip
