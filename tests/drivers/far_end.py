"""The far end of a serial line: a pseudo-terminal under a name that stays, as udev keeps it, with a plug to pull."""

import contextlib
import os
import select
import threading
import time
import tty
from collections.abc import Iterator
from pathlib import Path


class FarEnd:
    """What the other side of the cable does. `path`: where a driver finds it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._ours: int | None = None
        self._theirs: int | None = None

    def plug(self) -> None:
        self._ours, self._theirs = os.openpty()
        tty.setraw(self._theirs)
        self.path.symlink_to(os.ttyname(self._theirs))

    def unplug(self) -> None:
        self.path.unlink(missing_ok=True)
        for handle in (self._theirs, self._ours):
            if handle is not None:
                with contextlib.suppress(OSError):
                    os.close(handle)
        self._ours = self._theirs = None

    def say(self, data: bytes) -> None:
        """Send everything, as fast as it is taken."""
        assert self._ours is not None
        while data:
            data = data[os.write(self._ours, data[:1000]) :]

    def heard(self, size: int, seconds: float = 2.0) -> bytes:
        """Wait until so many bytes have come."""
        assert self._ours is not None
        data, until = b"", time.monotonic() + seconds
        while len(data) < size and (left := until - time.monotonic()) > 0:
            if select.select([self._ours], [], [], left)[0]:
                data += os.read(self._ours, 4096)
        return data

    @contextlib.contextmanager
    def chatter(self, data: bytes, every_s: float = 0.1) -> Iterator[None]:
        """Say the same again and again, as a receiver does."""
        over = threading.Event()

        def run() -> None:
            while not over.wait(every_s):
                with contextlib.suppress(OSError, AssertionError):  # pulled out meanwhile
                    self.say(data)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


@contextlib.contextmanager
def far_end(path: Path) -> Iterator[FarEnd]:
    end = FarEnd(path)
    end.plug()
    try:
        yield end
    finally:
        end.unplug()
