"""A unit looks after itself: it gives up in the order that keeps money safe, and revives a reader that hangs."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import httpx
import pytest

from central.centre import Centre
from drivers.card.sim.pcscd import PrivatePcscd
from drivers.card.sim.pki import TestPki
from tests.appliance.live import LiveUnit, settle_in, wait_until
from tests.appliance.small_disk import MIB, SmallDisk
from tests.pcsc.unit.conftest import Hands, Settle, results

pytestmark = pytest.mark.pcsc

NO_ROOM = "No room to keep records. Staff can add your points."
CASH = "Money functions are stopped to protect this unit's records. Please use cash."
LOOK = '\n[drivers.board]\nmake = "linux"\nevery_s = 0.1\nsysfs = "{sys}"\n'
LIMITS = "\n[limits]\nroom_see = 24\nroom_act = 12\n"
NO_CONTENT, REFUSED = 204, 400


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with SmallDisk(tmp_path / "disk", 40 * MIB) as small:
        yield small


@pytest.fixture
def shop(tmp_path: Path, town: Centre, pki: TestPki, pcscd: PrivatePcscd) -> Iterator[LiveUnit]:
    """A shop's unit beside the library's; its reader is another one."""
    unit = settle_in(tmp_path / "shop01", town, pki.trust(("pass",)), "reader", pcscd.environment, "shop")
    yield unit
    unit.clean_up()


class UsbPort:
    """The socket that a reader sits in: without power the reader forgets what it was doing."""

    def __init__(self, switch: Path, without_power: Callable[[], None]) -> None:
        self.cycles = 0
        self._switch = switch
        self._without_power = without_power
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join()

    def _run(self) -> None:
        is_off = False
        while not self._ends.wait(0.01):
            was_off, is_off = is_off, self._switch.read_text() == "1"
            if is_off and not was_off:
                self._without_power()
            self.cycles += was_off and not is_off


def configure(unit: LiveUnit, more: str, ballast: int = MIB) -> None:
    config = unit.here / "unit.toml"
    text = config.read_text().replace('\n[drivers.board]\nmake = "none"\n', "")
    config.write_text(f"ballast_bytes = {ballast}\n{text}{more}")


def ills(unit: LiveUnit) -> dict[str, str]:
    return {one["what"]: one["grade"] for one in unit.status()["symptoms"]}


def spares(unit: LiveUnit, *what: str) -> Callable[[], bool]:
    return lambda: unit.status()["spares"] == list(what)


def practises(unit: LiveUnit, *, on: bool) -> int:
    url = f"http://127.0.0.1:{unit.port}/practice"
    return httpx.post(url, json={"on": on}, trust_env=False).status_code


@pytest.mark.fault(
    "the unit's disk runs full slowly",
    people="Nothing, then a shop takes cash only; visits go on for as long as an entry can be written.",
    lost="nothing: practice ends first, then money, and a touch only where nothing can be written any more",
    found="The board is looked at every half minute; unit, doctor and console say how much room is left.",
)
def test_a_disk_that_fills_stops_practice_then_money_and_touches_last(
    settle: Settle, shop: LiveUnit, disk: SmallDisk, hands: Hands, tmp_path: Path
) -> None:
    library = settle()
    for unit in (library, shop):
        ballast = MIB if unit is library else 0  # two reserves on one disk would make room for each other
        configure(unit, LIMITS + LOOK.format(sys=tmp_path / "no-sys"), ballast)
        disk.take_in(unit)
        unit.start()
    wait_until(spares(shop), shop.said)
    assert practises(shop, on=True) == NO_CONTENT
    assert shop.view()["practice"]

    disk.fill(leave=20 * MIB)
    wait_until(spares(shop, "practice"), shop.said)
    wait_until(lambda: not shop.view()["practice"], "a practice that had begun is over")
    assert ills(shop) == {"room": "see"}
    assert practises(shop, on=True) == REFUSED
    assert (shop.closed(), library.closed()) == ("", "")

    disk.fill(leave=8 * MIB)
    wait_until(spares(shop, "practice", "money"), shop.said)
    wait_until(lambda: shop.closed() == CASH, shop.said)
    assert ills(shop) == {"room": "act"}
    assert shop.status()["closed"] == "TAP-046"
    wait_until(spares(library, "practice", "money"), library.said)
    assert library.closed() == ""
    assert hands.tap(library, 1)[0] == "ok_points", "what needs no money goes on"

    disk.fill(leave=MIB // 8)
    wait_until(lambda: library.closed() == NO_ROOM, library.said)
    assert shop.closed() == CASH
    assert hands.tap(library, 2) == ("help", "")

    disk.make_room()
    wait_until(lambda: (shop.closed(), library.closed()) == ("", ""), library.said)
    wait_until(spares(shop), shop.said)
    assert (ills(shop), ills(library)) == ({}, {})
    assert hands.tap(library, 2)[0] == "ok_points"
    assert [unit.stop() for unit in (library, shop)] == [0, 0]


@pytest.mark.fault(
    "the card reader hangs",
    people="Cards are not answered for some seconds; then its power goes off and on, and it serves again.",
    lost="nothing",
    found="A call to it that does not come back. Unit, doctor and console say how often it hung within a day.",
)
def test_a_reader_that_hangs_is_switched_off_and_on_and_serves_again(
    unit: LiveUnit, hands: Hands, pcscd: PrivatePcscd, tmp_path: Path
) -> None:
    port, device = tmp_path / "sys/devices/1-1-port2", tmp_path / "sys/bus/usb/devices/1-1.2"
    port.mkdir(parents=True)
    device.mkdir(parents=True)
    switch = port / "disable"
    switch.write_text("0")
    for name, text in (("idVendor", "072f"), ("idProduct", "2200")):
        (device / name).write_text(text)
    (device / "port").symlink_to(port)
    power = f'\n[drivers.power]\nmake = "usb"\ndevice = "072f:2200"\noff_s = 0.5\nsysfs = "{tmp_path / "sys"}"\n'
    configure(unit, LOOK.format(sys=tmp_path / "sys") + power)
    config = unit.here / "unit.toml"
    config.write_text(
        config.read_text().replace('name = "reader"', 'name = "reader"\ndeadline_ms = 200\nhung_ms = 500')
    )
    unit.start()
    for slot in pcscd.table.state():
        pcscd.table.slow(slot, 60)  # so that there is time to let it hang
    reader = hands.lay(1)
    pcscd.table.mute(reader)
    with UsbPort(switch, lambda: pcscd.table.remove(reader)) as socket:
        wait_until(lambda: ills(unit) == {"reader-hung": "act"}, unit.said)
        wait_until(lambda: socket.cycles == 1, unit.said)
    assert results(unit) == [("retry", "")], "nothing was counted"
    assert hands.tap(unit, 1)[0] == "ok_points"
    wait_until(lambda: ills(unit) == {"reader-hung": "see"}, lambda: f"{ills(unit)} {unit.said()}")
    assert unit.stop() == 0
