"""Single lamps on pins: one RGB LED, or five LEDs, one for each colour. Both by PWM, so that they can be dimmed."""

from typing import Any, Final

from drivers.check import Check
from drivers.clock import Clock
from drivers.clock.system import Driver as SystemClock
from drivers.gpio import Pin, load_gpio, probe_pins, use_bcm
from drivers.light import Colour, Pattern
from drivers.light._dimming import Dimming
from drivers.light._engine import Engine
from drivers.light._frames import Levels, linear

_PWM_HZ: Final = 200  # above what an eye sees, low enough for PWM made by software
_GAMMA: Final = 2.2
_COLOURS: Final = frozenset(Colour) - {Colour.OFF}


class Driver:
    """Capabilities: every pattern, told apart by timing (one lamp has no shape); day and night level.

    A pin that cannot be had is tried again every few seconds, and nothing waits for it.
    """

    class Options(Dimming, frozen=True, forbid_unknown_fields=True):
        """`rgb`: pins of red, green, blue. Or `lamps`: a pin for each of white, teal, blue, yellow, orange.

        `active_low`: the LEDs share their plus pole, so a low pin lights them.
        """

        rgb: tuple[Pin, Pin, Pin] | None = None
        lamps: dict[Colour, Pin] | None = None
        active_low: bool = False

        def __post_init__(self) -> None:
            if (self.rgb is None) == (self.lamps is None):
                raise ValueError("give either rgb = [red, green, blue] or lamps = { white = …, teal = …, … }")
            if self.lamps is not None and set(self.lamps) != _COLOURS:
                raise ValueError(f"lamps needs one pin for each of {', '.join(sorted(_COLOURS))}")

    def __init__(self, options: Options, clock: Clock | None = None) -> None:
        """Begin dark.

        Raises:
            GpioMissingError: no package for the pins is installed.
        """
        self._engine = Engine(_Pins(options, load_gpio()), options, clock or SystemClock())

    @classmethod
    def probe(cls, _options: Options) -> Check:
        return probe_pins()

    def show(self, patterns: tuple[Pattern, ...]) -> None:
        self._engine.show(patterns)

    def dim(self, *, on: bool) -> None:
        self._engine.dim(on=on)

    def close(self) -> None:
        """Go dark and let the pins go."""
        self._engine.close()


class _Pins:
    count = 1

    def __init__(self, options: Driver.Options, gpio: Any) -> None:
        self._options = options
        self._gpio = gpio
        self._pins = options.rgb or tuple((options.lamps or {}).values())
        self._claimed: list[int] = []
        self._waves: dict[int, Any] = {}
        self._duty: dict[int, float] = {}

    def open(self) -> None:
        use_bcm(self._gpio)
        dark = self._gpio.HIGH if self._options.active_low else self._gpio.LOW
        for pin in self._pins:
            self._gpio.setup(pin, self._gpio.OUT, initial=dark)
            self._claimed.append(pin)
            self._waves[pin] = self._gpio.PWM(pin, _PWM_HZ)
            self._waves[pin].start(self._percent(0.0))
            self._duty[pin] = 0.0

    def put(self, colour: Colour, levels: Levels) -> None:
        for pin, duty in self._wanted(colour, levels[0]).items():
            if self._duty[pin] != duty:
                self._waves[pin].ChangeDutyCycle(self._percent(duty))
                self._duty[pin] = duty

    def close(self) -> None:
        """Let the pins go: as inputs, which is dark either way."""
        waves, self._waves = self._waves, {}
        claimed, self._claimed = self._claimed, []
        for wave in waves.values():
            wave.stop()
        if claimed:
            self._gpio.cleanup(claimed)

    def _wanted(self, colour: Colour, level: float) -> dict[int, float]:
        if self._options.rgb:
            return dict(zip(self._options.rgb, linear(colour, level), strict=True))
        return {pin: level**_GAMMA if colour is lamp else 0.0 for lamp, pin in (self._options.lamps or {}).items()}

    def _percent(self, duty: float) -> float:
        return round(100 * (1 - duty if self._options.active_low else duty), 1)
