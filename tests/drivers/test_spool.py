"""Slips behind a printer that may hang, be empty or be slow: whoever hands them over never notices."""

import threading
import time
from collections.abc import Iterator

import pytest

from drivers.printer import Look, Printed, Reach, Slip, Trouble, Words, sim
from drivers.spool import WAITING_MAX, Spool
from tests.appliance.live import wait_until

ROLL = 10_000


class Told:
    """What was told of slips, in order."""

    def __init__(self) -> None:
        self.of: list[tuple[str, Printed]] = []

    def __call__(self, slip: Slip, printed: Printed) -> None:
        self.of.append((slip.number, printed))

    def wait(self, count: int) -> Printed:
        wait_until(lambda: len(self.of) >= count, f"{len(self.of)} of {count} slips")
        return self.of[-1][1]


class Hanging:
    """A printer that does not come back before it is let go."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.begun: list[str] = []

    def print(self, slip: Slip, *, again: bool = False) -> Printed:
        self.begun.append(slip.number)
        self.go.wait()
        return Printed(Reach.WHOLE, 1, 1, again)

    def look(self) -> Look:
        return Look()


def slip(number: str) -> Slip:
    return Slip(number, (Words("1,280円"),))


@pytest.fixture
def printer() -> Iterator[sim.Driver]:
    printer = sim.Driver(sim.Driver.Options(band_ms=250))
    yield printer
    printer.close()


def test_slips_come_out_in_order_and_a_second_time_they_say_so(printer: sim.Driver) -> None:
    told = Told()
    spool = Spool(printer, told)
    spool.put(slip("one"))
    spool.put(slip("two"))
    spool.put(slip("one"), again=True)
    told.wait(3)
    assert [(number, printed.reach, printed.marked) for number, printed in told.of] == [
        ("one", Reach.WHOLE, False),
        ("two", Reach.WHOLE, False),
        ("one", Reach.WHOLE, True),
    ]
    assert len(printer.slips) == 3
    spool.close()


def test_what_never_came_out_is_no_copy_the_next_time(printer: sim.Driver) -> None:
    told = Told()
    spool = Spool(printer, told)
    printer.paper(0)
    spool.put(slip("one"))
    assert told.wait(1).trouble is Trouble.PAPER
    printer.paper(ROLL)
    spool.put(slip("two"))
    assert told.wait(2).reach is Reach.WHOLE
    assert len(printer.slips) == 1, "what nobody waits for any more does not come out by itself"
    spool.put(slip("one"), again=True)
    assert told.wait(3).marked is False
    spool.put(slip("one"), again=True)
    assert told.wait(4).marked is True
    spool.close()


def test_what_was_asked_for_before_this_start_is_taken_for_a_copy(printer: sim.Driver) -> None:
    told = Told()
    spool = Spool(printer, told)
    spool.put(slip("one"), again=True)
    assert told.wait(1).marked is True
    spool.close()


@pytest.mark.fault("the receipt printer is empty, gone or stuck")
def test_a_printer_that_hangs_holds_nobody_up() -> None:
    told, hanging = Told(), Hanging()
    spool = Spool(hanging, told)
    spool.put(slip("first"))
    wait_until(lambda: hanging.begun, "nothing is printed")
    began = time.monotonic()
    for number in range(WAITING_MAX):
        spool.put(slip(str(number)))
    assert told.of == []
    spool.put(slip("too many"))
    assert time.monotonic() - began < 1
    assert told.of == [("too many", Printed(Reach.NOTHING, 0, 0, False, Trouble.BUSY))]
    threading.Timer(0.1, hanging.go.set).start()
    spool.close()
    assert hanging.begun == ["first"], "at the end the others are forgotten"
