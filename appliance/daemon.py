"""The running unit: one thread serves cards and keeps the journal, and everything comes to it through one queue.

A touch, a question of the uplink, upkeep when nothing else is waiting: one thing after the other, so that nothing has
to be locked. Screen and hatch are served by another thread (`appliance.web`), which only asks.
"""

import asyncio
import contextlib
import logging
import queue
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Final

from appliance.care import Care
from appliance.feedback import Shown
from appliance.journal import JournalBrokenError, JournalFullError
from appliance.over import OverError
from appliance.readers import Readers
from appliance.status import Status, Timings, look
from appliance.symptoms import Spared
from appliance.twinned import worst
from appliance.unit import Unit
from appliance.view import Viewer
from drivers.board import Board, Readings
from drivers.board.none import Driver as NoBoard
from drivers.button import Button, Held, Pressed
from drivers.button.none import Driver as NoButton
from drivers.clock import Clock
from drivers.disk import DiskError
from drivers.reader import (
    CardCame,
    Event,
    Field,
    Reader,
)
from drivers.scanner import Event as Heard
from drivers.scanner import Scanned, Scanner, ScannerCame, ScannerLeft, Unreadable
from drivers.watchdog import Watchdog
from sync.program import NO_WISH, Act, Result, Wish, WishError

Press = Pressed | Held

log = logging.getLogger("unit")

IDLE_S: Final = 1.0
_NOT_READ: Final = "TAP-010"


@dataclass(frozen=True)
class Job:
    """Something to do in the daemon's thread, and where the outcome goes."""

    do: Callable[[], Any]
    outcome: "Future[Any]"


Item = Event | Heard | Press | Readings | Job


@dataclass(frozen=True)
class Devices:
    """What the daemon listens to, and who watches it."""

    reader: Reader
    scanner: Scanner
    watchdog: Watchdog
    button: Button = field(default_factory=NoButton)
    board: Board = field(default_factory=NoBoard)


class Daemon:
    """Runs one unit until it is told to stop, or until its disk fails."""

    def __init__(
        self, unit: Unit, devices: Devices, viewer: Viewer, care: Care, clock: Clock, ring: Callable[[], None]
    ) -> None:
        """`ring` tells the uplink that there is something to send."""
        self._unit = unit
        self._care = care
        self._board = devices.board
        self._reader = devices.reader
        self._scanner = devices.scanner
        self._button = devices.button
        self._viewer = viewer
        self._clock = clock
        self._watchdog = devices.watchdog
        self._idle_s = IDLE_S
        self._ring = ring
        self._practice: Unit | None = None
        self._is_over = False
        self.begin_practice: Callable[[], Unit] | None = None
        self.screens: Callable[[], int] = lambda: 0  # how many pages of the screen are open
        self._queue: queue.SimpleQueue[Item | None] = queue.SimpleQueue()
        self._readers = Readers(care)
        self._timings = Timings()
        self._began = 0.0

    @property
    def serving(self) -> Unit:
        """The unit before which people stand: the real one, or its practice."""
        return self._practice or self._unit

    @property
    def is_practice(self) -> bool:
        return self._practice is not None

    def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Serve until `stop`.

        Raises:
            JournalBrokenError: the disk failed; nothing more was announced. Start again, which looks at it.
            WatchdogError: a watchdog was asked for, and cannot be had.
        """
        self._reader.start(self._queue.put)
        self._scanner.start(self._queue.put)
        self._button.start(self._queue.put)
        self._board.start(self._queue.put)
        self._show_state()
        try:
            self._idle_s = min(IDLE_S, self._watchdog.start() or IDLE_S)  # it tells systemd that we serve: now we do
            ready()
            while (item := self._next()) is not None:
                self._handle(item)
        except JournalBrokenError:
            self._viewer.out_of_service()
            raise
        else:
            self._end_practice()
            self._unit.close()
            self._watchdog.stop()
        finally:
            self._board.stop()
            self._button.stop()
            self._scanner.stop()
            self._reader.stop()
            self._is_over = True
            self._turn_away()

    def stop(self) -> None:
        """End in order; may be called from a signal handler or another thread."""
        self._queue.put(None)

    def ask(self, do: Callable[[], Any]) -> Awaitable[Any]:
        """Run something in the daemon's thread, from the web server's event loop."""
        outcome: Future[Any] = Future()
        self._queue.put(Job(do, outcome))
        if self._is_over:  # it ended a moment ago, and nobody takes anything from the queue any more
            self._turn_away()
        return asyncio.wrap_future(outcome)

    def _turn_away(self) -> None:
        """Answer whoever still asks that it is over."""
        with contextlib.suppress(queue.Empty):
            while True:
                if isinstance(item := self._queue.get_nowait(), Job):
                    item.outcome.set_exception(OverError())

    def post(self, do: Callable[[], object]) -> None:
        """Run something in the daemon's thread; may be called from any thread, and does not wait."""
        self._queue.put(Job(do, Future()))

    def set(self, wish: Wish) -> None:
        """Set the counter; call it in the daemon's thread.

        Raises:
            WishError: it cannot be set to that.
        """
        self.serving.tap.set(wish)
        self._viewer.was_set()

    def act(self, act: Act) -> None:
        """Do something behind the counter; call it in the daemon's thread.

        Raises:
            ActError: nothing like it can be done here.
        """
        self._note(self.serving.staff.do(act))

    def enter(self, pin: str, *, is_signed: bool) -> None:
        """Go on for whoever was asked for a PIN or a signature; call it in the daemon's thread.

        Raises:
            WishError: nobody was.
        """
        self._began = self._clock.mono()
        self._tell(self.serving.tap.enter(pin, is_signed=is_signed))

    def practise(self, *, on: bool) -> None:
        """Begin or end practice, if it is not so already; call it in the daemon's thread.

        Raises:
            WishError: there is nothing to practise here, or only a supervisor may begin.
        """
        if on == self.is_practice:
            return
        if on:
            self._begin_practice()
        else:
            self._end_practice()
        self._viewer.was_set()

    def _begin_practice(self) -> None:
        tap = self._unit.tap
        if self.begin_practice is None or tap.closed():
            raise WishError("there is nothing to practise here now")
        if self._care.spares(Spared.PRACTICE):
            raise WishError("this unit saves room and power now, and does not practise; machi unit doctor says why")
        operator = tap.moment().operator
        if operator.is_needed and not operator.is_supervisor:
            raise WishError("a supervisor has to be signed in to begin practice")
        tap.set(NO_WISH)  # whoever waited is answered, and no amount is left behind
        try:
            self._practice = self.begin_practice()
        except (DiskError, JournalFullError) as error:
            raise WishError(f"there is no room to practise: {error}") from error
        log.info("practice begins: nothing from here on is about money")

    def _end_practice(self) -> None:
        practice, self._practice = self._practice, None
        if practice:
            practice.close()
            log.info("practice is over")

    def sign_in(self, number: int, pin: str) -> None:
        """Sign somebody in behind the counter, or out with 0; call it in the daemon's thread.

        Raises:
            ActError: nobody can be.
        """
        staff = self.serving.staff
        self._note(staff.sign_in(number, pin) if number else staff.sign_out())

    def status(self) -> Status:
        return look(self._unit, self._care, self._readers, self._timings, self.screens())

    def _next(self) -> Item | None:
        """Wait for the next thing to do; look after the journal while nothing is waiting."""
        while True:
            self._watchdog.kick()  # here, because a unit that hangs anywhere does not come by
            if self._queue.empty():
                with contextlib.suppress(JournalFullError):  # the screen says it; another time will do
                    self._unit.opened.journal.checkpoint()
            self._tell(self.serving.tap.go_on())
            self._note(self._unit.announcer.tell())
            try:
                tap = self.serving.tap
                waits_s = tap.asking.left_s if tap.waits else self._idle_s
                return self._queue.get(timeout=min(self._idle_s, waits_s))
            except queue.Empty:
                self._look_after_itself()
                self._care.keep()
                if not self.is_practice:  # what is due by itself is done when the practice is over
                    self._note(self._unit.staff.look_after())
                self._show_state()
                if self._viewer.shows_bill:
                    self._ring()  # a phone may have paid it: whoever stands there is not to wait for the next contact

    def _handle(self, item: Item) -> None:
        match item:
            case Job(do, outcome):
                _fulfil(do, outcome)
                self._show_state()
            case CardCame(field):
                self._serve(lambda: self._touch(field))
            case Scanned() | Unreadable() | ScannerCame() | ScannerLeft() | Pressed() | Held():
                self._hear(item)
            case Readings():
                self._care.board_says(item)
                lag = worst(self._unit.twin.look(), self._unit.vicinity.lag())
                self._care.twin_says(lag.lacks or 0, lag.lacks_s)
                self._look_after_itself()
            case _:
                self._readers.hear(item)
        if not isinstance(item, Job | CardCame | Scanned | Unreadable | Pressed | Held):
            self._show_state()

    def _touch(self, field: Field) -> Shown | None:
        shown = self.serving.tap.touch(field)
        if shown is None or shown.result is not Result.HELP:  # then nothing was read, or it is no matter of reading
            self._care.touched(failed=shown is not None and shown.message == _NOT_READ)
        return shown

    def _hear(self, heard: Heard | Press) -> None:
        match heard:
            case Pressed(name) | Held(name):
                self._viewer.pressed(name)
            case Scanned(scan) if scan.text:
                self._serve(lambda: self.serving.tap.show(scan.text))
            case Scanned() | Unreadable():
                self._serve(self.serving.tap.unreadable)
            case ScannerCame():
                log.info("scanner is there")
            case ScannerLeft(why):
                log.warning("scanner gone: %s", why)

    def _serve(self, serve: Callable[[], Shown | None]) -> None:
        self._tell(self.serving.tap.go_on(at_once=True))  # whoever waited before goes first
        self._began = self._clock.mono()
        self._tell(serve())

    def _tell(self, shown: Shown | None) -> None:
        if shown is None:
            return
        self._timings.add(self._clock.mono() - self._began)
        log.info("touch result=%s message=%s entry=%s", shown.result, shown.message, shown.entry or "-")
        self._ring()
        self._viewer.beside()

    def _note(self, shown: Shown | None) -> None:
        """Note what was done without a card."""
        if shown is None:
            return
        log.info("act result=%s message=%s entry=%s", shown.result, shown.message, shown.entry or "-")
        self._ring()

    def _look_after_itself(self) -> None:
        """Weigh how the unit is; what is said of it goes up with the next contact."""
        before = self._care.symptoms
        self._care.look()
        if self._care.symptoms != before:
            log.warning("symptoms: %s", self._care.spelled() or "none")
        if self.is_practice and self._care.spares(Spared.PRACTICE):
            self._end_practice()
            self._viewer.was_set()

    def _show_state(self) -> None:
        """Show why nobody is served, if so; a unit without a reader says that first."""
        self._unit.room.look()
        closed = self.serving.tap.closed()
        self._viewer.state("TAP-041" if not self._readers.names and not closed else closed)


def _fulfil(do: Callable[[], Any], outcome: "Future[Any]") -> None:
    try:
        outcome.set_result(do())
    except JournalBrokenError as error:
        outcome.set_exception(error)
        raise
    except Exception as error:  # noqa: BLE001 - whoever asked is told; a bad question must not end the unit
        outcome.set_exception(error)
