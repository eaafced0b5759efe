"""From states to presences, and calls that may never return: what the PC/SC driver is made of, without PC/SC."""

import queue
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from drivers.reader import CardCame, CardGoneError, CardLeft, CardMuteError, Event, Field, ReaderError, ReaderHung
from drivers.reader import _presence as presence_module
from drivers.reader._presence import HUNG_SECONDS, NoCardError, Slot
from drivers.reader._worker import Worker

OK = b"\x90\x00"


class Talk:
    """A conversation with a card that does as it is told."""

    def __init__(self) -> None:
        self.answer: Callable[[bytes], bytes] = lambda _: OK
        self.released = threading.Event()
        self.there = True

    def atr(self) -> bytes:
        return b"\x3b\x00"

    def command_max(self) -> int:
        return 0

    def transmit(self, command: bytes) -> bytes:
        return self.answer(command)

    def release(self) -> bool:
        self.released.set()
        return self.there


class Bench:
    """A slot, and what it connects to: each connection is the next of a list."""

    def __init__(self, hung_seconds: float = HUNG_SECONDS) -> None:
        self.events: queue.Queue[Event] = queue.Queue()
        self.talks: list[Talk | Exception] = []
        self.overlaps = 0  # connections to a card that we still held ourselves
        self._open: list[Talk] = []
        self.slot = Slot("bench", self._connect, self.events.put, 0.2, 0, hung_seconds)

    def _connect(self) -> Talk:
        talk = self.talks.pop(0)
        if isinstance(talk, Exception):
            raise talk
        self.overlaps += sum(not open_one.released.is_set() for open_one in self._open)
        self._open.append(talk)
        return talk

    def lay(self, *talks: Talk | Exception) -> None:
        self.talks += talks

    def field(self) -> Field:
        event = self.events.get(timeout=2)
        assert isinstance(event, CardCame)
        return event.field

    def left(self) -> None:
        assert self.events.get(timeout=2) == CardLeft("bench")

    def quiet(self) -> bool:
        """Tell whether nothing more happens, once everything asked for is done."""
        self.slot.worker.call(lambda: None, 2)
        return self.events.empty()


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.slot.end()
    bench.slot.worker.join(2)
    assert bench.overlaps == 0


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look again almost at once."""
    monkeypatch.setattr(presence_module, "_LOOK_AGAIN_SECONDS", 0.01)


def test_a_count_that_lags_is_no_swap(bench: Bench) -> None:
    """Pcscd says first that a card is there, and counts it a moment later."""
    bench.lay(talk := Talk())
    bench.slot.see(there=True, moves=2, atr=b"")
    field = bench.field()
    bench.slot.see(there=True, moves=3, atr=b"")
    assert bench.quiet()
    assert field.transmit(b"") == OK
    assert not talk.released.is_set()


@pytest.mark.parametrize(("before", "after"), [(3, 5), (2, 4), (3, 6), (65_535, 1)])
def test_a_count_that_moved_by_two_is_a_swap(bench: Bench, before: int, after: int) -> None:
    bench.lay(first := Talk(), Talk())
    bench.slot.see(there=True, moves=before, atr=b"")
    field = bench.field()
    bench.slot.see(there=True, moves=after, atr=b"")
    bench.left()
    assert bench.field().transmit(b"") == OK
    with pytest.raises(CardGoneError):
        field.transmit(b"")
    assert first.released.is_set()


def test_a_card_that_goes_while_we_connect_is_let_go_of_and_not_reported(bench: Bench) -> None:
    go_on = threading.Event()
    bench.slot.worker.post(go_on.wait)
    bench.lay(talk := Talk(), Talk())
    bench.slot.see(there=True, moves=1, atr=b"")
    bench.slot.see(there=False, moves=2, atr=b"")
    bench.slot.see(there=True, moves=3, atr=b"")
    go_on.set()
    bench.field()
    assert talk.released.is_set()
    assert bench.quiet()


@pytest.mark.usefixtures("soon")
def test_a_card_that_went_unseen_and_the_next_one_too(bench: Bench) -> None:
    bench.lay(first := Talk(), Talk())
    first.answer = gone
    bench.slot.see(there=True, moves=1, atr=b"")
    with pytest.raises(CardGoneError):
        bench.field().transmit(b"")
    bench.left()
    assert bench.field().transmit(b"") == OK
    assert first.released.is_set()


@pytest.mark.usefixtures("soon")
def test_a_card_that_went_unseen_before_it_was_closed(bench: Bench) -> None:
    bench.lay(first := Talk(), Talk())
    first.there = False
    bench.slot.see(there=True, moves=1, atr=b"")
    bench.field().close()
    bench.left()
    assert bench.field().transmit(b"") == OK


def test_a_card_that_was_missed_properly_is_not_looked_for(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence_module, "_LOOK_AGAIN_SECONDS", 0.1)
    bench.lay(first := Talk(), Talk())
    first.answer = gone
    bench.slot.see(there=True, moves=1, atr=b"")
    with pytest.raises(CardGoneError):
        bench.field().transmit(b"")
    bench.slot.see(there=False, moves=2, atr=b"")
    bench.left()
    time.sleep(0.2)
    assert bench.quiet()
    assert len(bench.talks) == 1


@pytest.mark.usefixtures("soon")
def test_a_card_that_is_said_to_be_gone_is_looked_for_again(bench: Bench) -> None:
    bench.lay(NoCardError(), Talk())
    bench.slot.see(there=True, moves=1, atr=b"")
    assert bench.field().transmit(b"") == OK
    assert bench.quiet()


def test_a_card_that_cannot_be_spoken_to_says_so(bench: Bench) -> None:
    bench.lay(ReaderError("another program holds it"))
    bench.slot.see(there=True, moves=1, atr=b"\x3b")
    field = bench.field()
    assert field.atr == b"\x3b"
    for _ in range(2):
        with pytest.raises(ReaderError, match="another program"):
            field.transmit(b"")
    field.close()
    bench.slot.see(there=False, moves=2, atr=b"")
    bench.left()


def test_a_stalled_card_is_given_up_and_let_go_of_when_it_wakes(bench: Bench) -> None:
    wake = threading.Event()
    bench.lay(talk := Talk(), Talk())

    def stall(_: bytes) -> bytes:
        wake.wait(5)
        return OK

    talk.answer = stall
    bench.slot.see(there=True, moves=1, atr=b"")
    field = bench.field()
    begun = time.monotonic()
    for _ in range(3):
        with pytest.raises(CardMuteError):
            field.transmit(b"")
    field.close()
    assert time.monotonic() - begun < 0.5
    bench.slot.see(there=False, moves=2, atr=b"")
    bench.left()
    assert not talk.released.is_set()
    wake.set()
    assert talk.released.wait(2)
    bench.slot.see(there=True, moves=3, atr=b"")
    assert bench.field().transmit(b"") == OK


def test_a_card_that_cannot_be_had_in_time_is_reported_and_again_once_it_can(bench: Bench) -> None:
    go_on = threading.Event()
    bench.slot.worker.post(go_on.wait)
    bench.lay(Talk())
    bench.slot.see(there=True, moves=1, atr=b"\x3b")
    with pytest.raises(ReaderError, match="another program"):
        bench.field().transmit(b"")
    go_on.set()
    bench.left()
    assert bench.field().transmit(b"") == OK


def gone(command: bytes) -> bytes:
    raise CardGoneError(command.hex())


# ---------------------------------------------------------------------------------------------- the worker


@pytest.fixture
def worker() -> Iterator[Worker]:
    worker = Worker("test")
    yield worker
    worker.end()
    worker.join(2)


def test_a_call_returns_what_it_returns_and_raises_what_it_raises(worker: Worker) -> None:
    assert worker.call(lambda: 42, 1) == 42
    with pytest.raises(CardGoneError):
        worker.call(lambda: gone(b""), 1)
    assert worker.call(lambda: None, 1) is None


def test_a_call_that_does_not_return_in_time_is_given_up(worker: Worker) -> None:
    go_on = threading.Event()
    with pytest.raises(TimeoutError):
        worker.call(go_on.wait, 0.02)
    go_on.set()
    assert worker.call(lambda: 1, 1) == 1


def test_later_jobs_come_when_they_are_due_and_hold_nobody_up(worker: Worker) -> None:
    done: list[str] = []
    worker.post_later(lambda: done.append("later"), 0.06)
    worker.post_later(lambda: done.append("soon"), 0.02)
    worker.post(lambda: done.append("now"))
    assert worker.call(lambda: list(done), 1) == ["now"]
    time.sleep(0.1)
    assert worker.call(lambda: list(done), 1) == ["now", "soon", "later"]


def test_the_thread_ends_and_forgets_what_was_not_due() -> None:
    threads = threading.active_count()
    worker = Worker("test")
    worker.post_later(lambda: None, 60)
    worker.end()
    worker.join(1)
    assert threading.active_count() == threads


class Stalled(Talk):
    """A card whose answer does not come before it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go = threading.Event()
        self.answer = self._wait

    def _wait(self, _command: bytes) -> bytes:
        self.let_go.wait(5)
        return OK


def test_a_call_that_does_not_come_back_is_told_once_however_many_wait_for_it() -> None:
    bench, stalled = Bench(hung_seconds=0.4), Stalled()
    bench.lay(stalled, Talk())
    bench.slot.see(there=True, moves=1, atr=b"")
    with pytest.raises(CardMuteError):
        bench.field().transmit(b"")
    bench.slot.see(there=True, moves=3, atr=b"")
    bench.left()
    with pytest.raises(ReaderError):
        bench.field().transmit(b"")  # another card, which cannot be had either
    assert bench.events.get(timeout=2) == ReaderHung("bench")
    with pytest.raises(queue.Empty):
        bench.events.get(timeout=0.6)
    stalled.let_go.set()
    bench.slot.end()
    bench.slot.worker.join(2)


def test_a_slow_card_is_no_reader_that_hangs() -> None:
    bench, slow = Bench(hung_seconds=0.3), Stalled()
    bench.lay(slow)
    bench.slot.see(there=True, moves=1, atr=b"")
    with pytest.raises(CardMuteError):
        bench.field().transmit(b"")
    slow.let_go.set()
    with pytest.raises(queue.Empty):
        bench.events.get(timeout=0.5)
    bench.slot.end()
    bench.slot.worker.join(2)


def test_of_a_reader_that_has_gone_nothing_more_is_told() -> None:
    bench, stalled = Bench(hung_seconds=0.2), Stalled()
    bench.lay(stalled)
    bench.slot.see(there=True, moves=1, atr=b"")
    with pytest.raises(CardMuteError):
        bench.field().transmit(b"")
    bench.slot.end()
    bench.left()
    with pytest.raises(queue.Empty):
        bench.events.get(timeout=0.4)
    stalled.let_go.set()
    bench.slot.worker.join(2)
