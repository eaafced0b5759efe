"""Whom a unit lets in from its first start on: as the town said it on the card, and as nobody else said it elsewhere.

The script runs in a mount namespace with disks of its own below /sys. Not every kernel that builds us knows FAT: what
is on a disk is a folder here, which takes its place when it is mounted.
"""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fault.machine import lacks_root, need

FIRST_KEYS = Path(__file__).parents[2] / "firmware-config" / "ssh" / "first-keys"
START = """
mount -t tmpfs run /run && mkdir /run/systemd
mount -t tmpfs block /sys/dev/block
cp -r disks/. /sys/dev/block/
[ ! -e system ] || ln -s "/dev/block/$(cat system)" /run/systemd/volatile-root
PATH="$PWD/bin:$PATH" "$1" "$PWD/ssh" "$PWD/seed.pub"
cat /run/issue.d/machi-ssh.issue
"""
MOUNT = """#!/bin/sh
for last; do device=$before before=$last; done
exec /bin/mount --bind "{}/${{device#/dev/}}" "$last"
"""
TOWN = '{{"body":{{"town":"todai","number":1,"ca":"{}","host_ca":"{}"}},"sig":"x"}}'


@dataclass(frozen=True)
class Box:
    """A unit before the first start of its sshd."""

    folder: Path

    def key(self, name: str) -> str:
        """Draw a key; return its public half."""
        made: list[str | Path] = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", self.folder / name]
        subprocess.run(made, check=True)
        return (self.folder / f"{name}.pub").read_text().strip()

    def disk(self, name: str, number: int, town: str, *, is_ours: bool, first_part: str = "bootcfg") -> None:
        """Plug a disk in, whose first partition is called as that of a card; perhaps it is the system's own."""
        parts = self.folder / "disks" / f"{number}:0"
        for part, label in enumerate((first_part, "system_a"), 1):
            about = parts / f"{name}p{part}"
            about.mkdir(parents=True)
            (about / "uevent").write_text(f"MAJOR={number}\nDEVNAME={name}p{part}\nPARTNAME={label}\n")
        (self.folder / "disks" / f"{number}:2").symlink_to(f"{number}:0/{name}p2")
        first = self.folder / f"{name}p1"
        first.mkdir()
        if town:
            (first / "town.json").write_text(town)
        if is_ours:
            (self.folder / "system").write_text(f"{number}:2")

    def start(self) -> tuple[str, str]:
        """Do what comes before sshd; return whom it lets in, and what the console says."""
        command: list[str | Path] = ["unshare", "--mount", "sh", "-euc", START, "sh", FIRST_KEYS]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=self.folder)
        assert done.returncode == 0, done.stderr
        lets_in = self.folder / "ssh" / "technicians.pub"
        return lets_in.read_text().strip() if lets_in.exists() else "", done.stdout


@pytest.fixture
def box(tmp_path: Path) -> Box:
    need(lacks_root())
    for name in ("bin", "disks"):
        (tmp_path / name).mkdir()
    mount = tmp_path / "bin" / "mount"
    mount.write_text(MOUNT.format(tmp_path))
    mount.chmod(0o755)
    return Box(tmp_path)


def test_the_card_says_who_may_come_before_the_image_does_and_once(box: Box) -> None:
    first, later, _seed = box.key("first"), box.key("later"), box.key("seed")
    box.disk("mmcblk0", 179, TOWN.format(first, later), is_ours=True)
    lets_in, said = box.start()
    assert (lets_in, said.splitlines()[0].startswith("SSH: SHA256:"), len(said.splitlines())) == (first, True, 1)
    (box.folder / "mmcblk0p1" / "town.json").write_text(TOWN.format(later, first))
    assert box.start() == (first, said), "what is kept counts from then on, and the server is the same"


def test_a_card_that_says_nothing_leaves_it_to_the_image(box: Box) -> None:
    seed = box.key("seed")
    box.disk("mmcblk0", 179, "", is_ours=True)
    assert box.start()[0] == seed


@pytest.mark.parametrize("town", ["", "{}", '{"body":{"ca":"no key"}}'])
def test_without_a_key_nobody_comes_in_and_the_console_says_so(box: Box, town: str) -> None:
    box.disk("mmcblk0", 179, town, is_ours=True)
    lets_in, said = box.start()
    assert (lets_in, "no technician is let in" in said) == ("", True)


def test_a_stick_beside_the_card_has_no_say(box: Box) -> None:
    box.disk("mmcblk0", 179, "", is_ours=True, first_part="another")
    box.disk("sda", 8, TOWN.format(box.key("stranger"), ""), is_ours=False)
    assert box.start()[0] == ""


def test_a_system_that_did_not_start_from_a_card_asks_no_disk(box: Box) -> None:
    box.disk("sda", 8, TOWN.format(box.key("stranger"), ""), is_ours=False)
    assert box.start()[0] == ""
