"""What every reader does, whatever its make: the same tests over the reader in memory and over the real pcscd."""

import queue
from collections.abc import Callable, Iterator
from typing import Protocol

import pytest

from drivers.card.sim.issue import make
from drivers.card.sim.pcscd import PrivatePcscd
from drivers.card.sim.pki import TestPki
from drivers.card.sim.plan import Plan
from drivers.reader import (
    CardCame,
    CardGoneError,
    CardLeft,
    CardMuteError,
    Event,
    Field,
    Reader,
    ReaderCame,
    ReaderError,
    ReaderLeft,
    ServiceBack,
    ServiceLost,
    sim,
)

SELECT = bytes.fromhex("00A4040C0AD392F000260100000001")
READ_TOKEN = bytes.fromhex("00B0860020")
DEADLINE_MS = 400


class Bench(Protocol):
    """A reader with a hand in front of it."""

    @property
    def reader(self) -> Reader: ...
    @property
    def name(self) -> str: ...

    def present(self, plan: Plan) -> None: ...
    def remove(self) -> None: ...
    def remove_after(self, apdus: int) -> None: ...
    def slow(self, ms: int) -> None: ...
    def lose_service(self) -> None: ...
    def bring_service_back(self) -> None: ...


class SimBench:
    def __init__(self, pki: TestPki) -> None:
        self.reader = sim.Driver(sim.Driver.Options(deadline_ms=DEADLINE_MS))
        self.name = "sim"
        self._pki = pki
        self.remove = self.reader.remove
        self.remove_after = self.reader.remove_after
        self.slow = self.reader.slow
        self.lose_service = self.reader.service_lost
        self.bring_service_back = self.reader.service_back

    def present(self, plan: Plan) -> None:
        self.reader.present(make(plan, self._pki))


class PcscBench:
    def __init__(self, pcscd: PrivatePcscd) -> None:
        from drivers.reader.pcsc import Driver  # noqa: PLC0415 - the reader in memory needs no PC/SC library

        self.name = pcscd.names["reader0"]
        self.reader = Driver(Driver.Options(name=self.name, deadline_ms=DEADLINE_MS))
        self._table = pcscd.table
        self.lose_service = pcscd.kill
        self.bring_service_back = pcscd.restart

    def present(self, plan: Plan) -> None:
        self._table.present("reader0", plan)

    def remove(self) -> None:
        self._table.remove("reader0")

    def remove_after(self, apdus: int) -> None:
        self._table.remove_after("reader0", apdus)

    def slow(self, ms: int) -> None:
        self._table.slow("reader0", ms)


@pytest.fixture(params=["sim", pytest.param("pcsc", marks=pytest.mark.pcsc)])
def bench(request: pytest.FixtureRequest, pki: TestPki) -> Bench:
    if request.param == "sim":
        return SimBench(pki)
    return PcscBench(request.getfixturevalue("pcscd"))


class Heard:
    def __init__(self, reader: Reader) -> None:
        self._events: queue.Queue[Event] = queue.Queue()
        reader.start(self._events.put)

    def next(self) -> Event:
        return self._events.get(timeout=3)

    def kinds(self, count: int) -> list[type]:
        return [type(self.next()) for _ in range(count)]

    def card(self) -> Field:
        event = self.next()
        assert isinstance(event, CardCame)
        return event.field

    def nothing(self) -> bool:
        return self._events.empty()


@pytest.fixture
def heard(bench: Bench) -> Iterator[Heard]:
    heard = Heard(bench.reader)
    assert heard.next() == ReaderCame(bench.name)
    yield heard
    bench.reader.stop()


def test_a_card_comes_and_goes(bench: Bench, heard: Heard, planned: Callable[..., Plan]) -> None:
    for _ in range(2):
        bench.present(planned())
        field = heard.card()
        assert field.reader == bench.name
        assert field.atr.hex() == "3b888001000005e0b381a1007f"
        assert field.transmit(SELECT) == b"\x90\x00"
        assert len(field.transmit(READ_TOKEN)) == 34
        bench.remove()
        assert heard.next() == CardLeft(bench.name)
        with pytest.raises(CardGoneError):
            field.transmit(SELECT)
        field.close()


def test_what_lies_there_already_is_reported_first(bench: Bench, planned: Callable[..., Plan]) -> None:
    bench.present(planned())
    heard = Heard(bench.reader)
    assert heard.kinds(2) == [ReaderCame, CardCame]
    bench.reader.stop()


def test_a_card_pulled_away_in_mid_exchange(bench: Bench, heard: Heard, planned: Callable[..., Plan]) -> None:
    bench.present(planned())
    field = heard.card()
    bench.remove_after(1)
    assert field.transmit(SELECT) == b"\x90\x00"
    with pytest.raises(CardGoneError):
        field.transmit(READ_TOKEN)
    assert heard.next() == CardLeft(bench.name)


def test_a_card_swapped_for_another_is_two_presences(bench: Bench, heard: Heard, planned: Callable[..., Plan]) -> None:
    bench.present(planned())
    first = heard.card()
    bench.present(planned())
    assert heard.next() == CardLeft(bench.name)
    second = heard.card()
    with pytest.raises(CardGoneError):
        first.transmit(SELECT)
    assert second.transmit(SELECT) == b"\x90\x00"


def test_closing_powers_the_card_off(bench: Bench, heard: Heard, planned: Callable[..., Plan]) -> None:
    bench.present(planned())
    field = heard.card()
    for command in (SELECT, bytes.fromhex("002000980431323334")):
        assert field.transmit(command) == b"\x90\x00"
    field.close()
    field.close()
    with pytest.raises(ReaderError):
        field.transmit(SELECT)
    bench.reader.stop()
    again = Heard(bench.reader)
    assert again.next() == ReaderCame(bench.name)
    select_key = bytes.fromhex("00A4020C020017")
    assert again.card().transmit(select_key) == bytes.fromhex("6A82")  # it has forgotten its application, and the PIN


def test_a_slow_card_is_given_up_in_time_and_the_reader_recovers(
    bench: Bench, heard: Heard, planned: Callable[..., Plan]
) -> None:
    bench.present(planned())
    field = heard.card()
    bench.slow(DEADLINE_MS + 300)
    for _ in range(2):  # and it is not asked again
        with pytest.raises(CardMuteError):
            field.transmit(SELECT)
    bench.slow(0)
    bench.remove()
    assert heard.next() == CardLeft(bench.name)
    bench.present(planned())
    assert heard.card().transmit(SELECT) == b"\x90\x00"


def test_the_service_goes_and_comes_back_with_the_card_still_there(
    bench: Bench, heard: Heard, planned: Callable[..., Plan]
) -> None:
    bench.present(planned())
    field = heard.card()
    bench.lose_service()
    assert heard.kinds(3) == [CardLeft, ReaderLeft, ServiceLost]
    with pytest.raises(ReaderError):
        field.transmit(SELECT)
    bench.bring_service_back()
    assert heard.kinds(2) == [ServiceBack, ReaderCame]
    assert heard.card().transmit(SELECT) == b"\x90\x00"


def test_nothing_is_heard_after_stop(bench: Bench, heard: Heard, planned: Callable[..., Plan]) -> None:
    bench.present(planned())
    field = heard.card()
    bench.reader.stop()
    bench.remove()
    with pytest.raises(ReaderError):
        field.transmit(SELECT)
    assert heard.nothing()


def test_stopped_and_started_again(bench: Bench, heard: Heard, planned: Callable[..., Plan]) -> None:
    bench.present(planned())
    heard.card()
    bench.reader.stop()
    again = Heard(bench.reader)
    assert again.next() == ReaderCame(bench.name)
    assert again.card().transmit(SELECT) == b"\x90\x00"


def test_a_command_that_the_reader_cannot_carry(bench: Bench, heard: Heard, planned: Callable[..., Plan]) -> None:
    bench.present(planned())
    field = heard.card()
    with pytest.raises(ReaderError, match="takes"):
        field.transmit(bytes(field.command_max + 1))
    assert field.transmit(SELECT) == b"\x90\x00"
