"""A loudspeaker through ALSA: a sound card, a HAT, HDMI or a USB loudspeaker.

The device is held open and everything to be heard lies in memory, so the first sample is written within milliseconds.
One thread writes, and never blocks in the device: it writes what fits, and looks up every few milliseconds whether
something newer is to be heard. A device that is unplugged is looked for until it is back; a sound that could not be
played in time is not played late.
"""

import atexit
import errno
import importlib
import logging
import os
import threading
from types import ModuleType
from typing import Annotated, Any, Final

import msgspec

from drivers.check import Check, State
from drivers.clock import Clock
from drivers.clock.system import Driver as SystemClock
from drivers.slot import Slot
from drivers.sound._clips import FRAME_BYTES, RATE, Clips, load, silence

log = logging.getLogger("sound")

PERIOD_MS: Final = 20
PERIODS: Final = 4
LATE_S: Final = 1.0
_LOOK_S: Final = PERIOD_MS / 2 / 1000
_AGAIN_S: Final = 1.0
_AGAIN_MAX_S: Final = 30.0
_QUIET_DB: Final = 10.0  # what a quiet place takes off
_PERIOD_FRAMES: Final = RATE * PERIOD_MS // 1000
_EPIPE: Final = -32  # ran dry: not a fault, the same samples are written once more
_JOIN_S: Final = 1.0

_Decibel = Annotated[float, msgspec.Meta(ge=-60, le=0)]


class Driver:
    """Capabilities: every earcon, a town's own sounds, recorded words.

    A device that is missing, busy or torn out makes a unit silent and nothing else.
    """

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        """What can be set.

        Attributes:
            device: as `aplay -L` lists them.
            volume_db: taken off the full loudness; set with a sound meter at the place.
            quiet_place: a library, a clinic: 10 dB less, and nothing is said.
            sounds: a folder with sounds of the town's own, named as in `drivers/sound/earcons.py`, with `.wav`.
            voice: a folder with recorded words, or "mei" for those that come with machitap; without, nothing is said.
        """

        device: str = "default"
        volume_db: _Decibel = 0.0
        quiet_place: bool = False
        sounds: str = ""
        voice: str = ""

    def __init__(self, options: Options | None = None, clock: Clock | None = None) -> None:
        """Begin to hold the device.

        Raises:
            ImportError: pyalsaaudio is not installed; only a unit with such a loudspeaker needs it.
        """
        self._options = options or self.Options()
        self._clock = clock or SystemClock()
        self._output = _Output(importlib.import_module("alsaaudio"), self._options.device)
        self._slot: Slot[tuple[str, str, float]] = Slot()
        self.began_at = 0.0  # when the first sample of the last sound was in the device, by the clock's `mono`
        self._thread = threading.Thread(target=self._run, name="sound", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    @classmethod
    def probe(cls, options: Options) -> Check:
        """Look whether the device can be opened; nothing is heard."""
        try:
            output = _Output(importlib.import_module("alsaaudio"), options.device)
        except ImportError as error:
            return Check(
                State.FAIL,
                "音を出す部品がありません",
                str(error),
                "pyalsaaudio を入れてください",
                "install pyalsaaudio",
            )
        if output.open():
            output.close()
            return Check(State.OK, f"音の出口「{options.device}」を使えます", f"{options.device} can be used")
        if output.is_busy:
            return Check(State.BUSY, "音の出口は使われています", f"{options.device} is in use")
        return Check(
            State.FAIL,
            "スピーカーが見つかりません",
            output.told,
            "つながりと電源を見てください。名前は aplay -L で分かります",
            "check its cable and power; aplay -L lists the names",
        )

    def play(self, earcon: str, about: str = "", say: str = "") -> None:  # noqa: ARG002 - `about` is for the ear of a test
        self._slot.put((earcon, say, self._clock.mono()))

    def close(self) -> None:
        """Fall silent and let the device go."""
        self._slot.end()
        self._thread.join(_JOIN_S)
        atexit.unregister(self.close)

    def _run(self) -> None:
        clips = self._load()
        pause = _AGAIN_S
        while not self._slot.ended:
            if not self._output.is_open and self._output.open():
                pause = _AGAIN_S
            asked = self._slot.take(None if self._output.is_open else pause)
            while asked:  # a newer one comes out of the one before
                earcon, say, since = asked
                asked = self._hear(clips.score(earcon, say), since)
            if not self._output.is_open:
                pause = min(_AGAIN_MAX_S, pause * 2)
        self._output.close()

    def _load(self) -> Clips:
        quiet = self._options.quiet_place
        decibels = self._options.volume_db - (_QUIET_DB if quiet else 0.0)
        return load(self._options.sounds, "" if quiet else self._options.voice, 10 ** (decibels / 20))

    def _hear(self, score: bytes, since: float) -> tuple[str, str, float] | None:
        """Play to the end, or until something newer is asked for, which is returned."""
        left = memoryview(score + silence(PERIOD_MS * PERIODS))  # what stays in the device when it stops is silence
        began = False
        while left:
            if not began and self._clock.mono() - since > LATE_S:
                log.warning("a sound came too late and was left out")
                return None
            written = self._output.write(left, fresh=not began)
            if written is None:
                return None
            if written and not began:
                began = True
                self.began_at = self._clock.mono()
            left = left[written * FRAME_BYTES :]
            if left and (newer := self._slot.take(_LOOK_S if written < _PERIOD_FRAMES else 0.0)):
                return newer
            if self._slot.ended:
                return None
        return None


class _Output:
    """The device, open or not. No call raises."""

    def __init__(self, alsa: ModuleType, device: str) -> None:
        self._alsa = alsa
        self._device = device
        self._pcm: Any = None
        self.told = ""  # the present trouble
        self.is_busy = False  # and whether it is another program

    @property
    def is_open(self) -> bool:
        return self._pcm is not None

    def open(self) -> bool:
        try:
            pcm = self._alsa.PCM(
                type=self._alsa.PCM_PLAYBACK,
                mode=self._alsa.PCM_NONBLOCK,
                device=self._device,
                rate=RATE,
                channels=1,
                format=self._alsa.PCM_FORMAT_S16_LE,
                periodsize=_PERIOD_FRAMES,
                periods=PERIODS,
            )
        except self._alsa.ALSAAudioError as error:
            self.is_busy = os.strerror(errno.EBUSY) in str(error)
            self._tell(f"the loudspeaker cannot be opened: {error}")
            return False
        if (shape := (pcm.info()["rate"], pcm.info()["channels"])) != (RATE, 1):
            pcm.close()
            self._tell(f"{self._device} plays {shape} (hertz, channels); take its twin that converts, as plughw:…")
            return False
        self._tell("")
        self._pcm = pcm
        return True

    def write(self, samples: memoryview, *, fresh: bool) -> int | None:
        """Write what fits and return how many samples that was; None if the device is gone.

        `fresh`: forget what is still in the device; and if it has gone in the meantime, look once whether it is back.
        """
        for _ in range(2 if fresh else 1):
            if not self.is_open and not self.open():
                return None
            try:
                if fresh:
                    self._pcm.drop()
                written = int(self._pcm.write(samples[: _PERIOD_FRAMES * FRAME_BYTES]))
            except self._alsa.ALSAAudioError as error:
                self._tell(f"the loudspeaker is gone: {error}")
                self.close()
                continue
            if written >= 0 or written == _EPIPE:
                return max(0, written)
            self._tell(f"the loudspeaker fails with error {-written}")
            self.close()
        return None

    def close(self) -> None:
        pcm, self._pcm = self._pcm, None
        if pcm is not None:
            try:
                pcm.close()
            except self._alsa.ALSAAudioError as error:
                log.debug("while closing the loudspeaker: %s", error)

    def _tell(self, trouble: str) -> None:
        """Log a trouble once, and its end."""
        if trouble and trouble != self.told:
            log.warning("%s", trouble)
        elif self.told and not trouble:
            log.info("the loudspeaker is back")
        self.told = trouble
