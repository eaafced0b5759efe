"""From "there is a card" and "there is none" to presences: each has a beginning, an end, and one conversation."""

import contextlib
import threading
from collections.abc import Callable
from typing import Protocol

from drivers.reader import CardCame, CardGoneError, CardLeft, CardMuteError, Event, ReaderError, ReaderHung
from drivers.reader._limits import SHORT_COMMAND_MAX
from drivers.reader._worker import Worker

_LOOK_AGAIN_SECONDS = 0.6  # pcscd looks every 0.4 s at a reader that does not call
HUNG_SECONDS = 10.0  # no exchange with a card takes so long, and no program may hold one that long
_MOVES, _MOVES_OF_A_SWAP = 65_536, 2  # one card went, and another came


class NoCardError(Exception):
    """The card was faster away than we were there."""


class Connection(Protocol):
    """A conversation with one card; every method may take its time, and runs in the slot's worker."""

    def atr(self) -> bytes:
        """Return the answer to reset, or nothing."""

    def command_max(self) -> int:
        """Return the longest command in bytes, or 0 if the reader does not say."""

    def transmit(self, command: bytes) -> bytes:
        """As `drivers.reader.Field.transmit`, without its deadline."""

    def release(self) -> bool:
        """Let go of the card; power it off and say True if it is still there. Never raises; may be called twice."""


class Slot:
    """One reader.

    Args:
        name: the reader's name.
        connect: begins a conversation with the card that is there now. Raises NoCardError or ReaderError.
        report: takes events.
        deadline_seconds: for one exchange.
        command_max: the longest command in bytes; 0: ask the reader.
        hung_seconds: a call that takes so long does not come back.
    """

    def __init__(
        self,
        name: str,
        connect: Callable[[], Connection],
        report: Callable[[Event], None],
        deadline_seconds: float,
        command_max: int,
        hung_seconds: float = HUNG_SECONDS,
    ) -> None:
        self.name = name
        self.deadline_seconds = deadline_seconds
        self.command_max = command_max
        self.worker = Worker(name)
        self._connect = connect
        self._report = report
        self._lock = threading.Lock()
        self._presence = 0  # a number for each; 0 while there is no card
        self._last_presence = 0
        self._moves = 0  # when this presence began
        self._field: _Field | None = None
        self._hung_seconds = hung_seconds
        self._late_job: object = None
        self._has_ended = False

    def see(self, *, there: bool, moves: int, atr: bytes) -> None:
        """Take what the watch has seen.

        Args:
            there: there is a card.
            moves: how often a card came or went so far, modulo 65,536; it may be one behind what `there` says.
            atr: the answer to reset, if it is known already.
        """
        swapped = (moves - self._moves) % _MOVES >= _MOVES_OF_A_SWAP
        if self._presence and (swapped or not there):
            self._leave()
        if there and not self._presence:
            self._moves = moves
            with self._lock:
                self._last_presence += 1
                presence = self._presence = self._last_presence
            overdue = threading.Timer(self.deadline_seconds, lambda: self._overdue(presence, atr))
            overdue.daemon = True
            overdue.start()
            self.worker.post(lambda: self._meet(presence, atr, overdue))

    def end(self, last: Callable[[], object] | None = None) -> None:
        """The reader has gone, or we stop. The worker ends once a card that keeps it waiting lets it.

        `last` is done there before it ends.
        """
        self._has_ended = True
        self._leave()
        if last:
            self.worker.post(last)
        self.worker.end()

    def _leave(self) -> None:
        with self._lock:
            self._presence = 0
            field, self._field = self._field, None
        if field:
            field.end()
            self._report(CardLeft(self.name))

    def _overdue(self, presence: int, atr: bytes) -> None:
        """A card came, and connecting to it takes too long: another program holds it, or the reader stalls."""
        with self._lock:
            if presence == self._presence and self._field is None:
                self._show(
                    _Field(self, None, atr, ReaderError("this card cannot be had; does another program hold it?"))
                )
        self.watch()

    def _show(self, field: "_Field") -> None:
        """Report a card; one that was reported in this presence was another one, or could not be had before."""
        if self._field:
            self._report(CardLeft(self.name))
        self._field = field
        self._report(CardCame(field))

    def _meet(self, presence: int, atr: bytes, overdue: threading.Timer) -> None:
        """Connect to a card that came and report it, unless it has gone again. Runs in the worker."""
        connection, trouble = None, None
        try:
            connection = self._connect()
            self.command_max = self.command_max or connection.command_max() or SHORT_COMMAND_MAX
            atr = atr or connection.atr()
        except NoCardError:
            self.worker.post_later(lambda: self._look_again(presence), _LOOK_AGAIN_SECONDS)
            return
        except ReaderError as error:
            trouble = error
        finally:
            overdue.cancel()
        with self._lock:
            if presence == self._presence:
                self._show(_Field(self, connection, atr, trouble))
                return
        if connection:
            connection.release()  # here and now: the next card may be waiting for it

    def watch(self) -> None:
        """A call takes longer than it was given: look later whether it is still being made."""
        job = self.worker.doing
        if job is None or job is self._late_job:
            return
        self._late_job = job
        look = threading.Timer(self._hung_seconds, lambda: self._still_doing(job))
        look.daemon = True
        look.start()

    def _still_doing(self, job: object) -> None:
        if self.worker.doing is job and not self._has_ended:
            self._report(ReaderHung(self.name))

    def suspect(self, field: "_Field") -> None:
        """A card has gone in mid-exchange: see to it that the next one is noticed.

        A service that looks at its reader only now and then misses a card that was swapped in between: to it there was
        one all the time, and there will be no event.
        """
        presence = self._presence
        if field is self._field:
            self.worker.post_later(lambda: self._look_again(presence), _LOOK_AGAIN_SECONDS)

    def _look_again(self, presence: int) -> None:
        """If the watch has seen nothing go since, look whether there is a card. Runs in the worker."""
        if presence != self._presence:
            return
        try:
            connection = self._connect()
        except (NoCardError, ReaderError):
            return
        with self._lock:
            if presence == self._presence:
                self._last_presence += 1
                self._presence = self._last_presence
                self._show(_Field(self, connection, connection.atr(), None))
                return
        connection.release()


class _Field:
    """One presence of one card. A card that cannot be spoken to is one too, and says so when it is spoken to."""

    def __init__(self, slot: Slot, connection: Connection | None, atr: bytes, trouble: ReaderError | None) -> None:
        self.reader = slot.name
        self.atr = atr
        self.command_max = slot.command_max or SHORT_COMMAND_MAX
        self._slot = slot
        self._connection = connection
        self._trouble = trouble

    def transmit(self, command: bytes) -> bytes:
        connection, trouble = self._connection, self._trouble
        if trouble:
            raise trouble
        if connection is None:
            raise ReaderError("this conversation was closed")
        if len(command) > self.command_max:
            raise ReaderError(f"a command of {len(command)} bytes; this reader takes {self.command_max}")
        try:
            return self._slot.worker.call(lambda: connection.transmit(command), self._slot.deadline_seconds)
        except CardGoneError as gone:
            self._trouble = gone
            self._slot.worker.post(connection.release)
            self._slot.suspect(self)
            raise
        except TimeoutError:
            self._slot.watch()
            # Whatever the card says later is not the answer to anything that would be asked then.
            self._trouble = CardMuteError(f"no answer within {self._slot.deadline_seconds:g} s")
            raise self._trouble from None

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection:
            with contextlib.suppress(TimeoutError):
                seconds = 0 if self._trouble else self._slot.deadline_seconds
                if not self._slot.worker.call(connection.release, seconds):
                    self._slot.suspect(self)

    def end(self) -> None:
        """The card has gone; let go of it without waiting."""
        self._trouble = self._trouble or CardGoneError("the card was taken away")
        connection, self._connection = self._connection, None
        if connection:
            self._slot.worker.post(connection.release)
