"""A Raspberry Pi 3 as QEMU emulates it: its processor, its card slot, USB, and the mailbox to its firmware.

That firmware is played here: which slot is started, and a flag for one trial that only a kernel can set, through the
mailbox. QEMU answers there that it does not know the flag, and writes down that it was asked. Without a network.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.image.card import Card
from tests.image.emulated import BOOT_SECONDS, PATIENT, Machine, chosen, loaded, running

TREE = "bcm2837-rpi-3-b.dtb"
SET_REBOOT_FLAGS = "tag:0x00038064 in_sz:4 "  # RPI_FIRMWARE_SET_REBOOT_FLAGS in the maker's kernel, with one word
GET_PRIVATE_KEY = "tag:0x00030081 in_sz:40 "  # as the maker's rpi-otp-private-key asks, for eight rows
NOTIFY_REBOOT = "tag:0x00030048 "  # which mainline's driver sends at every restart
_BLUETOOTH = "/soc/serial@7e201000/bluetooth"  # as dtoverlay=disable-bt does: the first serial line is a shell's
_REVISION = "a02082"  # which board it is: a Raspberry Pi 3 Model B
# QEMU's watchdog starts the board anew as soon as it is armed, so systemd is told of another one.
_WORDS = f"console=ttyS1 systemd.debug_shell=ttyAMA0 systemd.watchdog_device=/dev/null {PATIENT}"


@dataclass
class Board:
    """A board with a card in its slot.

    Attributes:
        folder: where each start leaves what it says, in a folder of its own.
        is_trial: the flag. It lies in no memory that stays.
        starts: the slots that were started so far.
    """

    card: Card
    folder: Path
    is_trial: bool = False
    starts: list[str] = field(default_factory=list)

    @contextmanager
    def started(self, record: Path | None = None) -> Iterator[Machine]:
        """Give it power, and take it away at the end, if it is still on.

        Args:
            record: where QEMU writes down what is written to the card.
        """
        folder, command = self._load(record)
        with running(command, folder) as machine:
            yield machine

    def start_anew(self, machine: Machine, seconds: float = BOOT_SECONDS) -> bool:
        """Let a board start anew; return whether its kernel has told the firmware that it is a trial."""
        machine.run("systemctl --no-block reboot")
        machine.process.wait(seconds)
        self.is_trial = self.was_told()
        return self.is_trial

    def ends(self, first_root: bytes = b"", seconds: float = BOOT_SECONDS) -> bool:
        """Run a start that ends by itself; return whether its kernel has told the firmware that a trial follows.

        Args:
            first_root: instead of the slot's, if there is one.
            seconds: until which it has to end.
        """
        folder, command = self._load()
        if first_root:
            (folder / "initrd.img").write_bytes(first_root)
        whole = ("qemu-system-aarch64", *command, "-display", "none", "-monitor", "none", "-chardev", "null,id=shell")
        subprocess.run([*map(str, whole)], check=True, timeout=seconds)
        return self.was_told()

    @property
    def last(self) -> Path:
        """Return the folder of the last start."""
        return self.folder / f"start-{len(self.starts)}"

    def mailbox(self) -> list[str]:
        """Return what its kernel has told the firmware in the last start, in order."""
        return (self.last / "mailbox").read_text().splitlines()

    def said(self) -> str:
        """Return what came out of the kernel's serial line in the last start."""
        return (self.last / "serial").read_text(errors="replace")

    def was_told(self) -> bool:
        """Return whether its kernel has told the firmware in the last start that a trial follows."""
        return any(SET_REBOOT_FLAGS in line for line in self.mailbox())

    def _load(self, record: Path | None = None) -> tuple[Path, list[str | Path]]:
        """Do what the firmware does at a start; return the folder of it, and the machine for QEMU."""
        slot, self.is_trial = chosen(self.card, is_trial=self.is_trial), False
        self.starts.append(slot)
        folder = self.last
        folder.mkdir(parents=True)
        (folder / TREE).write_bytes(self.card.read(slot, TREE))
        subprocess.run(["fdtput", "-r", folder / TREE, _BLUETOOTH], check=True)
        subprocess.run(["fdtput", "-p", "-t", "x", folder / TREE, "/system", "linux,revision", _REVISION], check=True)
        drive = ["if=sd", "driver=raw", "file.driver=file", f"file.filename={self.card.path}"]
        if record:
            record.touch()
            drive[1] = "driver=blklogwrites"
            drive += ["log.driver=file", f"log.filename={record}", "log-sector-size=512"]
        return folder, [
            *("-M", "raspi3b", "-no-reboot", "-dtb", folder / TREE, *loaded(self.card, slot, folder, _WORDS)),
            *("-drive", ",".join(drive), "-serial", "chardev:shell", "-serial", f"file:{folder / 'serial'}"),
            *("-trace", "bcm2835_mbox_property", "-D", folder / "mailbox"),
        ]
