"""The card's table and its small partitions, with little in them."""

import filecmp
import subprocess
import time
from pathlib import Path

import pytest

import disk
import slots
from machine import BuildError
from tests.image.card import Card

TIME = 1_790_000_000
NAMES = ["bootcfg", "boot_a", "boot_b", "system_a", "system_b", "data"]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """What the partitions begin with, small."""
    folder = tmp_path / "files"
    boot = tmp_path / "boot"
    (boot / "overlays").mkdir(parents=True)
    (boot / "config.txt").write_text("kernel=vmlinuz\n")
    (boot / "overlays" / "machitap-rtc.dtbo").write_bytes(b"\xd0\x0d\xfe\xed")
    folder.mkdir()
    for name in slots.SIZES:
        slots.pack(boot, folder / f"{name}.vfat", TIME)
    (folder / "system.erofs").write_bytes(b"root" * 1000)
    (folder / "data.ext4").write_bytes(b"data" * 1000)
    return folder


def written(files: Path, image: Path) -> Card:
    image.parent.mkdir(exist_ok=True)
    disk.write(image, disk.layout(files, system_mebibytes=1, data_mebibytes=1))
    return Card(image)


def test_the_table_has_every_partition_by_its_name(files: Path, tmp_path: Path) -> None:
    card = written(files, tmp_path / "out" / "card.img")
    found = card.partitions()
    assert list(found) == NAMES
    assert [found[name].size >> 20 for name in NAMES] == [16, 96, 96, 1, 1, 1]
    assert found["data"].kind == disk.DATA
    assert sum(one.kind == disk.DATA for one in found.values()) == 1, "systemd-repart finds it by its kind"
    assert all(one.start % (1 << 20) == 0 for one in found.values())
    with card.path.open("rb") as file:
        file.seek(found["system_a"].start)
        assert file.read(8) == b"rootroot"
    assert card.read("boot_a", "overlays/machitap-rtc.dtbo") == b"\xd0\x0d\xfe\xed"


def test_a_board_that_starts_from_a_rom_finds_the_first_partition_in_the_older_table(files: Path) -> None:
    image = files.parent / "card.img"
    disk.write(image, disk.layout(files, system_mebibytes=1, data_mebibytes=1), has_rom=True)
    first = Card(image).partitions()["bootcfg"]
    with image.open("rb") as file:
        head = file.read(512)
    entries = [head[at : at + 16] for at in range(446, 510, 16)]
    assert {entry[4] for entry in entries} == {0x0C, 0xEE, 0}
    (fat,) = [entry for entry in entries if entry[4] == 0x0C]
    assert int.from_bytes(fat[8:12], "little") * 512 == first.start
    assert list(Card(image).partitions()) == NAMES, "Linux reads the newer one"


def test_what_may_grow_is_what_the_table_calls_data() -> None:
    grown = (Path(disk.__file__).parent / "root/usr/lib/repart.d/50-data.conf").read_text()
    assert f"Type={disk.DATA}\n" in grown


def test_the_same_files_are_the_same_card(files: Path, tmp_path: Path) -> None:
    first, second = (written(files, tmp_path / folder / "card.img").path for folder in ("one", "two"))
    assert filecmp.cmp(first, second, shallow=False)


def test_a_fat_partition_is_the_same_twice_and_sound(files: Path, tmp_path: Path) -> None:
    again = tmp_path / "again" / "boot_a.vfat"
    again.parent.mkdir()
    time.sleep(2.1)  # FAT counts time in steps of two seconds
    slots.pack(tmp_path / "boot", again, TIME)
    assert filecmp.cmp(again, files / "boot_a.vfat", shallow=False)
    subprocess.run(["fsck.vfat", "-n", again], check=True, capture_output=True)
    listed = subprocess.run(["mdir", "-i", again, "::"], check=True, capture_output=True, text=True).stdout
    assert "2026-09-21" in next(line for line in listed.splitlines() if "config" in line.lower()), "the commit's day"
    other = again.with_name("boot_b.vfat")
    slots.pack(tmp_path / "boot", other, TIME + 86_400)
    assert not filecmp.cmp(other, again, shallow=False)


def test_what_does_not_fit_is_refused_by_name(files: Path, tmp_path: Path) -> None:
    (files / "system.erofs").write_bytes(bytes((1 << 20) + 1))
    with pytest.raises(BuildError, match=r"system_a has room for 1 MiB, and system\.erofs has 1"):
        disk.write(tmp_path / "card.img", disk.layout(files, system_mebibytes=1))
