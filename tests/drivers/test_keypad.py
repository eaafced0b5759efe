"""A number pad: the kernel's bytes, however they are cut, and a file that behaves like one."""

import errno
import os
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.button import Event, Pressed
from drivers.button._keys import EVENT_BYTES, NAMES, Keys
from drivers.button.keypad import Driver
from drivers.check import State
from tests.drivers.chip import wait_for

CODES = {name: code for code, name in sorted(NAMES.items())}
KEY, SYN = 1, 0
UP, DOWN, AGAIN = 0, 1, 2


def says(kind: int, code: int, value: int) -> bytes:
    return struct.pack("llHHi", 1_795_000_000, 17, kind, code, value)


def stroke(name: str) -> bytes:
    code = CODES[name]
    return says(KEY, code, DOWN) + says(SYN, 0, 0) + says(KEY, code, AGAIN) + says(KEY, code, UP) + says(SYN, 0, 0)


@given(st.lists(st.sampled_from(sorted(CODES))), st.integers(1, 3 * EVENT_BYTES))
def test_every_stroke_is_one_press_however_the_bytes_are_cut(names: list[str], size: int) -> None:
    data, keys = b"".join(map(stroke, names)), Keys()
    cut = [data[at : at + size] for at in range(0, len(data), size)]
    assert [name for part in cut for name in keys.hear(part)] == names


@given(st.binary(max_size=400))
def test_no_bytes_break_it(data: bytes) -> None:
    assert set(Keys().hear(data)) <= set(NAMES.values())


def test_what_is_down_from_the_start_counts_only_after_it_came_up() -> None:
    keys = Keys()
    assert list(keys.hear(says(KEY, CODES["5"], AGAIN) + says(KEY, CODES["5"], UP))) == []
    assert list(keys.hear(stroke("5"))) == ["5"]


def test_both_rows_of_digits_and_both_enters_are_the_same_buttons() -> None:
    assert {name: sum(one == name for one in NAMES.values()) for name in "0123456789"} == dict.fromkeys("0123456789", 2)
    assert [NAMES[code] for code in (2, 10, 11, 79, 73, 82, 28, 96)] == ["1", "9", "0", "1", "9", "0", "enter", "enter"]


@pytest.fixture
def pad(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    path = tmp_path / "event-kbd"
    os.mkfifo(path)
    hand = os.open(path, os.O_RDWR)
    yield path, hand
    os.close(hand)


def test_it_listens_and_looks_for_a_pad_that_was_pulled_out(pad: tuple[Path, int]) -> None:
    path, hand = pad
    heard: list[Event] = []
    driver = Driver(Driver.Options(str(path), grab=False))
    driver.start(heard.append)
    os.write(hand, stroke("4") + stroke("enter"))
    wait_for("both keys", lambda: heard == [Pressed("4"), Pressed("enter")])
    os.dup2(os.open(os.devnull, os.O_RDWR), hand)  # the last hand on this end is gone
    again = os.open(path, os.O_RDWR)
    os.write(again, stroke("7"))
    wait_for("the third", lambda: heard == [Pressed("4"), Pressed("enter"), Pressed("7")])
    driver.stop()
    os.write(again, stroke("8"))
    assert heard[-1] == Pressed("7"), "nothing is reported afterwards"
    os.close(again)


def test_a_pad_that_is_not_there_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "event-kbd"
    heard: list[Event] = []
    driver = Driver(Driver.Options(str(path), grab=False))
    assert Driver.probe(Driver.Options(str(path))).state is State.FAIL
    driver.start(heard.append)
    os.mkfifo(path)
    assert Driver.probe(Driver.Options(str(path))).state is State.OK
    hand = os.open(path, os.O_RDWR)
    os.write(hand, stroke("9"))
    wait_for("the key", lambda: heard == [Pressed("9")])
    driver.stop()
    os.close(hand)


def test_what_is_no_input_device_cannot_be_taken(pad: tuple[Path, int], caplog: pytest.LogCaptureFixture) -> None:
    path, _ = pad
    driver = Driver(Driver.Options(str(path)))
    driver.start(lambda _: None)
    wait_for("the refusal", lambda: os.strerror(errno.ENOTTY) in caplog.text)
    driver.stop()
