"""Names and owners of devices: Debian's real udev rules and ours, on a tree of devices made of files."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fault.machine import lacks_networks, need
from tests.firmware.conftest import ROOT, run
from tests.firmware.place import Place, place

RULES = "/usr/lib/udev/rules.d/93-machitap.rules"
CCID, PRINTER, SERIAL, OWN = "0b0000", "070102", "020201", "ff0000"  # class, subclass and protocol of an interface
USB, CHARACTERS = "189", "166"


class Devices:
    """Devices as the kernel shows them in /sys, each with a node in /dev."""

    def __init__(self, at: Place, folder: Path) -> None:
        self.at = at
        self.sys = folder
        (self.sys / "bus/usb").mkdir(parents=True)
        at.do("mount", "--bind", folder, "/sys")
        at.do("mount", "-t", "tmpfs", "dev", "/dev")
        at.do("mknod", "-m", "666", "/dev/null", "c", "1", "3")

    def add(self, path: str, subsystem: str, files: dict[str, bytes], **uevent: str) -> str:
        """Show a device; return its path."""
        own = self.sys / "devices" / path
        (self.sys / subsystem).mkdir(parents=True, exist_ok=True)
        said = "".join(f"{key}={value}\n" for key, value in uevent.items())
        for name, content in ({"uevent": said.encode()} | files).items():
            (own / name).parent.mkdir(parents=True, exist_ok=True)
            (own / name).write_bytes(content)
        (own / "subsystem").symlink_to("../" * len(own.relative_to(self.sys).parts) + subsystem)
        if node := uevent.get("DEVNAME"):
            self.at.do("mkdir", "-p", f"/dev/{Path(node).parent}")
            self.at.do("mknod", "-m", "600", f"/dev/{node}", "c", uevent["MAJOR"], uevent["MINOR"])
        return f"/sys/devices/{path}"

    def usb(self, port: int, vendor: str, product: str, interface: str) -> str:
        """Plug in a device with one interface; return its path."""
        device, configuration, endpoint = (
            bytes([size, kind]) + bytes(size - 2) for size, kind in ((18, 1), (9, 2), (7, 5))
        )
        whole = device + configuration + bytes([9, 4, 0, 0, 1]) + bytes.fromhex(interface) + b"\0" + endpoint
        about = {
            "idVendor": vendor.encode(),
            "idProduct": product.encode(),
            "descriptors": whole,
            "power/control": b"",
        }
        number = {"MAJOR": USB, "MINOR": str(port), "DEVNAME": f"bus/usb/001/{port:03}"}
        path = self.add(f"usb1/1-{port}", "bus/usb", about, DEVTYPE="usb_device", **number)
        parts = zip(
            ("bInterfaceClass", "bInterfaceSubClass", "bInterfaceProtocol"), re.findall("..", interface), strict=True
        )
        self.add(
            f"usb1/1-{port}/1-{port}:1.0",
            "bus/usb",
            {name: value.encode() for name, value in parts} | {"bInterfaceNumber": b"00"},
            DEVTYPE="usb_interface",
        )
        return path

    def line(self, port: int, vendor: str, product: str) -> str:
        """Plug in a device with a serial line; return the line's path."""
        self.usb(port, vendor, product, SERIAL)
        name = f"ttyACM{port}"
        return self.add(
            f"usb1/1-{port}/1-{port}:1.0/tty/{name}", "class/tty", {}, MAJOR=CHARACTERS, MINOR=str(port), DEVNAME=name
        )

    def seen(self, path: str) -> dict[str, str]:
        """Let udev see a device; return what it then knows of it."""
        said = self.at.do("env", "SYSTEMD_DEVICE_VERIFY_SYSFS=0", "udevadm", "test", "--action=add", path)
        return dict(re.findall(r"^(\w+)=(.*)$", said, re.MULTILINE))

    def node(self, name: str) -> str:
        """Return which device a name under /dev leads to, whose it is, and who may open it."""
        return self.at.do("stat", "--dereference", "--format=%t:%T %U:%G %a", f"/dev/{name}").strip()

    def named(self, path: str) -> list[str]:
        return [link for link in self.seen(path).get("DEVLINKS", "").split() if link.startswith("/dev/machitap/")]


@pytest.fixture
def devices(tmp_path: Path) -> Iterator[Devices]:
    need(lacks_networks())
    with place(tmp_path / "over") as at:
        yield Devices(at, tmp_path / "sys")


SCANNERS = ["1eab:1406", "05e0:1701", "0c2e:0b6a", "05f9:4204", "080c:0300", "065a:0009", "0536:01a0"]


def test_scanners_and_receivers_have_a_name_and_other_lines_have_none(devices: Devices) -> None:
    for port, number in enumerate(SCANNERS, 1):
        assert devices.named(devices.line(port, *number.split(":"))) == ["/dev/machitap/scanner"], number
    assert devices.named(devices.line(21, "1546", "01a8")) == ["/dev/machitap/gps"]
    assert devices.node("machitap/gps") == "a6:15 root:dialout 660"
    for port, number in ((31, "1546:1102"), (32, "05e0:0800"), (33, "067b:2303")):
        assert devices.named(devices.line(port, *number.split(":"))) == [], number
    assert devices.seen("/sys/devices/usb1/1-21/1-21:1.0/tty/ttyACM21")["ID_MM_PORT_IGNORE"] == "1"


def test_one_line_names_what_we_do_not_know(devices: Devices) -> None:
    path = devices.line(1, "067b", "2303")
    assert devices.named(path) == []
    (rule,) = re.findall(r"^#   (SUBSYSTEM.*)$", (ROOT / f"firmware-config/root{RULES}").read_text(), re.MULTILINE)
    devices.at.do("sh", "-c", f"echo '{rule}' >/etc/udev/rules.d/60-here.rules")
    assert devices.named(path) == ["/dev/machitap/gps"]


def test_a_line_of_ones_own_goes_before_ours(devices: Devices) -> None:
    path = devices.line(1, "1eab", "1406")
    rule = 'SUBSYSTEM=="tty", ATTRS{idVendor}=="1eab", ENV{MACHITAP}="second-scanner"'
    devices.at.do("sh", "-c", f"echo '{rule}' >/etc/udev/rules.d/60-here.rules")
    assert devices.named(path) == ["/dev/machitap/second-scanner"]


def test_a_printer_is_whatever_says_that_it_is_one(devices: Devices) -> None:
    devices.usb(1, "04b8", "0202", PRINTER)
    path = devices.add("usb1/1-1/1-1:1.0/usbmisc/lp0", "class/usbmisc", {}, MAJOR="180", MINOR="0", DEVNAME="usb/lp0")
    assert devices.named(path) == ["/dev/machitap/printer"]
    assert devices.node("machitap/printer") == "b4:0 root:lp 660"


def test_a_reader_with_a_driver_is_pcscds_and_one_without_is_the_daemons(devices: Devices) -> None:
    assert devices.named(devices.usb(1, "072f", "223b", CCID)) == ["/dev/machitap/reader"]
    assert devices.node("machitap/reader") == "bd:1 root:root 664"
    assert devices.named(devices.usb(2, "054c", "06c3", OWN)) == ["/dev/machitap/reader"]
    assert devices.node("bus/usb/001/002") == "bd:2 machi-tap:root 664"
    assert devices.named(devices.usb(3, "054c", "0dc8", OWN)) == []


def test_nothing_on_usb_is_put_to_sleep_whatever_debian_says(devices: Devices) -> None:
    path, control = devices.usb(1, "072f", "2200", CCID), devices.sys / "devices/usb1/1-1/power/control"
    devices.at.do("mv", RULES, "/run/away.rules")
    devices.seen(path)
    assert control.read_text() == "auto", "libccid puts readers to sleep"
    devices.at.do("mv", "/run/away.rules", RULES)
    devices.seen(path)
    assert control.read_text() == "onto", '"on" over "auto": a file made of letters keeps what stands behind'


def test_who_may_open_what_sits_on_the_board(devices: Devices) -> None:
    for subsystem, name, major, whose in (
        ("bus/gpio", "gpiochip0", "254", "fe:0 root:gpio 660"),
        ("class/spidev", "spidev0.0", "153", "99:0 root:spi 660"),
        ("class/rtc", "rtc0", "250", "fa:0 root:machi-hatch 640"),
    ):
        devices.seen(devices.add(f"soc/{name}", subsystem, {}, MAJOR=major, MINOR="0", DEVNAME=name))
        assert devices.node(name) == whose


def test_wifi_is_joined_when_an_adapter_comes(devices: Devices) -> None:
    path = devices.add("soc/net/wlan0", "class/net", {"ifindex": b"7"}, INTERFACE="wlan0", IFINDEX="7", DEVTYPE="wlan")
    assert devices.seen(path)["SYSTEMD_WANTS"] == "wpa_supplicant@wlan0.service"
    path = devices.add("soc/net/eth7", "class/net", {"ifindex": b"8"}, INTERFACE="eth7", IFINDEX="8")
    assert "SYSTEMD_WANTS" not in devices.seen(path)


def test_udev_understands_every_word(devices: Devices) -> None:
    path = devices.add("soc/rtc0", "class/rtc", {}, MAJOR="250", MINOR="0", DEVNAME="rtc0")
    done = devices.at.run("env", "SYSTEMD_DEVICE_VERIFY_SYSFS=0", "udevadm", "test", path)
    assert f"Reading rules file: {RULES}" in done.stderr
    assert [said for said in done.stderr.splitlines() if said.startswith(f"{RULES}:")] == []
    if not run("udevadm", "verify", "--help").returncode:  # from systemd 254 on
        done = run("udevadm", "verify", "--resolve-names=never", ROOT / f"firmware-config/root{RULES}")
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_display_is_shown_when_it_comes(devices: Devices) -> None:
    """A start does not wait for it, so what would only look once might look too early, and the unit stay dark."""
    path = devices.add("soc/drm/card0", "class/drm", {}, MAJOR="226", MINOR="0", DEVNAME="dri/card0")
    assert devices.seen(path)["SYSTEMD_WANTS"] == "machi-display.service"
    path = devices.add("soc/drm/card0/card0-HDMI-A-1", "class/drm", {})
    assert "SYSTEMD_WANTS" not in devices.seen(path)
