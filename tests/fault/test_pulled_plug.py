"""The power is cut below a real ext4 while people touch and units deliver: only what came before the cut counts."""

import itertools
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from appliance.setup import write_config
from simulation.centre import name_place
from tests.appliance.live import LiveUnit
from tests.fault.conftest import Dose, Settle
from tests.fault.desk import FILES, Desk
from tests.fault.machine import lacks_root, lacks_strace, need
from tests.fault.office import Office, judge_books
from tests.fault.plug import PluggedDisk
from tests.fault.report import Report
from tests.fault.strace import LIED, Blow, Strace

CROWD = 12  # who show their codes one right after the other
UNTIL_PULLED_S = (0.0, 0.05)  # a touch takes about three milliseconds
DELIVERING_S = (0.05, 0.4)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[PluggedDisk]:
    need(lacks_root())
    with PluggedDisk(tmp_path / "disk") as plugged:
        yield plugged


def crowd_until_the_plug_is_pulled(
    desk: Desk, disk: PluggedDisk, residents: Iterator[int], wait_s: float
) -> dict[str, str]:
    """Let a crowd touch, pull the plug among them, and bring the power back; return what was heard before."""
    for resident in itertools.islice(residents, CROWD):
        desk.show(resident)
    time.sleep(wait_s)
    disk.pull(desk.unit.process)
    assert desk.end() == -signal.SIGKILL
    heard = desk.about()
    disk.plug()
    return heard


@pytest.mark.fault("power cut at any moment")
def test_what_was_heard_before_the_plug_was_pulled_is_there(
    settle: Settle, disk: PluggedDisk, dose: Dose, report: Report
) -> None:
    desk, residents = settle("lib01"), itertools.count(1)
    disk.take_in(desk.unit)
    disk.settle()
    dice = random.Random(5)  # noqa: S311 - a test wants dice that can be thrown again
    assert desk.begin()
    heard: dict[str, str] = {}
    for _ in range(dose.points):
        heard = crowd_until_the_plug_is_pulled(desk, disk, residents, dice.uniform(*UNTIL_PULLED_S))
        assert desk.begin(), desk.unit.said()
        entries = desk.unit.entries()
        lost = [entry for entry, entry_hash in heard.items() if entries.get(entry, ("",))[0] != entry_hash]
        assert lost == []
        cards = [body["card"] for _, body in entries.values() if body["kind"] == "visits.touch"]
        assert len(cards) == len(set(cards))
        assert not desk.unit.status()["frozen"]
    assert len(heard) > dose.points, "nobody was ever served before the plug was pulled"
    report.add("plug pulled below a unit's ext4", cuts=dose.points, heard_before=len(heard), lost=0)


@pytest.mark.fault("storage that lies about writing")
def test_with_syncs_that_lie_it_loses_and_the_unit_notices(
    settle: Settle, disk: PluggedDisk, report: Report, tmp_path: Path
) -> None:
    need(lacks_strace())
    desk, residents = settle("lib01"), itertools.count(1)
    disk.take_in(desk.unit)
    disk.settle()
    assert desk.begin()
    assert desk.end() == 0
    files = [disk.folder / "lib01" / name for name in FILES]
    lying = Strace(files, tmp_path / "trace", Blow("fdatasync", 1, LIED, onwards=True))
    desk.unit.within = [*disk.within, *lying.within]
    assert desk.begin(), desk.unit.said()
    heard = crowd_until_the_plug_is_pulled(desk, disk, residents, 0.3)
    desk.unit.within = disk.within
    assert desk.begin(), desk.unit.said()
    lost = heard.keys() - desk.unit.entries().keys()
    assert lost, "the rig is blind: nothing was synced, and nothing is lost"
    assert desk.unit.status()["frozen"].endswith("entries that were counted are not on this disk")
    report.add("  the same with syncs that lie", cuts=1, heard_before=len(heard), lost=len(lost), unnoticed=0)


@pytest.mark.fault(
    "power cut right after enrolment",
    people="Nothing: the unit serves when it is switched on again.",
    lost="nothing: the command returns when everything is on the disk",
    found="It need not be; a ticket cannot be used again.",
)
def test_a_unit_that_is_unplugged_as_soon_as_it_is_enrolled_serves(
    office: Office, disk: PluggedDisk, tmp_path: Path
) -> None:
    centre = office.open()
    name_place(centre, "library")
    ticket = tmp_path / "hall01.ticket"
    invitation = centre.enroller.invite("hall01", "library", "facility", f"https://localhost:{office.port}")
    ticket.write_bytes(msgspec.json.encode(invitation))
    folder = tmp_path / "hall01"
    write_config(folder, "hall01", "sim", "desk", 0, test=True)
    unit = LiveUnit(folder, 0)
    disk.take_in(unit)
    disk.settle()
    enrolled = unit.command("enrol", ticket)
    disk.pull()
    disk.plug()
    assert enrolled.returncode == 0, enrolled.stderr
    unit.start()
    assert unit.status()["closed"] is None, unit.said()
    assert unit.stop() == 0
    centre.engine.dispose()


@pytest.mark.fault("centre killed at any moment")
def test_what_the_centre_acknowledged_before_the_plug_was_pulled_is_there(
    make_office: Callable[..., Office], disk: PluggedDisk, dose: Dose, report: Report, tmp_path: Path
) -> None:
    office = make_office(tmp_path / "central")
    dice = random.Random(6)  # noqa: S311 - a test wants dice that can be thrown again
    cuts = max(1, dose.points // 2)
    with office.courier() as courier:
        subprocess.run(["cp", "-a", office.folder, disk.root], check=True)
        disk.settle()
        there = disk.folder / office.folder.name
        for number in range(cuts):
            assert office.start(disk.within, there), office.said()
            delivering = threading.Thread(target=courier.deliver, args=(1000,))
            delivering.start()
            time.sleep(dice.uniform(*DELIVERING_S))
            acknowledged = courier.acknowledged
            disk.pull()
            office.clean_up()
            delivering.join()
            disk.plug()
            subprocess.run(["cp", "-a", disk.root / office.folder.name, tmp_path / str(number)], check=True)
            courier.acknowledged = acknowledged
            judge_books(tmp_path / str(number), courier)
        assert office.start(disk.within, there), office.said()
        assert courier.deliver(1), office.said()
        assert courier.acknowledged == courier.written
        report.add("plug pulled below the centre's ext4", cuts=cuts, acknowledged=courier.acknowledged, lost=0)
