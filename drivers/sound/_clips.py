"""The sounds and words of a unit as samples in memory, at the loudness of its place."""

import array
import logging
import sys
import tomllib
import wave
from pathlib import Path
from typing import Final

import msgspec

from drivers.sound.earcons import EARCONS, REPEAT_MAX_MS, REPEAT_MS

log = logging.getLogger("sound")

RATE: Final = 48_000
FRAME_BYTES: Final = 2  # one channel, 16 bits, little end first
SHIPPED: Final = Path(__file__).parent / "wav"
MEI: Final = "mei"  # the voice that comes with machitap; see its COPYING.md
VOICE_FILE: Final = "voice.toml"
BEFORE_WORDS_MS: Final = 200
_MS: Final = 1000


class BadClipError(ValueError):
    """A recording cannot be played as it is; the message says what it should be."""


class Clips(msgspec.Struct, frozen=True):
    """Attributes: earcons: by name. words: by what they are about. Both as bytes for the loudspeaker."""

    earcons: dict[str, bytes]
    words: dict[str, bytes]

    def score(self, earcon: str, say: str) -> bytes:
        """Return all that is heard for one result; nothing for a name that is not known."""
        sound = self.earcons.get(earcon, b"")
        if every_ms := REPEAT_MS.get(earcon):
            return (sound + silence(every_ms)[len(sound) :]) * (REPEAT_MAX_MS // every_ms)
        words = self.words.get(say)
        return sound + silence(BEFORE_WORDS_MS) + words if words else sound


def silence(ms: int) -> bytes:
    return bytes(RATE * ms // _MS * FRAME_BYTES)


def load(own: str, voice: str, gain: float) -> Clips:
    """Read everything into memory.

    A recording that is missing or spoilt is left out and logged: then ours is heard, or nothing is said. A sound must
    never be why a unit does not start.

    Args:
        own: a folder with sounds of the town's own, named as ours; "" without.
        voice: a folder with recorded words and their list, `voice.toml`; "mei" for those that are here; "" without.
        gain: what every sample is multiplied with.
    """
    earcons = {}
    for name in EARCONS:
        theirs = Path(own) / f"{name}.wav"
        sound = _read_or_none(theirs, gain) if own and theirs.exists() else None
        earcons[name] = sound or _read_or_none(SHIPPED / f"{name}.wav", gain) or b""
    spoken = Path(__file__).parent / MEI if voice == MEI else Path(voice)
    return Clips(earcons, _words(spoken, gain) if voice else {})


def read(file: Path, gain: float) -> bytes:
    """Return a recording's samples.

    Raises:
        OSError: there is no such file.
        BadClipError: it is not what the loudspeaker is set to.
    """
    try:
        with wave.open(str(file), "rb") as recording:
            shape = recording.getframerate(), recording.getnchannels(), recording.getsampwidth()
            if shape != (RATE, 1, FRAME_BYTES):
                raise BadClipError(f"{file}: has to be 48 kHz, one channel, 16 bits, not {shape}")
            samples = array.array("h", recording.readframes(recording.getnframes()))
    except (wave.Error, EOFError) as error:
        raise BadClipError(f"{file}: {error}") from error
    if sys.byteorder == "big":
        samples.byteswap()
    louder = array.array("h", (max(-32768, min(32767, round(sample * gain))) for sample in samples))
    return louder.tobytes()


def _read_or_none(file: Path, gain: float) -> bytes | None:
    try:
        return read(file, gain)
    except (OSError, BadClipError) as error:
        log.warning("a recording is left out: %s", error)
        return None


def _words(folder: Path, gain: float) -> dict[str, bytes]:
    """Read `[says]` of `voice.toml`: what it is about = name of the recording."""
    try:
        with (folder / VOICE_FILE).open("rb") as file:
            says = msgspec.convert(tomllib.load(file), dict[str, dict[str, str]]).get("says", {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        log.warning("no words are spoken: %s", error)
        return {}
    recordings = {clip: _read_or_none(folder / f"{clip}.wav", gain) for clip in sorted(set(says.values()))}
    return {about: samples for about, clip in says.items() if (samples := recordings[clip])}
