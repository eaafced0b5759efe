"""A buzzer on a pin, for a unit without a loudspeaker: the notes of every sound, thin and without words.

A passive buzzer plays the notes. An active one has one tone of its own and only keeps the rhythm: the number of beeps
still tells the results apart, but rising from falling it cannot, so a till needs a loudspeaker.
"""

import atexit
import logging
import threading
from typing import Annotated, Any, Final

import msgspec

from drivers.check import Check
from drivers.gpio import Pin, load_gpio, probe_pins, use_bcm
from drivers.slot import Slot
from drivers.sound.earcons import EARCONS, REPEAT_MAX_MS, REPEAT_MS

log = logging.getLogger("sound")

_HALF: Final = 50.0  # percent of the time on: the loudest that a passive buzzer can be
_MS: Final = 1000
_JOIN_S: Final = 1.0
_GAP_MS: Final = 25  # an active buzzer cannot change its pitch, so every note is set apart

_Duty = Annotated[float, msgspec.Meta(gt=0, le=50)]
Step = tuple[int, int]  # hertz, 0 for silence; milliseconds


def steps(earcon: str, *, passive: bool) -> tuple[Step, ...]:
    """Return what a buzzer does for a sound; nothing for a name that is not known."""
    once: list[Step] = []
    for note in EARCONS.get(earcon, ()):
        gap = note.pause_ms if passive else max(note.pause_ms, _GAP_MS)
        once += [(note.hz, note.ms), (0, gap)] if gap else [(note.hz, note.ms)]
    if every_ms := REPEAT_MS.get(earcon):
        rest = every_ms - sum(ms for _, ms in once)
        return (*once, (0, rest)) * (REPEAT_MAX_MS // every_ms)
    return tuple(once)


class Driver:
    """Capabilities: every earcon by pitch and rhythm (passive) or by rhythm alone (active); no words.

    A pin that cannot be had makes a unit silent and nothing else.
    """

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        """`pin`: of the buzzer. `passive`: it plays the tone that it is given. `duty`: less than 50 is quieter."""

        pin: Pin
        passive: bool = True
        duty: _Duty = _HALF

    def __init__(self, options: Options) -> None:
        """Begin silent.

        Raises:
            GpioMissingError: no package for the pins is installed.
        """
        self._options = options
        self._gpio = load_gpio()
        self._wave: Any = None
        self._claimed = False
        self._slot: Slot[str] = Slot()
        self._thread = threading.Thread(target=self._run, name="sound", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    @classmethod
    def probe(cls, _options: Options) -> Check:
        return probe_pins()

    def play(self, earcon: str, about: str = "", say: str = "") -> None:  # noqa: ARG002 - a buzzer says no words
        self._slot.put(earcon)

    def close(self) -> None:
        """Fall silent and let the pin go."""
        self._slot.end()
        self._thread.join(_JOIN_S)
        atexit.unregister(self.close)

    def _run(self) -> None:
        while not self._slot.ended:
            earcon = self._slot.take()
            while earcon:
                earcon = self._buzz(steps(earcon, passive=self._options.passive))
        self._release()

    def _buzz(self, tune: tuple[Step, ...]) -> str | None:
        """Play to the end, or until another sound is asked for, which is returned."""
        try:
            for hertz, ms in tune:
                self._tone(hertz)
                newer = self._slot.take(ms / _MS)
                if newer or self._slot.ended:
                    self._tone(0)
                    return newer
            self._tone(0)
        except Exception as error:  # noqa: BLE001 - whatever the libraries below raise, a buzzer never stops a unit
            log.warning("the buzzer does not work: %s", error)
            self._release()
        return None

    def _tone(self, hertz: int) -> None:
        self._claim()
        if not self._options.passive:
            self._gpio.output(self._options.pin, self._gpio.HIGH if hertz else self._gpio.LOW)
        elif hertz:
            self._wave.ChangeFrequency(hertz)
            self._wave.start(self._options.duty)
        else:
            self._wave.stop()

    def _claim(self) -> None:
        if self._claimed:
            return
        use_bcm(self._gpio)
        self._gpio.setup(self._options.pin, self._gpio.OUT, initial=self._gpio.LOW)
        self._claimed = True
        if self._options.passive:
            self._wave = self._gpio.PWM(self._options.pin, 1000)

    def _release(self) -> None:
        wave, self._wave = self._wave, None
        claimed, self._claimed = self._claimed, False
        try:
            if wave:
                wave.stop()
            if claimed:
                self._gpio.cleanup(self._options.pin)
        except Exception as error:  # noqa: BLE001 - as above
            log.debug("while letting the buzzer go: %s", error)
