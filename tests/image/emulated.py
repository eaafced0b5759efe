"""An image, started on an emulated machine: QEMU's `virt`, which is no Raspberry Pi but runs the same system.

This file plays the board's firmware, which reads from the card what it starts; from there on everything is the image's.
(A Raspberry Pi that is emulated, and slower, is in raspberry.py.)
Whoever has the card has its kernel's command line, and so has this file: it asks systemd for a shell at a serial line,
where tests do what a person with a screwdriver could do. The image is the one that goes onto cards, to the last byte.
"""

import base64
import configparser
import contextlib
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.appliance.live import Done
from tests.image.card import Card
from tests.image.usb_card import UsbCard
from tests.ports import free_port

BOOT_SECONDS = 900
SLOTS = {"2": "boot_a", "3": "boot_b"}
HOST = "10.0.2.2"  # the machine that emulates, as QEMU's network calls it
# An emulated machine is slow, and on a busy one systemd would give up what only takes its time.
PATIENT = "systemd.default_timeout_start_sec=900 systemd.default_device_timeout_sec=900"
BOOT_ID = "cat /proc/sys/kernel/random/boot_id"
_LINE = 512  # a terminal takes no longer lines than 4096 characters


class Shell:
    """The shell at the second serial line: one command at a time, its output, its exit code."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._link: socket.socket | None = None
        self._turn = threading.Lock()
        self._number = 0

    def open(self, seconds: float) -> None:
        """Wait until the shell is there, and quieten it; anew after a start."""
        until = time.monotonic() + seconds
        while True:
            assert time.monotonic() < until, "no shell at the serial line"
            with self._turn:
                try:
                    self._link = self._link or self._connected()
                    self._link.settimeout(3)
                    self._link.sendall(b'\n stty -echo -onlcr; PS1= PS2=; echo here""-now\n')
                    self._until(b"here-now\n")
                except TimeoutError:
                    continue
                else:
                    return

    def run(self, script: str, seconds: float) -> tuple[int, str, str]:
        """Run a script; return exit code, output and errors."""
        with self._turn:
            assert self._link is not None, "not open"
            self._number += 1
            end = f"end-{self._number}"
            packed = base64.b64encode(script.encode()).decode()
            lines = [packed[at : at + _LINE] for at in range(0, len(packed), _LINE)]
            self._link.settimeout(seconds)
            told = [
                "cat >/run/told <<.",
                *lines,
                ".",
                "base64 -d /run/told >/run/script; sh /run/script >/run/out 2>/run/err </dev/null; code=$?",
                f"echo %; base64 /run/out; echo %; base64 /run/err; echo % $code {end}",
            ]
            self._link.sendall(("\n".join(told) + "\n").encode())
            _, output, errors, code = self._until(f"{end}\n".encode()).partition(end)[0].rsplit("%", 3)
        text = [base64.b64decode(part).decode(errors="replace") for part in (output, errors)]
        return int(code), text[0], text[1]

    def close(self) -> None:
        if self._link:
            self._link.close()

    def _connected(self) -> socket.socket:
        link = socket.socket(socket.AF_UNIX)
        link.connect(str(self._path))
        return link

    def _until(self, end: bytes) -> str:
        assert self._link is not None
        said = b""
        while end not in said:  # what a shell says when it waits for more may follow
            part = self._link.recv(65536)
            assert part, "the machine is off"
            said += part
        return said.decode(errors="replace").replace("\r", "")


@dataclass
class Machine:
    """A machine that runs, and the shell at its serial line.

    Attributes:
        ssh_port: of this machine, that leads to its SSH server; 0 without a network.
    """

    folder: Path
    shell: Shell
    reader_port: int
    process: subprocess.Popen[bytes]
    ssh_port: int = 0

    def run(self, script: str, given: bytes | None = None, seconds: float = 300) -> Done:
        """Run a script there, as root."""
        if given is not None:
            script = f"base64 -d <<. | {script}\n{base64.encodebytes(given).decode()}."
        return Done(script, *self.shell.run(script, seconds))

    def do(self, script: str, given: bytes | None = None, seconds: float = 300) -> str:
        """Run a script there that has to work; return what it says."""
        done = self.run(script, given, seconds)
        assert done.returncode == 0, f"{script}: {done.stdout}{done.stderr}\n{self.said()[-2000:]}"
        return done.stdout.strip()

    def restart(self) -> None:
        """Start it anew from within, and wait until the shell is one of the new start."""
        before = self.do(BOOT_ID)
        self.run("systemctl --no-block reboot")
        until = time.monotonic() + BOOT_SECONDS
        while self._boot_id() in ("", before):
            assert time.monotonic() < until, self.said()[-2000:]
            time.sleep(1)

    def _boot_id(self) -> str:
        self.shell.open(BOOT_SECONDS)
        with contextlib.suppress(TimeoutError):  # that one was on its way out
            return self.run(BOOT_ID, seconds=10).stdout.strip()
        return ""

    def shown(self, service: str, name: str) -> str:
        return self.do(f"systemctl show --value --property={name} {service}")

    def said(self) -> str:
        """Return what came out of its first serial line, the kernel's."""
        return (self.folder / "serial").read_text(errors="replace")

    def fingerprint(self) -> str:
        """Return that of its SSH server, once the screen of its console shows it."""
        until = time.monotonic() + BOOT_SECONDS
        while not (shown := re.findall(r"^SSH: (SHA256:\S+)\r?$", self.said(), re.MULTILINE)):
            assert time.monotonic() < until, self.said()[-2000:]
            time.sleep(1)
        return str(shown[-1])

    def reader(self) -> UsbCard:
        return UsbCard(self.reader_port)


def written(image: Path, folder: Path, gibibytes: int = 4) -> Card:
    """Write an image to a card that is larger than it."""
    card = Card(folder / "card.img")
    subprocess.run(["cp", "--sparse=always", image, card.path], check=True)
    with card.path.open("r+b") as file:
        file.truncate(gibibytes << 30)
    return card


@contextmanager
def started(card: Card, folder: Path, drive: Sequence[str] = (), more: Sequence[str] = ()) -> Iterator[Machine]:
    """Give it power. What is still running at the end is cut off.

    Args:
        card: what is in its slot.
        folder: where it may leave what it says.
        drive: how QEMU opens the card, as the block device `card`; as a file, if nothing is said.
        more: what it has besides, as QEMU is told.
    """
    ssh_port = free_port()
    machine = [
        *("-M", "virt", "-cpu", "cortex-a72", "-smp", "2", "-m", "1024"),
        *loaded(card, chosen(card), folder, f"console=ttyAMA0 systemd.debug_shell=ttyS0 {PATIENT}"),
        *("-serial", f"file:{folder / 'serial'}", "-device", "pci-serial,chardev=shell"),
        *(drive or ("-blockdev", f"driver=raw,node-name=card,file.driver=file,file.filename={card.path}")),
        *("-device", "virtio-blk-pci,drive=card"),
        *("-netdev", f"user,id=net,hostfwd=tcp:127.0.0.1:{ssh_port}-:22"),
        *("-device", "virtio-net-pci,netdev=net,romfile="),
        *("-device", "qemu-xhci"),
        *more,
    ]
    with running(machine, folder, ssh_port) as it:
        yield it


def chosen(card: Card, *, is_trial: bool = False) -> str:
    """Return the partition that a firmware starts: the usual one, or the other for a trial."""
    said = configparser.ConfigParser()
    said.read_string(card.read("bootcfg", "autoboot.txt").decode())
    return SLOTS[said["tryboot" if is_trial else "all"]["boot_partition"]]


def loaded(card: Card, slot: str, folder: Path, words: str) -> list[str | Path]:
    """Lay what a firmware loads from a slot into a folder, and return it for QEMU.

    Args:
        card: where the slot is.
        slot: its partition.
        folder: where to.
        words: what the kernel is told besides the slot's own words.
    """
    for name in ("vmlinuz", "initrd.img"):
        (folder / name).write_bytes(card.read(slot, name))
    own = card.read(slot, "cmdline.txt").decode().strip()
    return ["-kernel", folder / "vmlinuz", "-initrd", folder / "initrd.img", "-append", f"{own} {words}"]


@contextmanager
def running(machine: Sequence[str | Path], folder: Path, ssh_port: int = 0) -> Iterator[Machine]:
    """Run what was loaded, until the shell is there; with a reader at a USB of its own."""
    reader_port = free_port()
    command = [
        *("qemu-system-aarch64", *machine, "-display", "none", "-monitor", "none"),
        *("-qmp", f"unix:{folder / 'monitor'},server=on,wait=off"),
        *("-chardev", f"socket,server=on,wait=off,path={folder / 'shell'},id=shell"),
        *("-device", "usb-ccid,id=reader"),
        *("-chardev", f"socket,server=on,wait=off,host=127.0.0.1,port={reader_port},id=slot,nodelay=on"),
        *("-device", "ccid-card-passthru,chardev=slot,bus=reader.0"),
    ]
    with (folder / "qemu").open("wb") as log:
        process = subprocess.Popen([*map(str, command)], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    shell = Shell(folder / "shell")
    try:
        while not (folder / "shell").exists():
            assert process.poll() is None, (folder / "qemu").read_text()
            time.sleep(0.05)
        shell.open(BOOT_SECONDS)
        yield Machine(folder, shell, reader_port, process, ssh_port)
    finally:
        process.kill()
        process.wait()
        shell.close()


def lacks_emulator() -> str:
    """Return why no image can be started here, or ""."""
    wanted = {"qemu-system-aarch64": "qemu-system-arm", "mtype": "mtools", "sfdisk": "fdisk"}
    missing = [package for program, package in wanted.items() if shutil.which(program) is None]
    return f"not installed: {', '.join(missing)}" if missing else ""
