"""A number pad on USB, read from the kernel's event file: the keys of a till, also where the page has no focus.

The file is taken for this process alone, so that the browser below the page does not hear the same key.
"""

import fcntl
import logging
import os
import select
import threading
from typing import Final

import msgspec

from drivers.button import Listener, Pressed
from drivers.button._keys import EVENT_BYTES, Keys
from drivers.check import Check, State

log = logging.getLogger("button")

_GRAB: Final = 0x40044590  # EVIOCGRAB of linux/input.h
_LOOK_S: Final = 0.2
_AGAIN_S: Final = 1.0
_JOIN_S: Final = 2.0
_AT_ONCE: Final = 64


class Driver:
    """Capabilities: short presses of a pad's keys, as "0" to "9", "00", "enter", "clear" and "cancel"; no long ones.

    A pad that is pulled out is looked for until it is back.
    """

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        """What can be set.

        Attributes:
            path: its event file, as in /dev/input/by-id/…-event-kbd.
            grab: take it for this process alone.
        """

        path: str
        grab: bool = True

    def __init__(self, options: Options) -> None:
        self._path = options.path
        self._grab = options.grab
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._is_lost = False  # and that was said

    @classmethod
    def probe(cls, options: Options) -> Check:
        if not os.path.exists(options.path):  # noqa: PTH110 - a device, not a file of ours
            return Check(
                State.FAIL,
                "数字キーがありません",
                f"{options.path}: no such device",
                "USBをさしなおしてください",
                "plug it in again, and look at /dev/input/by-id",
            )
        if not os.access(options.path, os.R_OK):
            return Check(
                State.FAIL,
                "数字キーを読めません",
                f"{options.path} cannot be read",
                "input グループの権限を見てください",
                "run as a user in the group input",
            )
        return Check(State.OK, "数字キーがあります", "the number pad is there")

    def start(self, listener: Listener) -> None:
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, args=(listener,), name="keypad", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        thread, self._thread = self._thread, None
        if thread and thread is not threading.current_thread():
            thread.join(_JOIN_S)

    def _run(self, listener: Listener) -> None:
        while not self._stop.is_set():
            try:
                self._listen(listener)
            except OSError as error:
                if not self._is_lost:
                    log.warning("the number pad does not work: %s", error)
                self._is_lost = True
                self._stop.wait(_AGAIN_S)

    def _listen(self, listener: Listener) -> None:
        handle = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            if self._grab:
                fcntl.ioctl(handle, _GRAB, 1)
            log.info("the number pad is there")
            self._is_lost = False
            keys = Keys()
            while not self._stop.is_set():
                ready, _, _ = select.select([handle], [], [], _LOOK_S)
                if not ready:
                    continue
                data = os.read(handle, _AT_ONCE * EVENT_BYTES)
                if not data:
                    raise OSError("it was pulled out")
                for name in keys.hear(data):
                    listener(Pressed(name))
        finally:
            os.close(handle)
