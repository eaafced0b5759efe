"""Card readers through PC/SC: pcscd and whatever it has drivers for. The one file that imports pyscard.

One thread watches all readers at once and sleeps in SCardGetStatusChange, hot plug included; nobody polls. Each reader
has a worker thread in which its card is spoken to, because a card can keep SCardTransmit waiting for ever. A context
is made for every card and for every watch, since one that has outlived its pcscd looks well and is dead. Result codes
and states are those of pcsc-lite (`pcsclite.h`).
"""

import contextlib
import threading
import time
from collections.abc import Iterator

import msgspec
from smartcard import scard

from drivers.reader import (
    CardGoneError,
    CardMuteError,
    Event,
    Listener,
    ReaderError,
    ServiceBack,
    ServiceLost,
)
from drivers.reader._limits import FEATURE_PROPERTIES, command_max, properties
from drivers.reader._presence import HUNG_SECONDS, NoCardError, Slot
from drivers.reader._roster import Roster
from drivers.reader._slots import chosen

_HOT_PLUG = "\\\\?PnP?\\Notification"  # a reader that reports readers
_READERS_MAX = 15  # what SCardGetStatusChange of pcsc-lite takes, less the one above
_WAIT_MS = 30_000  # then look at the list again: pcsc-lite before 2.3 can miss a reader that comes between two waits
# Upper half of a state: how often cards came and went; of the hot-plug reader, since pcsc-lite 2.1, how often readers.
_COUNT_SHIFT = 16
_PAUSE_SECONDS, _PAUSE_SECONDS_MAX = 0.02, 0.5  # between two looks for pcscd
_CONNECT_TRIES, _CONNECT_PAUSE_SECONDS = 6, 0.05
_STOP_TRIES, _STOP_LOOK_SECONDS, _STOP_SECONDS = 100, 0.02, 0.5
_STATUS_BYTES = 2
_ASK_NOTHING = bytes.fromhex("00C0000000")  # GET RESPONSE where none is waiting (ISO/IEC 7816-4, 11.7.1)
_SLOW_SECONDS = 0.5
_MS = 1000

_GET_FEATURES = scard.SCARD_CTL_CODE(3400)  # PC/SC part 10, 2.2

_NO_CARD = {scard.SCARD_E_NO_SMARTCARD, scard.SCARD_W_REMOVED_CARD}
_CARD_GONE = _NO_CARD | {
    scard.SCARD_W_RESET_CARD,
    scard.SCARD_W_UNPOWERED_CARD,
    scard.SCARD_W_UNRESPONSIVE_CARD,
    scard.SCARD_E_NOT_TRANSACTED,
    scard.SCARD_E_COMM_DATA_LOST,
}
_TRY_AGAIN = {  # somebody else has the card for a moment, or it is not quite in the field yet
    scard.SCARD_E_SHARING_VIOLATION,
    scard.SCARD_W_UNRESPONSIVE_CARD,
    scard.SCARD_W_UNPOWERED_CARD,
}
_LOOK_AGAIN = {
    scard.SCARD_E_TIMEOUT,
    scard.SCARD_E_CANCELLED,
    scard.SCARD_E_UNKNOWN_READER,
    scard.SCARD_E_READER_UNAVAILABLE,
}


class _ServiceGoneError(Exception):
    """pcscd does not answer."""


def _words(code: int) -> str:
    return f"{scard.SCardGetErrorMessage(code)} ({code & 0xFFFFFFFF:08X})"


class Driver:
    """Capabilities: several readers, hot plug, pcscd gone and back, extended length where the reader has it."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        """What can be configured.

        Fields:
            name: a part of the reader's name; empty: every reader. The slot of an access module must be named, and so
                must the slit for contact cards of a reader that is one for contactless cards too.
            deadline_ms: how long one exchange may take.
            hung_ms: so long after that a call that has not come back is taken for a reader that hangs.
            command_max: the longest command in bytes; 0: ask the reader; 261 (short commands) if it does not say. A
                buffer of 271 bytes carries 261, one of 522 carries 512.
        """

        name: str = ""
        deadline_ms: int = 2500
        command_max: int = 0
        hung_ms: int = int(HUNG_SECONDS * _MS)

    def __init__(self, options: Options | None = None) -> None:
        self._options = options or self.Options()
        self._roster = Roster(self._slot, self._report)
        self._stopping = threading.Event()
        self._context: int | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()  # so that nothing is reported once stop() has returned
        self._listener: Listener | None = None

    def start(self, listener: Listener) -> None:
        self._listener = listener
        self._stopping.clear()
        self._thread = threading.Thread(target=self._watch, name="pcsc watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        with self._lock:
            self._listener = None
        self._stopping.set()
        thread, self._thread = self._thread, None
        for _ in range(_STOP_TRIES):
            if thread is None or not thread.is_alive():
                break
            if self._context is not None:
                scard.SCardCancel(self._context)  # without effect on a wait that is only about to begin
            thread.join(_STOP_LOOK_SECONDS)
        slots = list(self._roster.slots.values())
        self._roster.clear()
        for slot in slots:
            slot.worker.join(_STOP_SECONDS)

    def _report(self, event: Event) -> None:
        with self._lock:
            if self._listener:
                self._listener(event)

    def _watch(self) -> None:
        """Follow pcscd for as long as it is there, and look for it when it is not."""
        pause, is_lost = _PAUSE_SECONDS, False
        while not self._stopping.is_set():
            try:
                with _context() as self._context:
                    if is_lost:
                        self._report(ServiceBack())
                    pause, is_lost = _PAUSE_SECONDS, False
                    self._follow(self._context)
            except _ServiceGoneError as gone:
                self._roster.clear()
                if not is_lost:
                    self._report(ServiceLost(str(gone)))
                is_lost = True
                self._stopping.wait(pause)
                pause = min(2 * pause, _PAUSE_SECONDS_MAX)

    def _follow(self, context: int) -> None:
        """Report what happens, until pcscd goes or we stop."""
        states: dict[str, int] = {}
        seen = scard.SCARD_STATE_UNAWARE
        for _, state, _ in scard.SCardGetStatusChange(context, 0, [(_HOT_PLUG, seen)])[1]:
            seen = state
        while not self._stopping.is_set():
            listed = _readers(context)
            wanted = chosen(listed, self._options.name)[:_READERS_MAX]
            self._roster.update(wanted)
            states = {name: states.get(name, scard.SCARD_STATE_UNAWARE) for name in wanted}
            # Whoever came since the last answer, also before the list was made, makes this end at once.
            asked = [(_HOT_PLUG, seen >> _COUNT_SHIFT << _COUNT_SHIFT), *states.items()]
            code, answers = scard.SCardGetStatusChange(context, _WAIT_MS, asked)
            if code in _LOOK_AGAIN:
                continue
            if code != scard.SCARD_S_SUCCESS:
                raise _ServiceGoneError(_words(code))
            for name, state, atr in answers:
                if name == _HOT_PLUG:
                    seen = state
                if name in states:
                    states[name] = state & ~scard.SCARD_STATE_CHANGED
                    there = bool(state & scard.SCARD_STATE_PRESENT)
                    self._roster.slots[name].see(there=there, moves=state >> _COUNT_SHIFT, atr=bytes(atr))

    def _slot(self, name: str) -> Slot:
        options = self._options
        return Slot(
            name,
            lambda: _Connection(name),
            self._report,
            options.deadline_ms / _MS,
            options.command_max,
            options.hung_ms / _MS,
        )


class _Connection:
    """A conversation with one card, in a context of its own."""

    def __init__(self, reader: str) -> None:
        self._reader = reader
        try:
            self._context = _establish()
        except _ServiceGoneError as gone:
            raise ReaderError(str(gone)) from gone
        try:
            self._card, protocol = self._connect()
        except BaseException:
            scard.SCardReleaseContext(self._context)
            raise
        self._pci = _pci(protocol)
        self._is_open = True
        self._is_gone = self._is_slow = False

    def _connect(self) -> tuple[int, int]:
        """Connect exclusively; where that does not work after a little, share the card under a transaction."""
        protocols = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
        for attempt in range(_CONNECT_TRIES):
            is_shared = attempt >= _CONNECT_TRIES // 2
            mode = scard.SCARD_SHARE_SHARED if is_shared else scard.SCARD_SHARE_EXCLUSIVE
            code, card, protocol = scard.SCardConnect(self._context, self._reader, mode, protocols)
            if code == scard.SCARD_S_SUCCESS and is_shared:
                code = scard.SCardBeginTransaction(card)
            if code == scard.SCARD_S_SUCCESS:
                return card, protocol
            if code not in _TRY_AGAIN:
                break
            time.sleep(_CONNECT_PAUSE_SECONDS)
        if code in _NO_CARD:
            raise NoCardError
        if code in _CARD_GONE:
            raise CardMuteError(f"the card does not answer to reset: {_words(code)}")
        raise ReaderError(f"{self._reader}: {_words(code)}")

    def transmit(self, command: bytes) -> bytes:
        if not self._is_open:
            raise CardGoneError("the card was taken away")
        begun = time.monotonic()
        code, answer = scard.SCardTransmit(self._card, self._pci, list(command))
        self._is_slow = time.monotonic() - begun > _SLOW_SECONDS
        # A card that is pulled away in mid-exchange can also look like success with nothing in it.
        self._is_gone = code in _CARD_GONE or (code == scard.SCARD_S_SUCCESS and len(answer) < _STATUS_BYTES)
        if self._is_gone:
            raise CardGoneError(_words(code) if code else "the answer was cut short")
        if code != scard.SCARD_S_SUCCESS:
            raise ReaderError(f"{self._reader}: {_words(code)}")
        return bytes(answer)

    def atr(self) -> bytes:
        code, _, _, _, value = scard.SCardStatus(self._card)
        return bytes(value) if code == scard.SCARD_S_SUCCESS else b""

    def command_max(self) -> int:
        code = int.from_bytes(properties(self._control(_GET_FEATURES)).get(FEATURE_PROPERTIES, b""), "big")
        return command_max(self._reader, self._control(code) if code else b"")

    def _control(self, code: int) -> bytes:
        result, answer = scard.SCardControl(self._card, code, [])
        return bytes(answer) if result == scard.SCARD_S_SUCCESS else b""

    def release(self) -> bool:
        if not self._is_open:
            return True
        self._is_open = False
        # pcscd (1.9 at least) that is told to power off a card which has gone, before it has seen that, loses count: it
        # takes the next card for the old one, and refuses to connect to it.
        is_there = not self._is_gone and self._answers()
        scard.SCardDisconnect(self._card, scard.SCARD_UNPOWER_CARD if is_there else scard.SCARD_LEAVE_CARD)
        scard.SCardReleaseContext(self._context)
        return is_there

    def _answers(self) -> bool:
        """Ask the card for nothing; every card has something to say to that. One that took long is spared."""
        if self._is_slow:
            return True
        code, answer = scard.SCardTransmit(self._card, self._pci, list(_ASK_NOTHING))
        return code == scard.SCARD_S_SUCCESS and len(answer) >= _STATUS_BYTES


def _pci(protocol: int) -> object:
    return scard.SCARD_PCI_T1 if protocol == scard.SCARD_PROTOCOL_T1 else scard.SCARD_PCI_T0


def _establish() -> int:
    code, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
    if code != scard.SCARD_S_SUCCESS:
        raise _ServiceGoneError(_words(code))
    return int(context)


@contextlib.contextmanager
def _context() -> Iterator[int]:
    context = _establish()
    try:
        yield context
    finally:
        scard.SCardReleaseContext(context)


def _readers(context: int) -> list[str]:
    code, names = scard.SCardListReaders(context, [])
    if code == scard.SCARD_E_NO_READERS_AVAILABLE:
        return []
    if code != scard.SCARD_S_SUCCESS:
        raise _ServiceGoneError(_words(code))
    return list(names)
