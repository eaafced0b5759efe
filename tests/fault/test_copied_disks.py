"""Disks are put back in time, copied into a second machine, or restored from a backup: real processes, over TLS."""

import itertools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
import pytest

from central import store
from central.incidents import open_ones
from drivers.card.sim.pki import TestPki
from tests.appliance.live import machi, wait_until
from tests.appliance.uplink.serving import CalledUnit
from tests.fault.desk import Desk
from tests.fault.line import Line, lay_line
from tests.fault.office import Office, held
from tests.fault.report import Report

SUSPENDED = "TAP-044"
TAPS = 3
NUMBERS = itertools.count(1)


def lay(office: Office, folder: Path, pki: TestPki) -> Line:
    """Let a unit in, and let people touch it before anything happens."""
    laid = lay_line(office, folder, pki, f"https://localhost:{office.port}")
    laid.tap(TAPS)
    laid.all_arrive_once()
    return laid


@pytest.fixture
def line(office: Office, tmp_path: Path, pki: TestPki) -> Iterator[Line]:
    laid = lay(office, tmp_path / f"lib{next(NUMBERS):02}", pki)
    yield laid
    laid.desk.clean_up()


@pytest.fixture
def other(line: Line, tmp_path: Path) -> Iterator[Desk]:
    """A second machine with a copy of the unit's disk, and of the counter outside it."""
    switch_off(line)
    twin = line.desk.twin(tmp_path / "elsewhere")
    switch_on(line)
    yield twin
    twin.clean_up()


def switch_off(line: Line) -> None:
    assert line.unit.hang_up() == 0
    assert line.desk.end() == 0


def switch_on(line: Line) -> None:
    assert line.desk.begin(), line.unit.said()
    line.unit.call()


def put_back(backup: Path, folder: Path) -> None:
    shutil.rmtree(folder)
    shutil.copytree(backup, folder)


def incidents(line: Line) -> dict[int, str]:
    """Return what the console shows of this unit to the office: numbers and kinds."""
    centre = line.office.open()
    with store.reading(centre.engine) as connection:
        found = {row["n"]: str(row["kind"]) for row in open_ones(connection) if row["unit"] == line.unit.folder.name}
    centre.engine.dispose()
    return found


def wait_until_closed(desk: Desk) -> None:
    wait_until(lambda: desk.unit.status()["closed"] == SUSPENDED, lambda: str(desk.unit.status()))


def everything_heard_arrived(line: Line, *desks: Desk) -> int:
    """Make sure that all that was heard at these machines is at the centre, once; return how much that is."""
    name = line.unit.folder.name
    found = held(line.office.folder, name)
    assert set(found.values()) == {1}
    there = {f"{name}/{boot}/{seq}": digest for boot, seq, digest in found}
    heard = {entry: digest for desk in desks for entry, digest in desk.about().items()}
    assert heard.items() <= there.items()
    return len(heard)


@pytest.mark.fault("disk put back in time")
@pytest.mark.fault(
    "unit restored from a backup",
    people="Nothing: the unit serves on. Its functions that spend money are frozen until the office has looked.",
    lost="What had not been sent before the disk was put back; what had been sent stays counted.",
    found="By the counter outside the disk at the start, and by the centre: an incident opens.",
)
def test_a_unit_restored_from_a_backup_goes_on_and_both_branches_count(
    line: Line, tmp_path: Path, report: Report
) -> None:
    switch_off(line)
    shutil.copytree(line.unit.folder, tmp_path / "backup", ignore=shutil.ignore_patterns("*.sock"))
    switch_on(line)
    line.tap(TAPS)
    line.all_arrive_once()
    switch_off(line)
    put_back(tmp_path / "backup", line.unit.folder)
    switch_on(line)
    assert "entries that were counted are not on this disk" in line.unit.status()["frozen"]
    line.tap(TAPS)
    wait_until(lambda: line.unit.status()["unsent"] == 0, line.unit.called)
    assert everything_heard_arrived(line, line.desk) == 3 * TAPS
    assert "rollback" in incidents(line).values()
    for number in incidents(line):
        settled = machi("central", "settle", line.office.folder, str(number), "--because", "restored by us")
        assert settled.returncode == 0, settled.stderr
    wait_until(lambda: line.unit.status()["frozen"] == "", lambda: str(line.unit.status()))
    report.add("unit restored from a backup", heard=3 * TAPS, arrived=3 * TAPS, unnoticed=0)


@pytest.mark.fault(
    "copy of a unit's disk in a second machine",
    people="Both machines say that the town has suspended them.",
    lost="nothing of what both had sent until then; the rest is kept on their disks as evidence",
    found="By the centre, as soon as both have written: two ends of one journal grow.",
)
def test_a_copied_disk_in_a_second_machine_stops_both(line: Line, other: Desk, report: Report) -> None:
    assert isinstance(other.unit, CalledUnit)
    line.tap(TAPS)
    wait_until(lambda: line.unit.status()["unsent"] == 0, line.unit.called)
    assert other.begin(), other.unit.said()
    other.unit.call()
    for resident in range(1001, 1001 + TAPS):
        other.tap(resident)
    wait_until(lambda: other.unit.status()["unsent"] == 0, other.unit.called)
    counted = everything_heard_arrived(line, line.desk, other)
    line.tap(1)
    wait_until_closed(line.desk)
    wait_until_closed(other)
    assert "clone" in incidents(line).values()
    assert line.desk.tap(2001) == ("help", "")
    report.add("disk copied into a second machine", counted=counted, stopped=2)


@pytest.mark.fault(
    "centre restored from a backup",
    people="Nothing.",
    lost="nothing that a unit still has; what the office did since has to be done again",
    found="Units compare what it holds with what they have, and send the rest again.",
)
def test_a_centre_restored_from_a_backup_gets_everything_again(
    make_office: Callable[..., Office], tmp_path: Path, pki: TestPki, report: Report
) -> None:
    office = make_office(tmp_path / "central")
    assert office.start(), office.said()
    line = lay(office, tmp_path / "lib01", pki)
    try:
        backup = apsw.Connection(str(office.folder / "town.db"), flags=apsw.SQLITE_OPEN_READONLY)
        backup.execute("VACUUM INTO ?", (str(tmp_path / "town.db"),))
        backup.close()
        line.tap(TAPS)
        before = line.all_arrive_once()
        assert office.end() == 0
        for log in office.folder.glob("town.db-*"):
            log.unlink()
        shutil.copy(tmp_path / "town.db", office.folder / "town.db")
        assert len(held(office.folder, "lib01")) < before, "the backup has everything"
        assert machi("central", "restored", office.folder).returncode == 0
        assert office.start(), office.said()
        line.tap(1)
        assert line.all_arrive_once() > before
        assert incidents(line) == {}
    finally:
        line.desk.clean_up()
    report.add("centre restored from a backup", sent_again=TAPS, lost=0)
