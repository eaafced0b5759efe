"""The board's readings, from a tree of files as the kernel shows them; wrong or missing files are "not known"."""

import os
import queue
import subprocess
import time
from pathlib import Path

import msgspec
import pytest

from drivers.board import Readings, linux
from drivers.board.linux import look
from drivers.check import State

UNKNOWN = Readings()
EMMC_PART = "devices/platform/mmc_host/mmc0/mmc0:0001/block/mmcblk0/mmcblk0p6"


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")


@pytest.fixture
def sys(tmp_path: Path) -> Path:
    """A Raspberry Pi's, as far as it is read: sensors, voltage, an eMMC with the partition of the journal."""
    root = tmp_path / "sys"
    write(
        root,
        {
            "class/thermal/thermal_zone0/temp": "48312",
            "class/thermal/thermal_zone1/temp": "51100",
            "class/thermal/cooling_device0/type": "pwm-fan",
            "class/thermal/cooling_device0/cur_state": "3",
            "class/thermal/cooling_device1/type": "cpufreq-cpu0",
            "class/thermal/cooling_device1/cur_state": "0",
            "class/hwmon/hwmon0/name": "cpu_thermal",
            "class/hwmon/hwmon1/name": "rpi_volt",
            "class/hwmon/hwmon1/in0_lcrit_alarm": "0",
            f"{EMMC_PART}/partition": "6",
            "devices/platform/mmc_host/mmc0/mmc0:0001/life_time": "0x02 0x03",
            "devices/platform/mmc_host/mmc0/mmc0:0001/pre_eol_info": "0x01",
            "fs/ext4/mmcblk0p6/lifetime_write_kbytes": "2000000",
            "fs/ext4/mmcblk0p6/errors_count": "0",
        },
    )
    (root / EMMC_PART).parent.joinpath("device").symlink_to("../../../mmc0:0001")
    carry(root, tmp_path, root / EMMC_PART)
    return root


def carry(sys: Path, folder: Path, device: Path) -> None:
    """Let a folder lie on a device."""
    number = folder.stat().st_dev
    link = sys / f"dev/block/{os.major(number)}:{os.minor(number)}"
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(device)


def options(sys: Path, **more: object) -> linux.Driver.Options:
    return msgspec.convert({"sysfs": str(sys), "path": str(sys.parent), **more}, linux.Driver.Options)


def test_everything_that_a_pi_shows_is_read(sys: Path) -> None:
    seen = look(options(sys))
    assert seen == Readings(
        celsius=51,
        is_throttled=False,
        is_undervolted=False,
        free_bytes=seen.free_bytes,
        wear_percent=30,
        is_worn_out=False,
        file_errors=0,
        written_bytes=2_048_000_000,
    )
    room = os.statvfs(sys.parent)
    assert seen.free_bytes == pytest.approx(room.f_bavail * room.f_frsize, rel=0.05)


@pytest.mark.parametrize(
    ("file", "text", "found"),
    [
        ("class/thermal/thermal_zone0/temp", "82999", {"celsius": 82}),
        ("class/thermal/thermal_zone1/temp", "-274000", {"celsius": 48}),  # a sensor without a wire
        ("class/thermal/thermal_zone1/temp", "9" * 400, {"celsius": 48}),
        ("class/thermal/cooling_device1/cur_state", "2", {"is_throttled": True}),
        ("class/thermal/cooling_device1/cur_state", "", {"is_throttled": None}),
        ("class/hwmon/hwmon1/in0_lcrit_alarm", "1", {"is_undervolted": True}),
        ("class/hwmon/hwmon1/in0_lcrit_alarm", "low", {"is_undervolted": None}),
        ("class/hwmon/hwmon1/name", "other", {"is_undervolted": None}),
        (f"{EMMC_PART}/../device/life_time", "0x0B 0x01", {"wear_percent": 110}),
        (f"{EMMC_PART}/../device/life_time", "0x00 0x00", {"wear_percent": None}),  # not defined by this chip
        (f"{EMMC_PART}/../device/life_time", "worn 0x01", {"wear_percent": None}),
        (f"{EMMC_PART}/../device/pre_eol_info", "0x03", {"is_worn_out": True}),
        (f"{EMMC_PART}/../device/pre_eol_info", "0x00", {"is_worn_out": None}),
        ("fs/ext4/mmcblk0p6/errors_count", "7", {"file_errors": 7}),
        ("fs/ext4/mmcblk0p6/errors_count", "\xff", {"file_errors": None}),
        ("fs/ext4/mmcblk0p6/lifetime_write_kbytes", "much", {"written_bytes": None}),
    ],
)
def test_each_file_says_one_thing(sys: Path, file: str, text: str, found: dict[str, object]) -> None:
    before = look(options(sys))
    (sys / file).write_text(f"{text}\n", encoding="latin-1")
    expected = msgspec.structs.replace(before, **found)
    assert msgspec.structs.replace(look(options(sys)), free_bytes=before.free_bytes) == expected


def test_an_sd_card_is_worn_by_what_was_written_to_it(sys: Path) -> None:
    for name in ("life_time", "pre_eol_info"):
        (sys / EMMC_PART).parent.joinpath("device", name).unlink()
    assert look(options(sys)).wear_percent is None, "nobody has said what it bears"
    assert look(options(sys, endurance_gb=2)).wear_percent == 102
    assert look(options(sys, endurance_gb=20)).is_worn_out is None


def test_wear_is_that_of_the_disk_below_an_encrypted_partition(sys: Path) -> None:
    mapped = sys / "devices/virtual/block/dm-0"
    (mapped / "slaves").mkdir(parents=True)
    (mapped / "slaves/mmcblk0p6").symlink_to(sys / EMMC_PART)
    write(sys, {"fs/ext4/dm-0/errors_count": "2"})
    carry(sys, sys.parent, mapped)
    seen = look(options(sys))
    assert (seen.wear_percent, seen.file_errors) == (30, 2)


def test_missing_files_links_in_a_ring_and_folders_for_files_are_not_known(tmp_path: Path, sys: Path) -> None:
    free = look(options(sys)).free_bytes
    empty = tmp_path / "nothing"
    assert look(options(empty, path=str(tmp_path / "gone"))) == UNKNOWN
    ring = tmp_path / "ring"
    ring.mkdir()
    (ring / "a").symlink_to("b")
    (ring / "b").symlink_to("a")
    carry(ring, tmp_path, ring / "a")
    write(ring, {"class/thermal/thermal_zone0/temp/folder": "1", "class/hwmon": "a file"})
    seen = look(options(ring))
    assert msgspec.structs.replace(seen, free_bytes=free) == Readings(free_bytes=free)


def test_this_machine_itself_can_be_looked_at() -> None:
    seen = look(linux.Driver.Options(path="/"))
    assert seen.free_bytes is not None
    assert seen.celsius is None or -40 <= seen.celsius <= 150


def test_it_reports_at_once_and_again_and_ends(sys: Path) -> None:
    heard: queue.Queue[Readings] = queue.Queue()
    board = linux.Driver(options(sys, every_s=0.05))
    board.start(heard.put)
    assert heard.get(timeout=5).celsius == 51
    (sys / "class/thermal/thermal_zone0/temp").write_text("66000")
    until = time.monotonic() + 5
    while heard.get(timeout=5).celsius != 66:
        assert time.monotonic() < until
    begun = time.monotonic()
    board.stop()
    board.stop()
    assert time.monotonic() - begun < 1
    while not heard.empty():
        heard.get()
    time.sleep(0.15)
    assert heard.empty()


def test_an_alarm_of_the_kernel_wakes_it_between_two_looks(sys: Path) -> None:
    """The domain name stands in for the voltage: by its file the kernel wakes whoever polls, and it can be set."""
    if os.geteuid():
        pytest.skip("only root may set a name, in a namespace of its own; run the tests as root to see this")
    alarm = sys / "class/hwmon/hwmon1/in0_lcrit_alarm"
    alarm.unlink()
    alarm.symlink_to("/proc/sys/kernel/domainname")
    heard: queue.Queue[Readings] = queue.Queue()
    board = linux.Driver(options(sys, every_s=3600))
    board.start(heard.put)
    heard.get(timeout=5)
    with pytest.raises(queue.Empty):
        heard.get(timeout=0.2)
    begun = time.monotonic()
    subprocess.run(["unshare", "--uts", "sh", "-c", "echo machitap >/proc/sys/kernel/domainname"], check=True)
    heard.get(timeout=5)
    assert time.monotonic() - begun < 1, "what the alarm says is gone after two seconds"
    board.stop()


def test_an_end_does_not_wait_for_the_next_look(sys: Path) -> None:
    board = linux.Driver(options(sys, every_s=3600))
    heard: queue.Queue[Readings] = queue.Queue()
    board.start(heard.put)
    heard.get(timeout=5)
    begun = time.monotonic()
    board.stop()
    assert time.monotonic() - begun < 1


def test_the_doctor_says_what_can_be_seen_and_what_cannot(sys: Path, tmp_path: Path) -> None:
    check = linux.Driver.probe(options(sys))
    assert check.state is State.OK
    assert "51 ℃" in check.ja
    assert "life used 30 %" in check.en
    (sys / "class/hwmon/hwmon1/name").unlink()
    assert "voltage not known" in linux.Driver.probe(options(sys)).en
    nothing = linux.Driver.probe(options(tmp_path / "no", path=str(tmp_path / "gone")))
    assert (nothing.state, bool(nothing.do_ja)) == (State.FAIL, True)
