"""A Raspberry Pi 3 as QEMU emulates it: its processor, its card slot, and the mailbox to its firmware.

That firmware is played by emulated.py, as far as it loads what is started. QEMU answers at the mailbox that it does not
know the flag of a trial, and writes down that it was asked.
"""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.image.card import Card
from tests.image.emulated import loaded, primary

TREE = "bcm2837-rpi-3-b.dtb"
SET_REBOOT_FLAGS = "tag:0x00038064 in_sz:4 "  # RPI_FIRMWARE_SET_REBOOT_FLAGS in the maker's kernel, with one word
GET_PRIVATE_KEY = "tag:0x00030081 in_sz:40 "  # as the maker's rpi-otp-private-key asks, for eight rows
NOTIFY_REBOOT = "tag:0x00030048 "  # which mainline's driver sends at every restart
SECONDS = 300


@dataclass(frozen=True)
class Board:
    """A board with a card in its slot. `folder`: where a start leaves what it says."""

    card: Card
    folder: Path

    def ends(self, first_root: bytes = b"", seconds: float = SECONDS) -> list[str]:
        """Run a start that ends by itself; return what its kernel has told the firmware, in order.

        Args:
            first_root: instead of the slot's, if there is one.
            seconds: until which it has to end.
        """
        self.folder.mkdir()
        loads = loaded(self.card, self.folder, "console=ttyS1")
        if first_root:
            (self.folder / "initrd.img").write_bytes(first_root)
        (self.folder / TREE).write_bytes(self.card.read(primary(self.card), TREE))
        command = [
            *("qemu-system-aarch64", "-M", "raspi3b", "-no-reboot", "-display", "none", "-monitor", "none"),
            *(*loads, "-dtb", self.folder / TREE, "-drive", f"if=sd,format=raw,file={self.card.path}"),
            *("-serial", "null", "-serial", f"file:{self.folder / 'serial'}"),
            *("-trace", "bcm2835_mbox_property", "-D", self.folder / "mailbox"),
        ]
        subprocess.run([*map(str, command)], check=True, timeout=seconds)
        return (self.folder / "mailbox").read_text().splitlines()

    def said(self) -> str:
        """Return what came out of its serial line, the kernel's."""
        return (self.folder / "serial").read_text(errors="replace")
