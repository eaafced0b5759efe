"""Buttons between a pin and ground.

The pins are looked at a hundred times a second instead of waiting for an edge: the older of the two packages lost its
edge detection with Linux 6.6, and a look costs a few microseconds.
"""

import logging
import threading
from typing import Annotated, Any, Final

import msgspec

from drivers.button import Held, Listener, Pressed
from drivers.button._press import Press, Seen, begin, step
from drivers.check import Check
from drivers.clock import Clock
from drivers.clock.system import Driver as SystemClock
from drivers.gpio import Pin, load_gpio, probe_pins, use_bcm

log = logging.getLogger("button")

LOOK_S: Final = 0.01
AGAIN_S: Final = 5.0
_JOIN_S: Final = 1.0
_MS: Final = 1000

_Ms = Annotated[int, msgspec.Meta(gt=0, le=60_000)]


class Driver:
    """Capabilities: short and long presses of up to 28 buttons.

    Pins that cannot be had are tried again every few seconds. A torn wire reads as "not pressed".
    """

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        """What can be set.

        Attributes:
            pins: name = pin, as in `{ call = 5, cancel = 6 }`.
            debounce_ms: how long a contact has to be at rest before it is believed.
            long_ms: from when on a press is a long one.
            active_high: wired to 3.3 V instead of to ground.
        """

        pins: dict[str, Pin]
        debounce_ms: _Ms = 30
        long_ms: _Ms = 2000
        active_high: bool = False

    def __init__(self, options: Options, clock: Clock | None = None) -> None:
        """Report nothing yet.

        Raises:
            GpioMissingError: no package for the pins is installed.
        """
        self._options = options
        self._clock = clock or SystemClock()
        self._gpio: Any = load_gpio()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._presses: dict[str, Press] = {}  # empty while the pins are not ours

    @classmethod
    def probe(cls, _options: Options) -> Check:
        return probe_pins()

    def start(self, listener: Listener) -> None:
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, args=(listener,), name="button", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread and self._thread is not threading.current_thread():
            self._thread.join(_JOIN_S)

    def _run(self, listener: Listener) -> None:
        pause = 0.0
        while not self._stop.wait(pause):
            try:
                if not self._presses:
                    self._claim()
                self._look(listener)
                pause = LOOK_S
            except Exception as error:  # noqa: BLE001 - whatever the libraries below raise, a button never stops a unit
                log.warning("the buttons do not work: %s", error)
                self._release()
                pause = AGAIN_S
        self._release()

    def _claim(self) -> None:
        use_bcm(self._gpio)
        pull = self._gpio.PUD_DOWN if self._options.active_high else self._gpio.PUD_UP
        for pin in self._options.pins.values():
            self._gpio.setup(pin, self._gpio.IN, pull_up_down=pull)
        now = self._clock.mono()
        self._presses = {name: begin(now, down=self._is_down(pin)) for name, pin in self._options.pins.items()}

    def _look(self, listener: Listener) -> None:
        for name, pin in self._options.pins.items():
            self._presses[name], seen = step(
                self._presses[name],
                self._clock.mono(),
                down=self._is_down(pin),
                debounce_s=self._options.debounce_ms / _MS,
                long_s=self._options.long_ms / _MS,
            )
            if seen is not Seen.NOTHING:
                listener(Pressed(name) if seen is Seen.SHORT else Held(name))

    def _is_down(self, pin: int) -> bool:
        return bool(self._gpio.input(pin)) == self._options.active_high

    def _release(self) -> None:
        self._presses = {}
        try:
            self._gpio.cleanup(list(self._options.pins.values()))
        except Exception as error:  # noqa: BLE001 - as above
            log.debug("while letting the buttons go: %s", error)
