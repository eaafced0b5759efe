"""A board whose card is files: RAUC as Debian has it writes them, asks our handler, and goes by the image's settings.

Nothing of this machine is changed: RAUC's service speaks over a bus that begins and ends with the test. Only two things
are otherwise than in an image: partitions are files, and bundles are plain, for a kernel may have no dm-verity.
"""

import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import bundle as bundles
import slots as boot_partitions
from appliance.slots import Slots
from drivers.boot import Boot, Slot
from drivers.boot.pi import Driver as Pi
from drivers.boot.sim import Driver as Sim
from tests.appliance.live import MACHI, Done, wait_until
from tests.fault.machine import lacks_root
from tests.updates.keys import Keys

ROOT = Path(__file__).parents[2]
NAME = "machitap-pi-4-tap"
VERSION = "0.1.0+202611010900.0aaaaaa"
NEXT = "0.2.0+202611291442.8e20d7f"
FLOOR = "0.1.0"
SYSTEM_MIB = 2
MIB = 1 << 20
_NEEDED = {"rauc": "rauc", "dbus-daemon": "dbus-daemon", "mksquashfs": "squashfs-tools", "mkfs.vfat": "dosfstools"}


def lacks_rauc() -> str:
    """Return why nothing can be installed here, or ""."""
    missing = [package for program, package in _NEEDED.items() if shutil.which(program) is None]
    if missing:
        return f"not installed: {', '.join(missing)}"
    return "only root can mount a bundle; run the tests as root to see this" if lacks_root() else ""


@dataclass
class Board:
    """One board.

    Attributes:
        folder: its card's partitions, each a file, and what lies beside.
        make: of its boot driver: "pi", on files as on a card, or "sim".
        keys: whose bundles it takes.
    """

    folder: Path
    keys: Keys
    make: str = "sim"
    name: str = NAME
    version: str = VERSION
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        self.kept.mkdir(mode=0o755)
        (self.folder / "mount").mkdir()
        for slot in Slot:
            (self.folder / f"system_{slot}").write_bytes(f"system of {slot}".encode().ljust(SYSTEM_MIB * MIB, b"\0"))
            boot_partition(self.folder / f"boot_{slot}", f"old {slot}", slot)
        autoboot = b"[all]\ntryboot_a_b=1\nboot_partition=2\n[tryboot]\nboot_partition=2\n"
        packed(self.folder / "bootcfg", {"autoboot.txt": autoboot})
        (self.folder / "cmdline").write_text("root=PARTLABEL=system_a ro\n")
        (self.folder / "vcio").touch()
        self._write_settings()
        self._write_systemctl()

    def _write_systemctl(self) -> None:
        """Lay a systemctl in the way of the real one: what it is asked for is noted, and nothing starts anew."""
        (self.folder / "bin").mkdir()
        instead = self.folder / "bin" / "systemctl"
        instead.write_text(f'#!/bin/sh\necho "$@" >>{self.folder}/asked\n')
        instead.chmod(0o755)
        self.environment = {"PATH": f"{self.folder}/bin:{os.environ['PATH']}"}

    @property
    def asked(self) -> list[str]:
        """Return what systemctl was asked for."""
        path = self.folder / "asked"
        return path.read_text().splitlines() if path.exists() else []

    @property
    def kept(self) -> Path:
        return self.folder / "machi-update"

    @property
    def settings(self) -> Path:
        return self.folder / "updates.toml"

    @property
    def rauc(self) -> Path:
        return self.folder / "system.conf"

    @property
    def boot(self) -> Boot:
        return Pi(Pi.Options(**self._options())) if self.make == "pi" else self.sim

    @property
    def sim(self) -> Sim:
        return Sim(Sim.Options(str(self.folder / "firmware")))

    @property
    def slots(self) -> Slots:
        return Slots(self.boot)

    def _options(self) -> dict[str, str]:
        if self.make == "sim":
            return {"path": str(self.folder / "firmware")}
        names = {"bootcfg": "bootcfg", "slots": "boot_", "cmdline": "cmdline", "reboot": "reboot"}
        names |= {"firmware": "vcio", "module": "machitap_tryboot"}
        return {option: str(self.folder / name) for option, name in names.items()}

    def _write_settings(self) -> None:
        options = "".join(f'{name} = "{value}"\n' for name, value in self._options().items())
        said = "".join(
            f'{name} = "{value}"\n'
            for name, value in {
                "name": self.name,
                "version": self.version,
                "floor": FLOOR,
                "folder": self.kept,
                "rauc": self.rauc,
            }.items()
        )
        self.settings.write_text(f'{said}[boot]\nmake = "{self.make}"\n{options}')
        handler = self.folder / "boot-slot"
        handler.write_text(f'#!/bin/sh\nexec {MACHI} unit boot-slot --settings {self.settings} "$@"\n')
        handler.chmod(0o755)
        text = (ROOT / "image-build/root/etc/rauc/system.conf").read_text().replace("@NAME@", self.name)
        for ours, here in (
            ("/dev/disk/by-partlabel/", f"{self.folder}/"),
            ("/var/lib/machi-update", str(self.kept)),
            ("/run/rauc", str(self.folder / "mount")),
            ("/etc/rauc/keyring.pem", str(self.keys.authority)),
            ("/usr/lib/machitap/boot-slot", str(handler)),
            ("bundle-formats=verity", "bundle-formats=plain"),
        ):
            assert ours in text
            text = text.replace(ours, here)
        self.rauc.write_text(text)

    @contextmanager
    def serving(self) -> Iterator["Board"]:
        """Let RAUC's service run, as systemd would start it."""
        bus = f"unix:path={self.folder}/bus"
        session = (
            f'<busconfig><type>session</type><listen>{bus}</listen><auth>EXTERNAL</auth><policy context="default">'
        )
        allowed = '<allow send_destination="*"/><allow own="*"/><allow receive_sender="*"/></policy></busconfig>'
        (self.folder / "bus.conf").write_text(f"{session}{allowed}\n")
        self.environment |= {"DBUS_SESSION_BUS_ADDRESS": bus, "DBUS_STARTER_BUS_TYPE": "session"}
        slot = f"--override-boot-slot={self.boot.look().booted}"
        with (self.folder / "rauc.log").open("ab") as log:
            daemon = self._begin(["dbus-daemon", f"--config-file={self.folder}/bus.conf", "--nofork"], log)
            wait_until((self.folder / "bus").exists, "no bus")
            service = self._begin(["rauc", "-c", str(self.rauc), slot, "service"], log)
            wait_until(lambda: self.do("rauc", "-c", self.rauc, "status").returncode == 0, self.said)
            try:
                yield self
            finally:
                for process in (service, daemon):
                    process.terminate()
                    process.wait(10)

    def _begin(self, command: list[str], log: object) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(command, env=os.environ | self.environment, stdout=log, stderr=log)  # type: ignore[call-overload,no-any-return]

    def do(self, *words: str | Path) -> Done:
        return subprocess.run(
            list(map(str, words)),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env=os.environ | self.environment,
        )

    def install(self, bundle: Path) -> Done:
        return self.do("rauc", "-c", self.rauc, "install", bundle)

    def unit(self, verb: str, *words: str | Path) -> Done:
        """Run `machi unit VERB` on this board."""
        return self.do(MACHI, "unit", verb, *words, "--settings", self.settings)

    def said(self) -> str:
        return (self.folder / "rauc.log").read_text(errors="replace")

    def holds(self, slot: Slot) -> tuple[bytes, bytes]:
        """Return with what the two partitions of a slot begin: the system, and a file of the boot partition."""
        system = (self.folder / f"system_{slot}").read_bytes()[:32].rstrip(b"\0")
        return system, inside(self.folder / f"boot_{slot}", "about.txt")


def packed(partition: Path, files: dict[str, bytes]) -> Path:
    """Write a FAT partition as an image's build does; all of the size of the smallest, to be quick."""
    with TemporaryDirectory(dir=partition.parent) as place:
        folder, made = Path(place) / "files", Path(place) / "bootcfg.vfat"
        folder.mkdir()
        for name, content in files.items():
            (folder / name).write_bytes(content)
        boot_partitions.pack(folder, made, 1_790_000_000)
        made.rename(partition)
    return partition


def boot_partition(partition: Path, about: str, slot: Slot = Slot.A) -> Path:
    cmdline = f"root=PARTLABEL=system_{slot} ro rootwait panic=10\n"
    return packed(partition, {"about.txt": about.encode(), "cmdline.txt": cmdline.encode()})


def inside(partition: Path, name: str) -> bytes:
    """Return a file of a FAT partition, as another program than ours reads it."""
    return subprocess.run(["mtype", "-i", str(partition), f"::{name}"], check=True, capture_output=True).stdout


def built(
    folder: Path,
    keys: Keys,
    version: str = NEXT,
    name: str = NAME,
    content: bytes = b"the new system",
    *,
    is_plain: bool = True,
) -> Path:
    """Make a bundle of two small images; plain, where it goes into files."""
    folder.mkdir(parents=True)
    about = bundles.About(name, version, FLOOR)
    noise = random.Random(version).randbytes(MIB // 4)  # noqa: S311 - what cannot be packed any smaller, as in an image
    (folder / "new.erofs").write_bytes(content.ljust(32, b"\0") + noise)
    bundles.leave(folder, about, folder / "new.erofs", boot_partition(folder / "new.vfat", f"new {version}"))
    into = folder / "update.raucb"
    signer = bundles.Signer(keys.certificate, keys.key, keys.authority)
    bundles.make(bundles.read_about(folder, name), folder, signer, into, is_plain=is_plain)
    return into
