"""The block protocol between reader and card: whatever is lost or garbled on the way, an answer is right or is none."""

import contextlib
import hashlib
import time
from itertools import chain, repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.reader._iso_dep import GarbledError, IsoDep, NoAnswerError, TooSlowError
from tests.pcsc.picc import SENSB_RES, Picc

ATTRIB = b"\x1d" + SENSB_RES[1:5] + b"\x00\x08\x01\x00"
TROUBLES = (NoAnswerError, GarbledError, TooSlowError)


class Echo:
    """A card whose answer depends on every byte of the command, and which counts."""

    def __init__(self, answer_bytes: int) -> None:
        self.served: list[bytes] = []
        self._answer_bytes = answer_bytes

    def power_on(self) -> bytes:
        return b"\x3b\x00"

    reset = power_on

    def power_off(self) -> None:
        pass

    def transmit(self, raw: bytes) -> bytes:
        self.served.append(raw)
        return self.answer(raw)

    def answer(self, raw: bytes) -> bytes:
        return (hashlib.sha256(raw).digest() * (self._answer_bytes // 32 + 1))[: self._answer_bytes] + b"\x90\x00"


class Line:
    """The air between the two, with what happens to each frame: it arrives, is lost, or arrives as something else."""

    def __init__(self, picc: Picc, fates: list[str]) -> None:
        self._picc = picc
        self._fates = chain(fates, repeat("ok"))
        assert picc.hear("106B", b"\x05\x00\x10") == SENSB_RES
        assert picc.hear("106B", ATTRIB) == b"\x00"

    def exchange(self, frame: bytes, seconds: float) -> bytes:
        del seconds
        if next(self._fates) != "ok":
            raise NoAnswerError
        heard = self._picc.hear("106B", frame)
        fate = next(self._fates)
        if heard is None or fate == "lost":
            raise NoAnswerError
        if fate == "garbled":
            raise GarbledError
        return heard


FATES = st.lists(st.sampled_from(["ok"] * 6 + ["lost", "garbled"]), max_size=60)
COMMANDS = st.lists(st.binary(min_size=1, max_size=700), min_size=1, max_size=4)


@given(commands=COMMANDS, fates=FATES, answer_bytes=st.integers(0, 900), frame_max=st.sampled_from([16, 64, 256]))
def test_an_answer_is_right_or_there_is_none(
    commands: list[bytes], fates: list[str], answer_bytes: int, frame_max: int
) -> None:
    card = Echo(answer_bytes)
    dep = IsoDep(Line(Picc(card, part_max=frame_max - 3), fates).exchange, frame_max, 0.01)
    for number, command in enumerate(commands, 1):
        try:
            answer = dep.transmit(command, 5)
        except TROUBLES:
            assert len(card.served) <= number
            return
        assert answer == card.answer(command)
        assert card.served[-1] == command
        assert len(card.served) == number, "a command was carried out twice"


@given(noise=st.lists(st.binary(max_size=8), min_size=1, max_size=12), command=st.binary(min_size=1, max_size=40))
def test_noise_ends_in_an_error_or_an_answer_and_soon(noise: list[bytes], command: bytes) -> None:
    heard = iter(noise)

    def exchange(frame: bytes, seconds: float) -> bytes:
        del frame, seconds
        try:
            return next(heard)
        except StopIteration:
            raise NoAnswerError from None

    begun = time.monotonic()
    dep = IsoDep(exchange, 16, 0.3)
    with contextlib.suppress(*TROUBLES):
        assert len(dep.transmit(command, 0.5)) <= 7 * len(noise)
    assert time.monotonic() - begun < 1


@pytest.mark.parametrize("lost", range(12))
def test_any_single_frame_may_be_lost(lost: int) -> None:
    card = Echo(600)
    fates = ["lost" if number == lost else "ok" for number in range(lost + 1)]
    dep = IsoDep(Line(Picc(card), fates).exchange, 256, 0.01)
    command = bytes(range(256)) * 3
    assert dep.transmit(command, 5) == card.answer(command)
    assert card.served == [command]


def test_a_plea_for_time_in_the_middle_of_an_answer_is_no_part_of_it() -> None:
    card = Echo(900)
    picc = Picc(card)
    picc.pleads_in_answers = True
    assert IsoDep(Line(picc, []).exchange, 256, 0.01).transmit(b"x", 5) == card.answer(b"x")


def test_a_card_that_pleads_for_ever_is_given_up() -> None:
    picc = Picc(Echo(4))
    picc.delay_ms = 60_000
    begun = time.monotonic()
    with pytest.raises(TooSlowError):
        IsoDep(Line(picc, []).exchange, 256, 0.3).transmit(b"x", 0.2)
    assert time.monotonic() - begun < 0.5


def test_a_card_that_talks_for_ever_is_given_up() -> None:
    number = iter(range(1_000_000))

    def exchange(frame: bytes, seconds: float) -> bytes:
        del frame, seconds
        return bytes((0x12 | next(number) & 1,)) + bytes(253)

    with pytest.raises(GarbledError, match="without end"):
        IsoDep(exchange, 256, 0.3).transmit(b"x", 10)


def test_a_card_is_asked_for_nothing_and_is_there() -> None:
    card = Echo(4)
    line = Line(Picc(card), [])
    dep = IsoDep(line.exchange, 256, 0.01)
    for _ in range(3):
        assert dep.is_there(0.1)
        assert dep.transmit(b"x", 5) == card.answer(b"x")
    line._picc.is_gone = True
    assert not dep.is_there(0.1)
