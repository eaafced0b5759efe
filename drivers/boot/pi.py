"""A Raspberry Pi: its firmware reads autoboot.txt, and a flag that a kernel has to set.

`reboot "0 tryboot"` sets that flag, for one start: systemd hands the words in /run/systemd/reboot-param to the kernel,
and the maker's kernel tells the firmware. Debian's kernel passes over them
(https://github.com/raspberrypi/rpi-eeprom/issues/716), and would start the primary as ever, but for a module of ours
(image-build/module) that tells it. So a board where neither is says that it cannot try. The maker's kernel is known by
the device through which it talks to the firmware, /dev/vcio; our module is loaded only where it found the firmware.
"""

import contextlib
import re
from pathlib import Path
from typing import Final

import msgspec

from drivers.boot import BootError, Boots, CannotTryError, Slot, _autoboot, _fat
from drivers.check import Check, State

_AUTOBOOT: Final = "autoboot.txt"
_CMDLINE: Final = "cmdline.txt"
_ROOT: Final = re.compile(rb"\broot=PARTLABEL=system_([ab])\b")
_FLAG: Final = "0 tryboot"


class Driver:
    """Capabilities: two slots; the setting is one sector, written in its place; one trial, where the kernel can."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        """What can be configured.

        Fields:
            bootcfg: the partition that the firmware reads first.
            slots: before the letter of a slot, the partition that it is started from.
            cmdline: what the kernel was told.
            reboot: what systemd tells the kernel at the next start.
            firmware: what only a kernel has that can set the flag by itself.
            module: what is there while ours is loaded, which sets it for Debian's.
        """

        bootcfg: str = "/dev/disk/by-partlabel/bootcfg"
        slots: str = "/dev/disk/by-partlabel/boot_"
        cmdline: str = "/proc/cmdline"
        reboot: str = "/run/systemd/reboot-param"
        firmware: str = "/dev/vcio"
        module: str = "/sys/module/machitap_tryboot"

    def __init__(self, options: Options | None = None) -> None:
        self._options = options or self.Options()
        self._bootcfg = Path(self._options.bootcfg)
        self._reboot = Path(self._options.reboot)

    @property
    def tries(self) -> bool:
        return any(Path(sign).exists() for sign in (self._options.firmware, self._options.module))

    def look(self) -> Boots:
        primary, tried = _autoboot.read(_fat.read(self._bootcfg, _AUTOBOOT))
        return Boots(self._booted(), primary, tried, self._is_armed())

    def set(self, primary: Slot, tried: Slot) -> None:
        def changed(before: bytes) -> bytes:
            _autoboot.read(before)  # what somebody wrote by hand is not written over
            return _autoboot.text(primary, tried)

        _fat.change(self._bootcfg, _AUTOBOOT, changed)

    def point(self, slot: Slot) -> None:
        own = f"root=PARTLABEL=system_{slot}".encode()

        def changed(before: bytes) -> bytes:
            after, count = _ROOT.subn(own, before)
            if count != 1:
                raise BootError(f"{_CMDLINE} of slot {slot} names no root of ours")
            return after

        _fat.change(Path(f"{self._options.slots}{slot}"), _CMDLINE, changed)

    def arm(self) -> None:
        if not self.tries:
            raise CannotTryError("this kernel does not tell the firmware to try a slot, and no module does")
        try:
            self._reboot.write_text(_FLAG)
        except OSError as error:
            raise BootError(f"{self._reboot}: {error.strerror}") from error

    def disarm(self) -> None:
        if self._is_armed():
            with contextlib.suppress(FileNotFoundError):
                self._reboot.unlink()

    @classmethod
    def probe(cls, options: Options) -> Check:
        driver = cls(options)
        try:
            boots = driver.look()
        except BootError as error:
            return Check(
                State.FAIL, "起動する側の設定が読めません", f"what is started cannot be read: {error}",
                "SDカードを確かめてください", "look at the SD card",
            )  # fmt: skip
        ja, en = f"{boots.booted} で動作、ふだんは {boots.primary}", f"{boots.booted} runs, {boots.primary} is started"
        if not driver.tries:
            return Check(
                State.WARN, f"{ja}。この基板のカーネルは更新を試せません", f"{en}; this kernel cannot try an update",
                "更新するときは、SDカードを新しく書いてください", "to update it, write its SD card anew",
            )  # fmt: skip
        return Check(State.OK, ja, en)

    def _booted(self) -> Slot:
        try:
            found = _ROOT.search(Path(self._options.cmdline).read_bytes())
        except OSError as error:
            raise BootError(f"{self._options.cmdline}: {error.strerror}") from error
        if not found:
            raise BootError("the kernel was started with another root than a slot's")
        return Slot(found[1].decode())

    def _is_armed(self) -> bool:
        try:
            return "tryboot" in self._reboot.read_text().split()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise BootError(f"{self._reboot}: {error.strerror}") from error
