"""Contactless readers that are no PC/SC readers, through nfcpy: Sony RC-S380 and others.

Such a device has no way to say that a card has come: whoever wants to know must ask. A look costs a few USB frames, and
two waits of 30 ms of the chip's in which nobody computes anything; a card that lies there is asked with one block.
One thread owns the device; nothing else touches it.
"""

import contextlib
import errno
import threading
import time
from collections.abc import Callable

import msgspec

from drivers.reader import (
    CardGoneError,
    CardMuteError,
    Event,
    Listener,
    ReaderCame,
    ReaderError,
    ReaderLeft,
    ServiceBack,
    ServiceLost,
)
from drivers.reader._air import Tag, activate
from drivers.reader._iso_dep import GarbledError, NoAnswerError, TooSlowError
from drivers.reader._limits import COMMAND_MAX
from drivers.reader._nfcpy import TECHNOLOGIES, Radio
from drivers.reader._presence import NoCardError, Slot
from drivers.reader._worker import Worker

_REOPEN_SECONDS = 0.5
_STOP_SECONDS = 1.0
_NOT_OURS = {errno.EACCES, errno.EPERM, errno.EBUSY}
_MS = 1000


class Driver:
    """Capabilities: one reader, ISO/IEC 14443 type A and B, FeliCa (identifier only), unplugged and back, any length.

    Not: several readers, power to a card after it was closed (it is powered anew, to see it go), PC/SC escape commands.
    """

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        """What can be configured.

        Fields:
            path: which device, as nfcpy names it: "usb", "usb:054c:06c3", "tty:AMA0:pn532", "udp:localhost:54321". Only
                with vendor and product can one that may not be used be told from one that is not there.
            name: what the reader is called; empty: what the device calls itself.
            kinds: which kinds of card are looked for, in this order: A, B, F (FeliCa).
            look_ms: how long to wait between two looks.
            deadline_ms: how long one exchange may take.
            command_max: the longest command in bytes.
        """

        path: str = "usb"
        name: str = ""
        kinds: str = "BAF"
        look_ms: int = 150
        deadline_ms: int = 2500
        command_max: int = COMMAND_MAX

        def __post_init__(self) -> None:
            if not self.kinds or not set(self.kinds) <= set(TECHNOLOGIES):
                raise ValueError(f'kinds: letters out of {"".join(TECHNOLOGIES)}, not "{self.kinds}"')

    def __init__(self, options: Options | None = None) -> None:
        self._options = options or self.Options()
        self._lock = threading.Lock()  # so that nothing is reported once stop() has returned
        self._listener: Listener | None = None
        self._door: Worker | None = None  # waits for the device
        self._desk: _Desk | None = None
        self._is_refused = False

    def start(self, listener: Listener) -> None:
        self._listener = listener
        door = self._door = Worker("nfc door")
        door.post(lambda: self._open(door))

    def stop(self) -> None:
        with self._lock:
            self._listener = None
            door, self._door = self._door, None
        if door:
            door.end()
            door.join(_STOP_SECONDS)
        desk, self._desk = self._desk, None
        if desk:
            desk.end()
            desk.slot.worker.join(_STOP_SECONDS)

    def _report(self, event: Event) -> None:
        with self._lock:
            if self._listener:
                self._listener(event)

    def _open(self, door: Worker) -> None:
        """Open the device if it is there, else look again later. Runs in the door's thread."""
        try:
            radio = Radio.open(self._options.path, self._options.kinds)
        except OSError as error:
            if error.errno in _NOT_OURS and not self._is_refused:
                self._is_refused = True
                self._report(ServiceLost(f"{self._options.path}: {error.strerror}"))
            door.post_later(lambda: self._open(door), _REOPEN_SECONDS)
            return
        name = self._options.name or radio.name or self._options.path
        desk = _Desk(radio, name, self._options, self._report, lambda: door.post(lambda: self._lost(door)))
        with self._lock:
            if self._door is not door:
                radio.close()
                return
            self._desk = desk
        if self._is_refused:
            self._is_refused = False
            self._report(ServiceBack())
        self._report(ReaderCame(name))
        desk.begin()

    def _lost(self, door: Worker) -> None:
        """The device has gone. Runs in the door's thread."""
        with self._lock:
            desk, self._desk = self._desk, None
        if desk:
            desk.end()
            self._report(ReaderLeft(desk.slot.name))
            door.post_later(lambda: self._open(door), _REOPEN_SECONDS)


class _Desk:
    """The device while it is there, and the card on it; all but `begin` and `end` runs in the slot's thread."""

    def __init__(
        self,
        radio: Radio,
        name: str,
        options: Driver.Options,
        report: Callable[[Event], None],
        lost: Callable[[], None],
    ) -> None:
        self._radio = radio
        self._pause_seconds = options.look_ms / _MS
        self._deadline_seconds = options.deadline_ms / _MS
        self._lost: Callable[[], None] | None = lost
        self._tag: Tag | None = None
        self._heard_at = 0.0
        self.slot = Slot(name, self._connect, report, self._deadline_seconds, options.command_max)

    def begin(self) -> None:
        self.slot.worker.post(self._look)

    def end(self) -> None:
        self._lost = None
        self.slot.end(self._radio.close)

    def _look(self) -> None:
        """See whether a card has come or gone, and look again later."""
        try:
            if self._tag is None:
                self._find()
            elif time.monotonic() - self._heard_at >= self._pause_seconds and not self._tag.is_there(self._radio):
                self._tag = None
                self.slot.see(there=False, moves=0, atr=b"")
        except ReaderError:
            self._lose()
            return
        # A card that has just gone often makes room for the next one.
        self.slot.worker.post_later(self._look, self._pause_seconds if self._tag else self._pause_seconds / 2)

    def _find(self) -> None:
        found = self._radio.find()
        if found is None:
            return
        try:
            self._tag = activate(self._radio, found)
        except (NoAnswerError, GarbledError):
            again = self._radio.find()
            if again is None:
                return
            self._tag = Tag(again, b"", None)
            self._tag.is_lost = True
        self._heard_at = time.monotonic()
        self.slot.see(there=True, moves=0, atr=self._tag.atr)

    def _lose(self) -> None:
        lost, self._lost = self._lost, None
        if lost:
            lost()

    def _connect(self) -> "_Connection":
        if self._tag is None:
            raise NoCardError
        if self._tag.is_lost:
            raise CardMuteError("the card does not answer as the standard asks")
        return _Connection(self, self._tag)

    def exchange(self, tag: Tag, command: bytes) -> bytes:
        """As `Connection.transmit`, with this card."""
        if tag is not self._tag:
            raise CardGoneError("the card was taken away")
        try:
            answer = tag.transmit(command, self._deadline_seconds)
        except (NoAnswerError, GarbledError, TooSlowError) as trouble:
            tag.is_lost = True
            if isinstance(trouble, NoAnswerError) and not self._is_still_there(tag):
                self._tag = None
                self.slot.see(there=False, moves=0, atr=b"")
                raise CardGoneError("the card was taken away") from trouble
            raise CardMuteError(f"the card stopped to answer: {trouble}") from trouble
        except ReaderError:
            self._lose()
            raise
        self._heard_at = time.monotonic()
        if len(answer) < 2:  # noqa: PLR2004 - a status word
            raise CardGoneError("the answer was cut short")
        return answer

    def _is_still_there(self, tag: Tag) -> bool:
        try:
            return tag.is_there(self._radio)
        except ReaderError:
            self._lose()
            raise

    def power_off(self, tag: Tag) -> bool:
        """Turn the field off; turn it on again to see the card go. Return whether it is still there."""
        if tag is not self._tag:
            return False
        if tag.is_lost:
            return True  # it does not answer; every look turns the field off and on anyway
        self._tag = None
        try:
            found = self._radio.find()
            if found is not None and found.kind is tag.found.kind:
                with contextlib.suppress(NoAnswerError, GarbledError):
                    self._tag = activate(self._radio, found)
        except ReaderError:
            self._lose()
        if self._tag is None:
            self.slot.see(there=False, moves=0, atr=b"")
        return self._tag is not None


class _Connection:
    """A conversation with one card."""

    def __init__(self, desk: _Desk, tag: Tag) -> None:
        self._desk = desk
        self._tag: Tag | None = tag

    def atr(self) -> bytes:
        return self._tag.atr if self._tag else b""

    def command_max(self) -> int:
        return COMMAND_MAX

    def transmit(self, command: bytes) -> bytes:
        if self._tag is None:
            raise CardGoneError("the card was taken away")
        return self._desk.exchange(self._tag, command)

    def release(self) -> bool:
        tag, self._tag = self._tag, None
        return tag is None or self._desk.power_off(tag)
