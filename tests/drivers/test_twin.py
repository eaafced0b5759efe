"""The stick on which a twin lies, on real file systems: FAT, one that is full, one that cannot be written, and none."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.check import State
from drivers.twin import Trouble, TwinError
from drivers.twin.stick import ROOM_BYTES, Driver
from tests.appliance.small_disk import MIB, OwnDisk, SmallDisk
from tests.drivers.fat import Fat
from tests.fault.machine import lacks_strace, need

MEMORY = Path("/dev/shm")  # noqa: S108 - another file system, which every Linux has
RECORD = b"\nrecord" + bytes(range(256)) * 4


def stick(disk: OwnDisk, tmp_path: Path) -> Driver:
    return Driver(Driver.Options(str(disk.root), str(tmp_path)))


def trouble_of(driver: Driver, size: int = 0, record: bytes = RECORD) -> Trouble:
    with pytest.raises(TwinError) as caught:
        driver.append("lib01-1.twin", size, record)
    return caught.value.trouble


def content(driver: Driver) -> bytes:
    with driver.reading("lib01-1.twin") as file:
        return file.read()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with SmallDisk(tmp_path / "stick", 6 * MIB) as small:
        yield small


def test_what_is_added_is_there(disk: SmallDisk, tmp_path: Path) -> None:
    driver = stick(disk, tmp_path)
    assert content(driver) == b""
    size = driver.append("lib01-1.twin", 0, RECORD)
    size = driver.append("lib01-1.twin", size, RECORD[::-1])
    assert content(driver) == RECORD + RECORD[::-1]
    assert size == 2 * len(RECORD)
    assert (disk.root / "lib01-1.twin").stat().st_mode & 0o777 == 0o600
    assert Driver.probe(driver._options).state is State.OK


def test_a_folder_where_no_stick_is_mounted_is_not_written_to(tmp_path: Path) -> None:
    (tmp_path / "stick").mkdir()
    driver = Driver(Driver.Options(str(tmp_path / "stick"), str(tmp_path)))
    assert trouble_of(driver) is Trouble.GONE
    assert list((tmp_path / "stick").iterdir()) == [], "the twin would lie on the disk that it is to outlive"
    assert trouble_of(Driver(Driver.Options(str(tmp_path / "nowhere"), str(tmp_path)))) is Trouble.GONE
    assert Driver.probe(driver._options).en == "the stick for the twin is not there"


def test_a_file_that_is_another_one_is_not_written_to(disk: SmallDisk, tmp_path: Path) -> None:
    driver = stick(disk, tmp_path)
    size = driver.append("lib01-1.twin", 0, RECORD)
    assert trouble_of(driver, 0) is Trouble.CHANGED, "it has something on it already"
    assert trouble_of(driver, size - 1) is Trouble.CHANGED
    assert trouble_of(driver, size + 1) is Trouble.CHANGED
    assert content(driver) == RECORD
    (disk.root / "lib01-1.twin").unlink()
    assert trouble_of(driver, size) is Trouble.CHANGED
    assert list(disk.root.iterdir()) == []


def test_a_full_stick_is_said_to_be_full_before_a_record_is_torn(disk: SmallDisk, tmp_path: Path) -> None:
    driver = stick(disk, tmp_path)
    size = driver.append("lib01-1.twin", 0, RECORD)
    disk.fill(leave=ROOM_BYTES - 8192)
    assert trouble_of(driver, size) is Trouble.FULL
    assert Driver.probe(driver._options).state is State.WARN
    disk.make_room()
    assert driver.append("lib01-1.twin", size, RECORD) == 2 * len(RECORD)


def test_no_half_of_what_did_not_fit_is_left(disk: SmallDisk, tmp_path: Path) -> None:
    driver = stick(disk, tmp_path)
    size = driver.append("lib01-1.twin", 0, RECORD)
    disk.fill(leave=ROOM_BYTES + 8192)
    assert trouble_of(driver, size, bytes(3 * MIB)) is Trouble.FULL
    assert content(driver) == RECORD


def test_a_stick_that_cannot_be_written_to(disk: SmallDisk, tmp_path: Path) -> None:
    driver = stick(disk, tmp_path)
    size = driver.append("lib01-1.twin", 0, RECORD)
    disk.read_only(on=True)
    assert trouble_of(driver, size) is Trouble.READ_ONLY
    assert content(driver) == RECORD, "what is on it can be read"
    disk.read_only(on=False)
    driver.append("lib01-1.twin", size, RECORD)


BLOWS = {
    "it takes nothing": "write:error=EIO",
    "it does not keep it": "fsync:error=EIO",
    "it only pretends to": "pread64:retval=7",
}


@pytest.mark.parametrize("blow", BLOWS)
def test_a_stick_that_fails(tmp_path: Path, blow: str) -> None:
    """Nothing counts as written that was not read back; what was torn is taken back as far as the stick lets."""
    need(lacks_strace(), "" if MEMORY.is_dir() else "there is no second file system here")
    place = Path(tempfile.mkdtemp(dir=MEMORY))
    driver = Driver(Driver.Options(str(place), str(tmp_path)))
    size = driver.append("lib01-1.twin", 0, RECORD)
    program = (
        "from drivers.twin.stick import Driver, TwinError\n"
        f"driver = Driver(Driver.Options({str(place)!r}, {str(tmp_path)!r}))\n"
        "try:\n"
        f'    driver.append("lib01-1.twin", {size}, bytes(300))\n'
        "except TwinError as error:\n"
        "    print(error.trouble)\n"
    )
    only = ["-P", str(place / "lib01-1.twin"), "-e", f"inject={BLOWS[blow]}"]
    strace = ["strace", "-f", "-qq", "-o", "/dev/null", *only]
    done = subprocess.run(
        [*strace, sys.executable, "-c", program], capture_output=True, text=True, check=False, env=os.environ
    )
    assert done.stdout == "failing\n", done.stderr
    assert content(driver).startswith(RECORD)
    shutil.rmtree(place)


def test_a_fat_as_sticks_are_sold(tmp_path: Path) -> None:
    with Fat(tmp_path / "stick") as fat:
        driver = stick(fat, tmp_path)
        size = 0
        for _ in range(40):
            size = driver.append("lib01-1.twin", size, RECORD)
        driver.append("lib01-2.twin", 0, RECORD)
        assert content(driver) == 40 * RECORD
        assert trouble_of(driver, 1) is Trouble.CHANGED
    assert fat.check() == ""


def test_a_fat_that_is_full(tmp_path: Path) -> None:
    with Fat(tmp_path / "stick", 8 * MIB) as fat:
        driver = stick(fat, tmp_path)
        size = driver.append("lib01-1.twin", 0, RECORD)
        while True:
            try:
                size = driver.append("lib01-1.twin", size, bytes(MIB))
            except TwinError as error:
                assert error.trouble is Trouble.FULL  # noqa: PT017 - it is the way out of the loop
                break
        assert len(content(driver)) == size > 4 * MIB
    assert fat.check() == ""
