"""A real disk without room: what the centre does then, and when there is room again. Of units, see tests/pcsc/unit."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from central.folder import Folder
from tests.appliance.live import wait_until
from tests.appliance.small_disk import MIB, SmallDisk
from tests.central.serving import MACHI
from tests.fault.office import Courier, Office, judge_books
from tests.fault.report import Report

FULL = 507
DELIVERIES_MAX = 100


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with SmallDisk(tmp_path / "disk", 6 * MIB) as small:
        yield small


@pytest.mark.fault(
    "the centre's disk is full",
    people="Nothing. Units serve on and keep what they have; the console still shows what is there.",
    lost="nothing: what finds no room is not acknowledged, and is sent again",
    found="Units hear why they are turned away, and the console shows their backlog.",
)
def test_a_centre_without_room_goes_on_listening_and_takes_everything_later(
    make_office: Callable[..., Office], disk: SmallDisk, tmp_path: Path, report: Report
) -> None:
    office = make_office(tmp_path / "central")
    with office.courier() as courier:
        subprocess.run(["cp", "-a", office.folder, disk.root], check=True)
        there = disk.folder / office.folder.name
        assert office.start(disk.within, there), office.said()
        made = [*disk.within, str(MACHI), "central", "user", "tool", str(there), "board", "--scope", "units"]
        token = subprocess.run(made, check=True, capture_output=True, text=True).stdout.strip()
        assert courier.deliver(3)
        disk.fill()
        deliver_until_turned_away(courier)
        wait_until(lambda: "no room to add up what arrived" in office.said(), office.said)
        assert console(office, token) == httpx.codes.OK
        office.clean_up()
        assert office.start(disk.within, there), "killed, it does not start on a full disk"
        deliver_until_turned_away(courier)
        assert console(office, token) == httpx.codes.OK
        assert set(courier.turned_away) == {FULL}

        disk.make_room()
        assert courier.deliver(3)
        assert courier.acknowledged == courier.written
        assert office.end() == 0
        subprocess.run(["cp", "-a", disk.root / office.folder.name, tmp_path / "copy"], check=True)
        judge_books(tmp_path / "copy", courier)
        turned_away, acknowledged = len(courier.turned_away), courier.acknowledged
        report.add("centre's disk full (tmpfs)", turned_away=turned_away, acknowledged=acknowledged, lost=0)


def deliver_until_turned_away(courier: Courier) -> None:
    """There may be some room in what the database has already."""
    for _ in range(DELIVERIES_MAX):
        if not courier.deliver(1):
            return
    pytest.fail("the disk was never full")


def console(office: Office, token: str) -> int:
    port = Folder(office.folder).config.server.console_port
    shown = {"Authorization": f"Bearer {token}"}
    return httpx.get(f"http://127.0.0.1:{port}/api/units", headers=shown, trust_env=False).status_code
