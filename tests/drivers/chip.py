"""The pins of a Raspberry Pi that is not there, one level below what the drivers know.

The drivers speak to the real rpi-lgpio, which checks its arguments as the pins of a Pi would be checked; below it, in
place of the binding to the kernel's gpiochip, is this record of what was done to each pin.
"""

import importlib
import sys
import time
from types import ModuleType
from typing import Any

import pytest

OUTPUT, INPUT = 0x200, 0x100
PULL_UP, PULL_DOWN = 0x20, 0x40
BUSY = -79


class Chip(ModuleType):
    """Stands in for the module `lgpio`.

    Attributes:
        modes: what each pin was claimed as.
        levels: of each pin; a test presses buttons here.
        waves: (seconds, pin, hertz, duty) of every change of PWM.
        writes: (seconds, pin, level).
        broken: every claim answers that the pin is busy.
    """

    def __init__(self) -> None:
        super().__init__("lgpio")
        self.modes: dict[int, int] = {}
        self.levels: dict[int, int] = {}
        self.waves: list[tuple[float, int, float, float]] = []
        self.writes: list[tuple[float, int, int]] = []
        self.freed: list[int] = []
        self.broken = False
        self.SET_PULL_NONE, self.SET_PULL_UP, self.SET_PULL_DOWN = 0x80, PULL_UP, PULL_DOWN
        self.RISING_EDGE, self.FALLING_EDGE, self.BOTH_EDGES = 1, 2, 3
        self.GPIO_BUSY = BUSY
        self.error = RuntimeError

    def error_text(self, number: int) -> str:
        return f"GPIO busy ({number})"

    def gpiochip_open(self, _number: int) -> int:
        return 0

    def gpio_get_mode(self, _chip: int, pin: int) -> int:
        return self.modes.get(pin, 0)

    def gpio_get_line_info(self, _chip: int, pin: int) -> tuple[int, int, int, str, str]:
        return 0, pin, 0, "", ""

    def gpio_claim_output(self, _chip: int, pin: int, level: int, _flags: int) -> int:
        if self.broken:
            return BUSY
        self.modes[pin], self.levels[pin] = OUTPUT, level
        self.writes.append((time.monotonic(), pin, level))
        return 0

    def gpio_claim_input(self, _chip: int, pin: int, flags: int) -> int:
        if self.broken:
            return BUSY
        self.modes[pin] = INPUT | flags
        self.levels.setdefault(pin, 1 if flags == PULL_UP else 0)
        return 0

    def gpio_free(self, _chip: int, pin: int) -> int:
        self.modes.pop(pin, None)
        self.freed.append(pin)
        return 0

    def gpio_read(self, _chip: int, pin: int) -> int:
        return self.levels[pin]

    def gpio_write(self, _chip: int, pin: int, level: int) -> int:
        self.levels[pin] = level
        self.writes.append((time.monotonic(), pin, level))
        return 0

    def tx_pwm(self, _chip: int, pin: int, hertz: float, duty: float) -> int:
        self.waves.append((time.monotonic(), pin, hertz, duty))
        return 0

    def duty(self, pin: int) -> float:
        """How much of the time the pin is high, in percent."""
        return next((duty for _, one, _, duty in reversed(self.waves) if one == pin), 0.0)


def install(monkeypatch: pytest.MonkeyPatch) -> tuple[Chip, Any]:
    """Put the chip below rpi-lgpio, as on a Pi 4; return both."""
    chip = Chip()
    monkeypatch.setitem(sys.modules, "lgpio", chip)
    for name in ("RPi", "RPi.GPIO"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setenv("RPI_LGPIO_REVISION", "c03111")
    monkeypatch.setenv("RPI_LGPIO_CHIP", "0")
    gpio = importlib.import_module("RPi.GPIO")
    return chip, gpio


def wait_for(what: str, happened: Any, seconds: float = 20.0) -> None:
    until = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < until, f"{what}: not within {seconds} s"
        time.sleep(0.005)
