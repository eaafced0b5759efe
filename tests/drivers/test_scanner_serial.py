"""The scanner on a serial line, over real pseudo-terminals."""

import queue
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.check import State
from drivers.scanner import Event, Kind, Scan, Scanned, ScannerCame, ScannerLeft, Unreadable, Why, serial
from drivers.scanner._ear import End
from tests.drivers.far_end import FarEnd, far_end


class Bench:
    def __init__(self, far: FarEnd, **options: object) -> None:
        self.end = far
        self.events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.options = serial.Driver.Options(path=str(far.path), gap_ms=60, **options)  # type: ignore[arg-type]
        self.driver = serial.Driver(self.options)
        self.driver.start(self.events.put)

    def next(self) -> Event:
        return self.events.get(timeout=10)

    def scan(self) -> Scan:
        event = self.next()
        assert isinstance(event, Scanned), event
        return event.scan


@pytest.fixture
def end(tmp_path: Path) -> Iterator[FarEnd]:
    with far_end(tmp_path / "scanner") as end:
        yield end


@pytest.fixture
def bench(end: FarEnd) -> Iterator[Bench]:
    bench = Bench(end)
    assert bench.next() == ScannerCame()
    yield bench
    bench.driver.stop()


def test_a_code_that_trickles_in(bench: Bench) -> None:
    for part in (b"]Q", b"1mach", b"itap", b":1\r", b"\n"):
        bench.end.say(part)
        time.sleep(0.01)
    assert bench.scan() == Scan(Kind.TEXT, "machitap:1", "]Q1")


def test_many_codes_at_once(bench: Bench) -> None:
    bench.end.say(b"".join(b"code %d\r\n" % number for number in range(200)))
    assert [bench.scan().text for _ in range(200)] == [f"code {number}" for number in range(200)]


def test_a_torn_code_is_reported_after_the_gap(bench: Bench) -> None:
    bench.end.say(b"machita")
    assert bench.next() == Unreadable(Why.TORN, 7)


def test_noise_is_reported(bench: Bench) -> None:
    bench.end.say(bytes(range(128, 256)))
    assert bench.next() == Unreadable(Why.NOISE, 128)


def test_unplugged_in_the_middle_of_a_code_and_back_under_the_same_name(bench: Bench) -> None:
    bench.end.say(b"machi")
    time.sleep(0.02)
    bench.end.unplug()
    assert bench.next() == Unreadable(Why.TORN, 5)
    assert isinstance(bench.next(), ScannerLeft)
    bench.end.plug()
    assert bench.next() == ScannerCame()
    bench.end.say(b"tap\r")
    assert bench.scan().text == "tap"


def test_a_scanner_that_comes_later(tmp_path: Path) -> None:
    bench = Bench(FarEnd(tmp_path / "later"))
    assert isinstance(bench.next(), ScannerLeft)
    bench.end.plug()
    assert bench.next() == ScannerCame()
    bench.driver.stop()
    bench.end.unplug()
    assert bench.events.empty(), "the absence is said once"


def test_a_scanner_without_a_line_end(end: FarEnd) -> None:
    bench = Bench(end, end=End.SILENCE)
    assert bench.next() == ScannerCame()
    end.say(b"no end")
    assert bench.scan().text == "no end"
    bench.driver.stop()


def test_after_stop_nothing_is_reported_and_the_line_is_free(bench: Bench) -> None:
    bench.driver.stop()
    bench.end.say(b"late\r")
    assert serial.Driver.probe(bench.options).state is State.OK
    assert bench.events.empty()


def test_a_look_says_how_it_is(bench: Bench, tmp_path: Path) -> None:
    assert serial.Driver.probe(bench.options).state is State.BUSY
    bench.driver.stop()
    assert serial.Driver.probe(bench.options).state is State.OK
    missing = serial.Driver.probe(serial.Driver.Options(path=str(tmp_path / "none")))
    assert missing.state is State.FAIL
    assert "見つかりません" in missing.ja
