"""The operating system's clock; the only file that may ask it."""

import time
from pathlib import Path
from typing import Final

import msgspec

from drivers.check import Check
from drivers.clock import Confidence
from drivers.clock._confidence import Battery, judge, told
from drivers.clock._kernel import battery, is_synchronised, was_synchronised

_MS: Final = 1000
_LOOK_S: Final = 60.0


class Driver:
    """Capabilities: wall time yes, monotonic time yes, confidence by the kernel's flag and by the battery clock."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        """What can be configured.

        Fields:
            battery: the board has a battery clock, which is believed after a start without a network, as long as its
                chip does not say that its power was too low, and the system goes by it.
            rtc: which one.
            sysfs, dev: where the kernel shows it.
        """

        battery: bool = False
        rtc: str = "rtc0"
        sysfs: str = "/sys/class/rtc"
        dev: str = "/dev"

    def __init__(self, options: Options | None = None) -> None:
        self._options = options or self.Options()
        self._was_synchronised = False
        self._looked_at: float | None = None
        self._seen: Battery | None = None

    def wall_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def mono(self) -> float:
        return time.monotonic()

    def confidence(self) -> Confidence:
        is_now = is_synchronised()
        self._was_synchronised = self._was_synchronised or is_now or was_synchronised()
        return judge(
            is_synchronised=is_now,
            was_synchronised=self._was_synchronised,
            battery=self._battery() if self._options.battery and not self._was_synchronised else None,
            wall_s=self.wall_ms() / _MS,
        )

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    @classmethod
    def probe(cls, options: Options) -> Check:
        clock = cls(options)
        found = clock._battery() if options.battery else None
        return told(clock.confidence(), found, clock.wall_ms() / _MS, expects_battery=options.battery)

    def _battery(self) -> Battery | None:
        """Look at the battery clock, but not at every touch: it is asked over a slow wire."""
        now = self.mono()
        if self._looked_at is None or now - self._looked_at > _LOOK_S:
            self._looked_at = now
            self._seen = battery(self._options.rtc, Path(self._options.sysfs), Path(self._options.dev))
        if self._seen is None or self._seen.unix_s is None:
            return self._seen
        return msgspec.structs.replace(self._seen, unix_s=self._seen.unix_s + int(now - self._looked_at))
