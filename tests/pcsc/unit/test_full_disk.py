"""A disk runs full while people touch: nobody hears a success that is not on it, and it is over when there is room."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.appliance.live import LiveUnit, published_check, said, wait_until
from tests.appliance.small_disk import MIB, SmallDisk
from tests.pcsc.unit.conftest import Hands, Settle, results

pytestmark = pytest.mark.pcsc

CHECK_FAILED, HARDWARE = 2, 8
NO_ROOM = "No room to keep records. Staff can add your points."
BALLAST = MIB


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with SmallDisk(tmp_path / "disk", 6 * MIB) as small:
        yield small


def furnished(settle: Settle, disk: SmallDisk, ballast: int) -> LiveUnit:
    unit = settle()
    config = unit.folder / "unit.toml"
    config.write_text(f"ballast_bytes = {ballast}\n{config.read_text()}")
    disk.take_in(unit)
    return unit


def everything_heard_is_written(unit: LiveUnit) -> bool:
    written = {f"{place} {entry_hash}" for place, (entry_hash, _) in unit.entries().items()}
    return all(about in written for _, about in results(unit) if about)


@pytest.mark.fault(
    "the unit's disk is full",
    people="The screen says that there is no room, before a touch is lost; the staff can note it.",
    lost="nothing: nobody hears of a success that is not written",
    found="The free room is looked at before each touch; some is kept back, and given up for what must go on.",
)
def test_the_reserve_is_given_up_before_a_touch_is_lost(
    settle: Settle, disk: SmallDisk, hands: Hands, tmp_path: Path
) -> None:
    unit = furnished(settle, disk, BALLAST)
    unit.start()
    assert (unit.here / "ballast").stat().st_size == BALLAST
    assert hands.tap(unit, 1)[0] == "ok_points"
    disk.fill(leave=BALLAST // 8)
    wait_until(lambda: unit.closed() == NO_ROOM, unit.said)
    assert not (unit.here / "ballast").exists(), "it has become room for what must go on"
    assert disk.free > BALLAST // 2
    before = unit.entries()
    assert hands.tap(unit, 2) == ("help", ""), "the person is sent to the staff"
    assert unit.view()["shown"]["en"] == NO_ROOM
    assert unit.entries() == before
    done = unit.command("status", "--json")
    assert (done.returncode, said(done)["closed"]) == (CHECK_FAILED, "TAP-043")
    assert unit.command("export", tmp_path / "copy.db").returncode == 0, "what it holds can be carried away"
    assert published_check(tmp_path / "copy.db", unit.here / "unit.pub").returncode == 0

    disk.make_room()
    wait_until(lambda: unit.closed() == "", unit.said)
    assert (unit.here / "ballast").stat().st_size == BALLAST
    assert hands.tap(unit, 2)[0] == "ok_points"
    assert everything_heard_is_written(unit)
    assert unit.stop() == 0


@pytest.mark.fault("the unit's disk is full")
def test_a_commit_without_room_is_no_success(settle: Settle, disk: SmallDisk, hands: Hands) -> None:
    """Without a reserve, SQLite itself runs into the wall."""
    unit = furnished(settle, disk, 0)
    unit.start()
    assert hands.tap(unit, 1)[0] == "ok_points"
    before = unit.status()["tip"]
    disk.fill()
    for resident in (2, 3):
        assert hands.tap(unit, resident) == ("help", "")
        assert unit.view()["shown"]["en"] == NO_ROOM
    assert unit.status()["tip"] == before
    disk.make_room()
    assert hands.tap(unit, 2)[0] == "ok_points", "the very next touch, and no start in between"
    assert everything_heard_is_written(unit)
    checked = said(unit.command("verify", "--json"))
    assert (checked["broken"], checked["tip"]) == ("", unit.status()["tip"])


def test_a_copy_that_finds_no_room_is_said_and_leaves_nothing(settle: Settle, disk: SmallDisk, tmp_path: Path) -> None:
    unit = furnished(settle, disk, 0)
    unit.start()
    disk.fill()
    done = unit.command("export", tmp_path / "copy.db")
    assert (done.returncode, done.stderr.count("\n")) == (HARDWARE, 1), done.stderr
    assert "no room left on the disk for a copy of the journal; free some" in done.stderr
    assert not list(unit.here.glob("journal.copy*"))
    assert not (tmp_path / "copy.db").exists()


@pytest.mark.fault("the unit's disk is full")
def test_the_reserve_lets_a_unit_begin_on_a_full_disk(settle: Settle, disk: SmallDisk, hands: Hands) -> None:
    unit = furnished(settle, disk, BALLAST)
    unit.start()
    told = hands.tap(unit, 1)
    unit.stop(9)
    disk.fill()
    unit.start()
    assert unit.closed() == NO_ROOM
    assert told[1].split()[0] in unit.entries()
    disk.make_room()
    wait_until(lambda: unit.closed() == "", unit.said)
    assert hands.tap(unit, 2)[0] == "ok_points"


@pytest.mark.parametrize("leave", [0, 20_000])
def test_no_room_to_begin_is_said(settle: Settle, disk: SmallDisk, leave: int) -> None:
    unit = furnished(settle, disk, BALLAST)
    disk.fill(leave)
    done = unit.refuses_to_run()
    assert (done.returncode, done.stderr.count("\n")) == (HARDWARE, 1), done.stderr
    assert "no room left on the disk" in done.stderr
    disk.make_room()
    unit.start()
    assert unit.closed() == ""
