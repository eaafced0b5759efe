"""What a board is made of, as Linux tells it: for a report by which others can tell whether theirs is the same.

Nothing in it names a unit, a town or a person, and no serial number is read.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

PACKAGES: Final = ("chromium", "libccid", "libpcsclite1", "pcscd", "raspi-firmware", "systemd", "weston")


class Part(msgspec.Struct, frozen=True):
    """One thing that is plugged in: `kind` is "usb" or "disk", `id` what drivers know it by, `size` bytes or 0."""

    kind: str
    id: str
    name: str
    size: int = 0


class Inventory(msgspec.Struct, frozen=True):
    """A board. What could not be read is empty or 0.

    Attributes:
        packages: Debian's, of those that matter to a unit, with their versions.
    """

    model: str
    processor: str
    memory_bytes: int
    linux: str
    system: str
    packages: dict[str, str]
    parts: list[Part]


def take(root: Path = Path("/")) -> Inventory:
    """Look at the board below `root`, which is another folder only for a test."""
    memory = re.search(r"^MemTotal:\s+(\d+) kB", _read(root / "proc/meminfo"), re.MULTILINE)
    system = re.search(r'^PRETTY_NAME="(.*)"', _read(root / "etc/os-release"), re.MULTILINE)
    return Inventory(
        model=_read(root / "proc/device-tree/model") or _read(root / "sys/class/dmi/id/product_name"),
        processor=_read(root / "proc/sys/kernel/arch"),
        memory_bytes=int(memory[1]) * 1024 if memory else 0,
        linux=_read(root / "proc/sys/kernel/osrelease"),
        system=system[1] if system else "",
        packages=_packages(_read(root / "var/lib/dpkg/status")),
        parts=[*_usb(root / "sys/bus/usb/devices"), *_disks(root / "sys/block")],
    )


def _packages(status: str) -> dict[str, str]:
    found = {}
    for paragraph in status.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in paragraph.splitlines() if re.match(r"[A-Z][A-Za-z-]*: ", line))
        if fields.get("Package") in PACKAGES and fields.get("Status", "").endswith(" installed"):
            found[fields["Package"]] = fields.get("Version", "")
    return found


def _usb(devices: Path) -> Iterator[Part]:
    for device in _folders(devices):
        vendor, product = _read(device / "idVendor"), _read(device / "idProduct")
        if vendor and vendor != "1d6b":  # Linux's own hubs
            name = f"{_read(device / 'manufacturer')} {_read(device / 'product')}".strip()
            yield Part("usb", f"{vendor}:{product}", name)


def _disks(block: Path) -> Iterator[Part]:
    for disk in _folders(block):
        sectors = _read(disk / "size")
        if sectors.isdigit() and int(sectors) and not disk.name.startswith(("loop", "ram", "zram", "dm-")):
            name = _read(disk / "device/name") or _read(disk / "device/model")
            yield Part("disk", disk.name, name, int(sectors) * 512)  # always 512, whatever the disk's own are


def _folders(place: Path) -> list[Path]:
    return sorted(place.iterdir()) if place.is_dir() else []


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip("\0 \n\t")
    except OSError:
        return ""
