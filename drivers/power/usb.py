"""A USB device's power, by the kernel's own switches (Documentation/ABI/testing/sysfs-bus-usb of the Linux kernel).

`disable` of the port that the device sits in takes its power off, if the hub can do that for one port (of a Pi's own
sockets only some can; a hub that cannot leaves the power on and cuts the device off all the same). `authorized`, which
every device has, only lets it be set up anew, without any loss of power. The first is tried first.

Both are root's until a rule of udev gives them to the unit's user; the one that does is in firmware-config.
"""

import logging
import threading
import time
from pathlib import Path
from typing import Annotated

import msgspec

from drivers.check import Check, State

log = logging.getLogger("power")

_OFF, _ON = "1", "0"  # what a port's `disable` is told
_OUT, _IN = "0", "1"  # what a device's `authorized` is told


class Driver:
    """Capabilities: one USB device, by its vendor and product; also while it is gone, if it was there before."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        """What can be configured.

        Fields:
            device: vendor and product as lsusb shows them, "072f:2200".
            off_s: how long it stays without power.
            sysfs: where the kernel shows it.
        """

        device: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{4}:[0-9a-f]{4}$")]
        off_s: Annotated[float, msgspec.Meta(ge=0, le=30)] = 3.0
        sysfs: str = "/sys"

    def __init__(self, options: Options) -> None:
        self._options = options
        self._port = _port(_find(options))
        self._busy = threading.Lock()

    def cycle(self) -> None:
        threading.Thread(target=self._cycle, name="power", daemon=True).start()

    @classmethod
    def probe(cls, options: Options) -> Check:
        """Look whether there is a switch that we may use; it is left alone."""
        device = _find(options)
        if device is None:
            return Check(
                State.FAIL, f"USB機器 {options.device} がありません", f"there is no USB device {options.device}",
                "lsusb で番号を確かめ、[drivers.power] を直してください", "see lsusb, and correct [drivers.power]",
            )  # fmt: skip
        if any(_may_write(switch) for switch in _switches(device, _port(device))):
            return Check(State.OK, "リーダーの電源を入れ直せます", f"{options.device} can be switched off and on")
        return Check(
            State.WARN, "リーダーの電源を入れ直す権限がありません", f"this user may not switch {options.device}",
            "firmware-config の udev 規則を入れ、差し直してください",
            "install the udev rule in firmware-config, then plug it in again",
        )  # fmt: skip

    def _cycle(self) -> None:
        if not self._busy.acquire(blocking=False):
            return
        try:
            device = _find(self._options)
            self._port = _port(device) or self._port  # it may have been put into another socket
            if not any(self._switch(switch) for switch in _switches(device, self._port)):
                log.warning("%s has no switch that could be used", self._options.device)
        finally:
            self._busy.release()

    def _switch(self, switch: Path) -> bool:
        """Take the device off and put it back; say whether there was such a switch."""
        off, on = (_OFF, _ON) if switch.name == "disable" else (_OUT, _IN)
        try:
            switch.write_text(off)
            time.sleep(self._options.off_s)
        except OSError as error:
            log.info("%s: %s", switch, error)
            return False
        finally:
            _give_back(switch, on)
        log.warning("%s was switched off and on by %s", self._options.device, switch)
        return True


def _find(options: Driver.Options) -> Path | None:
    """Return the device's folder, or None while it is not there."""
    vendor, _, product = options.device.partition(":")
    for device in sorted((Path(options.sysfs) / "bus/usb/devices").glob("*")):
        if (_read(device / "idVendor"), _read(device / "idProduct")) == (vendor, product):
            return device.resolve()
    return None


def _port(device: Path | None) -> Path | None:
    """Return the folder of the port that a device sits in, which stays when the device goes."""
    port = device / "port" if device else None
    return port.resolve() if port and port.exists() else None


def _switches(device: Path | None, port: Path | None) -> list[Path]:
    found = [port / "disable" if port else None, device / "authorized" if device else None]
    return [switch for switch in found if switch and switch.exists()]


def _may_write(switch: Path) -> bool:
    try:
        with switch.open("r+"):
            return True
    except OSError:
        return False


def _give_back(switch: Path, on: str) -> None:
    try:
        switch.write_text(on)
    except OSError as error:  # never switched off, or gone with the device; the port of a device that is gone stays
        log.info("%s: %s", switch, error)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
