"""A USB device is switched off and on by the kernel's own files; what is missing or forbidden breaks nothing."""

import logging
import threading
import time
from pathlib import Path

import pytest

from drivers.check import State
from drivers.power import usb

DEVICE = "072f:2200"


@pytest.fixture
def sys(tmp_path: Path) -> Path:
    """A hub with two ports, and a reader in the second."""
    port = tmp_path / "devices/usb1/1-1/1-1:1.0/1-1-port2"
    reader = tmp_path / "devices/usb1/1-1/1-1.2"
    for folder in (port, reader, tmp_path / "bus/usb/devices"):
        folder.mkdir(parents=True)
    (port / "disable").write_text("0\n")
    (reader / "idVendor").write_text("072f\n")
    (reader / "idProduct").write_text("2200\n")
    (reader / "authorized").write_text("1\n")
    (reader / "port").symlink_to(port)
    (tmp_path / "bus/usb/devices/1-1.2").symlink_to(reader)
    return tmp_path


def switch(sys: Path, name: str) -> Path:
    where = {"disable": "1-1:1.0/1-1-port2", "authorized": "1-1.2"}[name]
    return sys / "devices/usb1/1-1" / where / name


def driver(sys: Path, off_s: float = 0.2) -> usb.Driver:
    return usb.Driver(usb.Driver.Options(device=DEVICE, off_s=off_s, sysfs=str(sys)))


class Watch:
    """Looks at a file all the time, and remembers what it said."""

    def __init__(self, path: Path) -> None:
        self.said: list[str] = []
        self._path = path
        self._ends = threading.Event()
        self._look()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        if (now := self._path.read_text().strip()) and now != (self.said or [""])[-1]:
            self.said.append(now)

    def _run(self) -> None:
        while not self._ends.wait(0.005):
            self._look()

    def end(self) -> list[str]:
        """Wait until nothing is switched any more; return what was said."""
        for thread in threading.enumerate():
            if thread.name == "power":
                thread.join(5)
        self._ends.set()
        self._thread.join()
        self._look()
        return self.said


def test_the_power_of_its_port_goes_off_and_comes_back(sys: Path) -> None:
    watch, begun = Watch(switch(sys, "disable")), time.monotonic()
    driver(sys, off_s=1).cycle()
    assert time.monotonic() - begun < 0.9, "whoever asks does not wait"
    assert watch.end() == ["0", "1", "0"]
    assert time.monotonic() - begun >= 1
    assert switch(sys, "authorized").read_text() == "1\n", "one switch is enough"


def test_a_hub_without_that_switch_has_it_set_up_anew(sys: Path) -> None:
    switch(sys, "disable").unlink()
    watch = Watch(switch(sys, "authorized"))
    driver(sys).cycle()
    assert watch.end() == ["1", "0", "1"]


def test_a_reader_that_has_gone_is_switched_by_the_port_it_was_in(sys: Path) -> None:
    power = driver(sys)
    (sys / "bus/usb/devices/1-1.2").unlink()
    watch = Watch(switch(sys, "disable"))
    power.cycle()
    assert watch.end() == ["0", "1", "0"]


def test_asked_twice_it_goes_off_once(sys: Path) -> None:
    power, watch, begun = driver(sys, off_s=0.3), Watch(switch(sys, "disable")), time.monotonic()
    power.cycle()
    time.sleep(0.05)
    power.cycle()
    assert watch.end() == ["0", "1", "0"]
    assert time.monotonic() - begun < 0.55


def test_no_switch_is_said_and_nothing_breaks(sys: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("disable", "authorized"):
        switch(sys, name).unlink()
    with caplog.at_level(logging.INFO, "power"):
        driver(sys).cycle()
        usb.Driver(usb.Driver.Options(device="ffff:0000", sysfs=str(sys / "gone"))).cycle()
        Watch(switch(sys, "authorized").with_name("idVendor")).end()
    assert caplog.messages.count(f"{DEVICE} has no switch that could be used") == 1
    assert "ffff:0000 has no switch that could be used" in caplog.messages


def test_the_doctor_says_whether_it_may(sys: Path) -> None:
    options = usb.Driver.Options(device=DEVICE, sysfs=str(sys))
    assert usb.Driver.probe(options).state is State.OK
    assert switch(sys, "disable").read_text() == "0\n", "a look switches nothing"
    missing = usb.Driver.probe(usb.Driver.Options(device="ffff:0000", sysfs=str(sys)))
    assert (missing.state, missing.do_en) == (State.FAIL, "see lsusb, and correct [drivers.power]")
    for name in ("disable", "authorized"):
        switch(sys, name).unlink()
        switch(sys, name).mkdir()  # as closed to us as a file of root's, also for root
    assert usb.Driver.probe(options).state is State.WARN
    assert list(switch(sys, "disable").iterdir()) == []
