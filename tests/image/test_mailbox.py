"""A start and its end, on an emulated Raspberry Pi: what reaches the firmware's mailbox, and when.

The kernel, its device tree and its modules are the image's; its first process is a script, and a program of ten
instructions, which hands the kernel words at a restart as systemd does.
"""

import lzma
import stat
import struct
import subprocess
from pathlib import Path

import pytest

import newc
from bundle import SYSTEM
from drivers.otp import KEY_BYTES
from modules import OTP, TRYBOOT
from tests.image.card import Card
from tests.image.emulated import written
from tests.image.raspberry import GET_PRIVATE_KEY, NOTIFY_REBOOT, Board

pytestmark = pytest.mark.image

WATCHDOG = "bcm2835_wdt"  # the one that can start the board anew
INIT = b"""#!/bin/busybox sh
/bin/busybox mount -t sysfs sys /sys
/bin/busybox insmod /watchdog.ko
/bin/busybox insmod /tryboot.ko && [ -d /sys/module/machitap_tryboot ] && /restart
/bin/busybox poweroff -f
"""
ASKS = b"""#!/bin/busybox sh
/bin/busybox mount -t sysfs sys /sys
/bin/busybox insmod /watchdog.ko
/bin/busybox insmod /otp.ko
/bin/busybox stat -c "%a %u" /sys/firmware/machitap/board_key
echo "burnt:" $(/bin/busybox od -An -v -tx1 /sys/firmware/machitap/board_key)
/bin/busybox reboot -f
"""
RESTART = (  # reboot(LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_RESTART2, words), for arm64
    *(0xD28011C8, 0xD29BD5A0, 0xF2BFDC20),  # x8 = 142, x0 = 0xfee1dead
    *(0xD2832D21, 0xF2A50241, 0xD2987A82, 0xF2B43642),  # x1 = 0x28121969, x2 = 0xa1b2c3d4
    *(0x10000063, 0xD4000001, 0x14000000),  # x3 = what follows, call, wait
)


@pytest.fixture(scope="session")
def modules(image: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the image's kernel modules."""
    root = tmp_path_factory.mktemp("root") / "root"
    system = image.with_name(f"{image.stem}{SYSTEM}")
    subprocess.run(["fsck.erofs", f"--extract={root}", system], check=True, capture_output=True)
    (found,) = (root / "usr/lib/modules").iterdir()
    return found


def first_root(card: Card, modules: Path, words: str) -> bytes:
    return newc.archive(
        [
            *(newc.folder(name) for name in ("bin", "dev", "sys")),
            newc.File("dev/console", stat.S_IFCHR | 0o600, device=(5, 1)),
            newc.file("init", INIT, runs=True),
            newc.file("restart", program(words), runs=True),
            newc.file("bin/busybox", busybox(card), runs=True),
            newc.file("watchdog.ko", lzma.decompress(next(modules.rglob(f"{WATCHDOG}.ko.xz")).read_bytes())),
            newc.file("tryboot.ko", next(modules.rglob(f"{TRYBOOT}.ko")).read_bytes()),
        ]
    )


def asking(card: Card, modules: Path) -> bytes:
    """Return a first root that reads the key which is burnt into the board, and starts it anew."""
    return newc.archive(
        [
            *(newc.folder(name) for name in ("bin", "dev", "sys")),
            newc.File("dev/console", stat.S_IFCHR | 0o600, device=(5, 1)),
            newc.file("init", ASKS, runs=True),
            newc.file("bin/busybox", busybox(card), runs=True),
            newc.file("watchdog.ko", lzma.decompress(next(modules.rglob(f"{WATCHDOG}.ko.xz")).read_bytes())),
            newc.file("otp.ko", next(modules.rglob(f"{OTP}.ko")).read_bytes()),
        ]
    )


def program(words: str) -> bytes:
    """Return an ELF of one segment, which is code and words."""
    start, head = 0x400000, 64 + 56
    code = struct.pack(f"<{len(RESTART)}I", *RESTART) + words.encode() + b"\0"
    size = head + len(code)
    kind = b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + struct.pack("<HHI", 2, 183, 1)
    elf = kind + struct.pack("<QQQIHHHHHH", start + head, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    return elf + struct.pack("<IIQQQQQQ", 1, 5, 0, start, start, size, size, 4096) + code


def busybox(card: Card) -> bytes:
    packed = subprocess.run(["zstd", "-d"], input=card.read("boot_a", "initrd.img"), check=True, capture_output=True)
    out = subprocess.run(
        ["cpio", "--quiet", "-i", "--to-stdout", "bin/busybox"], input=packed.stdout, check=True, capture_output=True
    )
    return out.stdout


@pytest.mark.parametrize(("words", "is_told"), [("0 tryboot", True), ("0", False)])
def test_the_firmware_is_asked_for_a_trial_if_the_words_say_so(
    image: Path, modules: Path, tmp_path: Path, words: str, is_told: bool
) -> None:
    card = written(image, tmp_path)
    board = Board(card, tmp_path / "board")
    assert board.ends(first_root(card, modules, words)) == is_told
    assert NOTIFY_REBOOT in board.mailbox()[-1], "mainline's driver says that the board starts anew"


def test_the_firmware_is_asked_for_the_key_in_the_board_when_root_reads_it(
    image: Path, modules: Path, tmp_path: Path
) -> None:
    """QEMU's before 9.1 know of no such key, and leave the answer as the question was: none was burnt."""
    card = written(image, tmp_path)
    board = Board(card, tmp_path / "board")
    assert not board.ends(asking(card, modules))
    assert any(GET_PRIVATE_KEY in line for line in board.mailbox())
    assert "400 0" in board.said(), "nobody but root"
    assert f"burnt: {' '.join(['00'] * KEY_BYTES)}" in board.said()


def test_a_board_starts_anew_by_itself_if_its_root_cannot_be_used(image: Path, tmp_path: Path) -> None:
    """On a trial this is the way back, and a Raspberry Pi knows no other than its watchdog."""
    card = written(image, tmp_path)
    with card.path.open("r+b") as file:
        file.seek(card.partitions()["system_a"].start)
        file.write(bytes(1 << 20))
    board = Board(card, tmp_path / "board")
    assert not board.ends(seconds=300)
    assert "Restarting system" in board.said()
