"""What every reader does, whatever its make: the same tests over every make.

`sim`: the reader in memory. `pcsc`: a real pcscd with a virtual reader. `rcs380`: nfcpy down to its USB transport, and
below that a device made of bytes (`rcs380.py`). `udp`: nfcpy with its own simulated radio, in two processes; it cannot
be unplugged, so it is left out where that is the point, and slow, so it is left out where it would say nothing new.
"""

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
from tests.pcsc.nfc_bench import Rcs380Bench, UdpBench

SELECT = bytes.fromhex("00A4040C0AD392F000260100000001")
READ_TOKEN = bytes.fromhex("00B0860020")


class Bench(Protocol):
    """A reader with a hand in front of it. `patience`: how long an event may take, in seconds."""

    @property
    def deadline_ms(self) -> int: ...

    @property
    def reader(self) -> Reader: ...
    @property
    def name(self) -> str: ...
    @property
    def patience(self) -> float: ...

    def present(self, plan: Plan) -> None: ...
    def remove(self) -> None: ...
    def remove_after(self, apdus: int) -> None: ...
    def slow(self, ms: int) -> None: ...
    def end(self) -> None: ...


class LosableBench(Bench, Protocol):
    """One that can lose what is below its driver. `losing`, `returning`: the events that tell so, with a card there."""

    @property
    def losing(self) -> tuple[type, ...]: ...
    @property
    def returning(self) -> tuple[type, ...]: ...

    def lose(self) -> None: ...
    def bring_back(self) -> None: ...


class SimBench:
    patience, deadline_ms = 3.0, 400
    losing, returning = (CardLeft, ReaderLeft, ServiceLost), (ServiceBack, ReaderCame)

    def __init__(self, pki: TestPki) -> None:
        self.reader = sim.Driver(sim.Driver.Options(deadline_ms=self.deadline_ms))
        self.name = "sim"
        self._pki = pki
        self.remove = self.reader.remove
        self.remove_after = self.reader.remove_after
        self.slow = self.reader.slow
        self.lose = self.reader.service_lost
        self.bring_back = self.reader.service_back
        self.end = self.reader.stop

    def present(self, plan: Plan) -> None:
        self.reader.present(make(plan, self._pki))


class PcscBench:
    patience, deadline_ms = 3.0, 400
    losing, returning = (CardLeft, ReaderLeft, ServiceLost), (ServiceBack, ReaderCame)

    def __init__(self, pcscd: PrivatePcscd) -> None:
        from drivers.reader.pcsc import Driver  # noqa: PLC0415 - the reader in memory needs no PC/SC library

        self.name = pcscd.names["reader0"]
        self.reader = Driver(Driver.Options(name=self.name, deadline_ms=self.deadline_ms))
        self._table = pcscd.table
        self.lose = pcscd.kill
        self.bring_back = pcscd.restart
        self.end = self.reader.stop

    def present(self, plan: Plan) -> None:
        self._table.present("reader0", plan)

    def remove(self) -> None:
        self._table.remove("reader0")

    def remove_after(self, apdus: int) -> None:
        self._table.remove_after("reader0", apdus)

    def slow(self, ms: int) -> None:
        self._table.slow("reader0", ms)


LOSABLE = ("sim", pytest.param("pcsc", marks=pytest.mark.pcsc), "rcs380")


@pytest.fixture(params=[*LOSABLE, "udp"])
def bench(request: pytest.FixtureRequest, pki: TestPki, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    made: Bench
    if request.param == "sim":
        made = SimBench(pki)
    elif request.param == "pcsc":
        made = PcscBench(request.getfixturevalue("pcscd"))
    elif request.param == "rcs380":
        made = Rcs380Bench(pki, monkeypatch)
    else:
        made = UdpBench()
    yield made
    made.end()


class Heard:
    def __init__(self, bench: Bench) -> None:
        self._events: queue.Queue[Event] = queue.Queue()
        self._patience = bench.patience
        bench.reader.start(self._events.put)

    def next(self) -> Event:
        return self._events.get(timeout=self._patience)

    def kinds(self, count: int) -> list[type]:
        return [type(self.next()) for _ in range(count)]

    def card(self) -> Field:
        event = self.next()
        assert isinstance(event, CardCame)
        return event.field

    def nothing(self) -> bool:
        return self._events.empty()


@pytest.fixture
def heard(bench: Bench) -> Heard:
    heard = Heard(bench)
    assert heard.next() == ReaderCame(bench.name)
    return heard


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


@pytest.mark.parametrize("bench", LOSABLE, indirect=True)
def test_what_lies_there_already_is_reported_first(bench: Bench, planned: Callable[..., Plan]) -> None:
    bench.present(planned())
    heard = Heard(bench)
    assert heard.kinds(2) == [ReaderCame, CardCame]


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
    again = Heard(bench)
    assert again.next() == ReaderCame(bench.name)
    select_key = bytes.fromhex("00A4020C020017")
    assert again.card().transmit(select_key) == bytes.fromhex("6A82")  # it has forgotten its application, and the PIN


@pytest.mark.parametrize("bench", LOSABLE, indirect=True)
def test_a_slow_card_is_given_up_in_time_and_the_reader_recovers(
    bench: Bench, heard: Heard, planned: Callable[..., Plan]
) -> None:
    bench.present(planned())
    field = heard.card()
    bench.slow(bench.deadline_ms + 300)
    for _ in range(2):  # and it is not asked again
        with pytest.raises(CardMuteError):
            field.transmit(SELECT)
    bench.slow(0)
    bench.remove()
    assert heard.next() == CardLeft(bench.name)
    bench.present(planned())
    assert heard.card().transmit(SELECT) == b"\x90\x00"


@pytest.mark.parametrize("bench", LOSABLE, indirect=True)
def test_what_is_below_goes_and_comes_back_with_the_card_still_there(
    bench: LosableBench, heard: Heard, planned: Callable[..., Plan]
) -> None:
    bench.present(planned())
    field = heard.card()
    bench.lose()
    assert heard.kinds(len(bench.losing)) == list(bench.losing)
    with pytest.raises(ReaderError):
        field.transmit(SELECT)
    bench.bring_back()
    assert heard.kinds(len(bench.returning)) == list(bench.returning)
    assert heard.card().transmit(SELECT) == b"\x90\x00"


@pytest.mark.parametrize("bench", LOSABLE, indirect=True)
def test_nothing_is_heard_after_stop(bench: Bench, heard: Heard, planned: Callable[..., Plan]) -> None:
    bench.present(planned())
    field = heard.card()
    bench.reader.stop()
    bench.remove()
    with pytest.raises(ReaderError):
        field.transmit(SELECT)
    assert heard.nothing()


@pytest.mark.parametrize("bench", LOSABLE, indirect=True)
def test_stopped_and_started_again(bench: Bench, heard: Heard, planned: Callable[..., Plan]) -> None:
    bench.present(planned())
    heard.card()
    bench.reader.stop()
    again = Heard(bench)
    assert again.next() == ReaderCame(bench.name)
    assert again.card().transmit(SELECT) == b"\x90\x00"


@pytest.mark.parametrize("bench", LOSABLE, indirect=True)
def test_a_command_that_the_reader_cannot_carry(bench: Bench, heard: Heard, planned: Callable[..., Plan]) -> None:
    bench.present(planned())
    field = heard.card()
    with pytest.raises(ReaderError, match="takes"):
        field.transmit(bytes(field.command_max + 1))
    assert field.transmit(SELECT) == b"\x90\x00"
