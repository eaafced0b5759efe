"""Listening at a line all day: what is reported when a device comes, speaks, falls silent and goes."""

import queue
import threading
from collections.abc import Callable, Iterator

import pytest

from drivers.listening import Listening
from drivers.serial import sim

Start = Callable[..., "queue.SimpleQueue[str]"]


class Words:
    """Hears words; a pause ends one, a cut tears it."""

    def __init__(self) -> None:
        self._begun = b""
        self.heard = threading.Event()

    def hear(self, data: bytes, now: float) -> list[str]:
        assert now > 0
        self._begun += data
        self.heard.set()
        return []

    def silence(self, now: float) -> list[str]:
        assert now > 0
        return self._end("")

    def cut(self) -> list[str]:
        return self._end(" torn")

    def _end(self, how: str) -> list[str]:
        begun, self._begun = self._begun, b""
        return [begun.decode() + how] if begun else []


@pytest.fixture
def line() -> sim.Driver:
    return sim.Driver()


@pytest.fixture
def listen(line: sim.Driver) -> Iterator[Start]:
    started: list[Listening[str]] = []

    def start(silent_s: float | None = None, words: Words | None = None, gap_s: float = 0.05) -> queue.SimpleQueue[str]:
        events: queue.SimpleQueue[str] = queue.SimpleQueue()
        one = Listening[str](
            "desk", line, words or Words(), came="came", left=lambda why: f"left: {why}", gap_s=gap_s, silent_s=silent_s
        )
        one.start(events.put)
        started.append(one)
        return events

    yield start
    for one in started:
        one.stop()


def test_a_device_that_speaks_only_when_used_is_there_once_its_line_opens(line: sim.Driver, listen: Start) -> None:
    words = Words()
    events = listen(words=words, gap_s=0.3)
    assert events.get(timeout=2) == "came"
    line.say(b"hello")
    assert events.get(timeout=2) == "hello"
    words.heard.clear()
    line.say(b"hel")
    assert words.heard.wait(2)
    line.unplug()
    assert [events.get(timeout=2) for _ in range(2)] == ["hel torn", "left: sim"]
    line.plug()
    assert events.get(timeout=2) == "came"


def test_what_is_not_there_is_said_once(line: sim.Driver, listen: Start) -> None:
    line.busy = True
    events = listen()
    assert events.get(timeout=2) == "left: sim"
    with pytest.raises(queue.Empty):
        events.get(timeout=1.2)  # two more tries
    line.busy = False
    assert events.get(timeout=2) == "came"


def test_a_device_that_speaks_by_itself_is_there_once_it_has_spoken(line: sim.Driver, listen: Start) -> None:
    events = listen(silent_s=0.4)
    assert events.get(timeout=2) == "left: desk: silent for 0.4 s"
    line.say(b"here")
    assert [events.get(timeout=2) for _ in range(3)] == ["came", "here", "left: desk: silent for 0.4 s"]


def test_after_stop_nothing_is_reported_and_the_line_is_free(line: sim.Driver) -> None:
    events: queue.SimpleQueue[str] = queue.SimpleQueue()
    one = Listening[str]("desk", line, Words(), came="came", left=str, gap_s=0.05)
    for _ in range(2):  # it can be started again
        one.start(events.put)
        assert events.get(timeout=2) == "came"
        one.stop()
        line.say(b"late")
        assert events.empty()
        assert not line._open
        line.plug()
