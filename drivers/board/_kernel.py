"""What the Linux kernel shows of a board, read as plain files. Whatever cannot be read is None.

Sources: Documentation/ABI/testing/sysfs-class-thermal, Documentation/hwmon/raspberrypi-hwmon.rst and
Documentation/ABI/testing/sysfs-class-hwmon of the Linux kernel.
"""

from pathlib import Path
from typing import Final

_MILLI: Final = 1000
_PLAUSIBLE: Final = range(-40, 151)  # degrees Celsius; a sensor that says anything else is broken or absent
_PI_VOLTAGE: Final = "rpi_volt"  # the name of the Raspberry Pi's firmware among the sensors
_SLOWED: Final = "cpufreq"  # what a cooling device is called that cools by slowing the processor


def text(path: Path) -> str | None:
    """Return what a file says, without blanks around it."""
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:  # not there, not ours, or a chip that does not answer its bus
        return None


def number(path: Path, base: int = 10) -> int | None:
    """Return the whole number in a file."""
    try:
        return int(text(path) or "", base)
    except ValueError:
        return None


def celsius(sys: Path) -> int | None:
    """Return what the hottest sensor says."""
    said = (number(zone / "temp") for zone in _under(sys / "class/thermal", "thermal_zone*"))
    found = [milli // _MILLI for milli in said if milli is not None]
    return max((degrees for degrees in found if degrees in _PLAUSIBLE), default=None)


def is_throttled(sys: Path) -> bool | None:
    """Whether the processor is kept slow; only where the kernel does that itself, and not the board's firmware."""
    slows = [device for device in _under(sys / "class/thermal", "cooling_device*") if _SLOWED in _type(device)]
    states = [state for device in slows if (state := number(device / "cur_state")) is not None]
    return any(states) if states else None


def voltage_alarm(sys: Path) -> Path | None:
    """Return the file that says whether the supply voltage is too low."""
    found = (chip / "in0_lcrit_alarm" for chip in _under(sys / "class/hwmon", "hwmon*") if _name(chip) == _PI_VOLTAGE)
    return next((path for path in found if path.exists()), None)


def is_undervolted(sys: Path) -> bool | None:
    alarm = voltage_alarm(sys)
    said = number(alarm) if alarm else None
    return None if said is None else said != 0


def _under(folder: Path, pattern: str) -> list[Path]:
    return sorted(folder.glob(pattern))


def _type(device: Path) -> str:
    return text(device / "type") or ""


def _name(chip: Path) -> str:
    return text(chip / "name") or ""
