"""Listening at a serial line all day: opened, told, listened to; pulled out, told once, looked for until it is back.

A scanner and a receiver of positions differ in what they hear and in when they count as there, and in nothing else.
"""

import threading
import time
from collections.abc import Callable
from typing import Final, Generic, Protocol, TypeVar

from drivers.serial import Line, LineError, LineGoneError

E = TypeVar("E")

_LOOK_S: Final = 0.5
_STOP_S: Final = 2.0


class Hearing(Protocol[E]):
    """What makes events of bytes. It is asked from one thread; time comes in seconds that only grow."""

    def hear(self, data: bytes, now: float) -> list[E]:
        """Take bytes; return what they complete."""

    def silence(self, now: float) -> list[E]:
        """Nothing has come for a while; return what that completes."""

    def cut(self) -> list[E]:
        """The line has gone away; return what that ends."""


class Listening(Generic[E]):
    """A thread that listens while it is started.

    Args:
        path: what the line is called, for people.
        line: where it listens.
        hearing: what it does with what it hears.
        came, left: what it reports of the device itself; `left` gets the reason.
        gap_s: how long a silence is.
        silent_s: a device that speaks by itself is there once it has spoken, and gone once it has said nothing for so
            long. None: one that speaks only when it is used; it is there as soon as its line can be opened.
    """

    def __init__(
        self,
        path: str,
        line: Line,
        hearing: Hearing[E],
        *,
        came: E,
        left: Callable[[str], E],
        gap_s: float,
        silent_s: float | None = None,
    ) -> None:
        self._path = path
        self._line = line
        self._hearing = hearing
        self._came = came
        self._left = left
        self._gap_s = gap_s
        self._silent_s = silent_s
        self._is_lost = False  # and that was said
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, listener: Callable[[E], object]) -> None:
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, args=(listener,), name=self._path, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Let go of the line; nothing is reported afterwards."""
        self._stopping.set()
        thread, self._thread = self._thread, None
        if thread:
            thread.join(_STOP_S)

    def _run(self, listener: Callable[[E], object]) -> None:
        def report(events: list[E]) -> None:
            for event in events:
                if not self._stopping.is_set():
                    listener(event)

        self._is_lost = False
        while not self._stopping.is_set():
            try:
                self._line.open()
                self._listen(report)
            except LineError as error:
                self._line.close()
                report(self._hearing.cut())
                if not self._is_lost:
                    report([self._left(str(error))])
                self._is_lost = True
                self._stopping.wait(_LOOK_S)
        self._line.close()

    def _listen(self, report: Callable[[list[E]], None]) -> None:
        data = self._first()
        self._is_lost = False
        report([self._came])
        since = time.monotonic()
        while not self._stopping.is_set():
            now = time.monotonic()
            if data:
                since = now
                report(self._hearing.hear(data, now))
            else:
                report(self._hearing.silence(now))
                self._must_not_be_silent(since)
            data = self._line.read(self._gap_s)

    def _first(self) -> bytes:
        """Wait for a device that speaks by itself to say something; return that."""
        since = time.monotonic()
        while self._silent_s is not None and not self._stopping.is_set():
            if data := self._line.read(self._gap_s):
                return data
            self._must_not_be_silent(since)
        return b""

    def _must_not_be_silent(self, since: float) -> None:
        if self._silent_s is not None and time.monotonic() - since > self._silent_s:
            raise LineGoneError(f"{self._path}: silent for {self._silent_s:g} s")
