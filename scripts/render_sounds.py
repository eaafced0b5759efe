"""Renders the sounds of `drivers/sound/earcons.py` into `drivers/sound/wav`: run it after a note was changed.

    python scripts/render_sounds.py [folder]

Every note has two overtones, because a mixed tone is easier to hear than a pure one, for old ears as for young ones; it
starts and ends softly, so that nothing clicks. The tick while a card is being read is a knock on wood: one tone that
dies away. Files are what `drivers/sound/alsa.py` plays: 48 kHz, one channel, 16 bits.
"""

import array
import math
import sys
import wave
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from drivers.sound.earcons import EARCONS, Note  # noqa: E402 - this is a script; the house stands beside it

RATE: Final = 48_000
OVERTONES: Final = (1.0, 0.35, 0.15)
PEAK: Final = 0.8 * 32767
RISE_S: Final = 0.006
FALL_S: Final = 0.030
KNOCKS: Final = frozenset({"reading"})
KNOCK_FADE_S: Final = 0.016


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "drivers" / "sound" / "wav"
    folder.mkdir(parents=True, exist_ok=True)
    for name, notes in EARCONS.items():
        samples = render(notes, knock=name in KNOCKS)
        with wave.open(str(folder / f"{name}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(samples.tobytes())
        print(f"{name}: {len(samples) * 1000 // RATE} ms")


def render(notes: tuple[Note, ...], *, knock: bool) -> "array.array[int]":
    """Return the samples of a sound, its pauses included."""
    samples = array.array("h")
    for note in notes:
        count = note.ms * RATE // 1000
        samples.extend(_sample(note.hz, at / RATE, count / RATE, knock=knock) for at in range(count))
        samples.extend([0] * (note.pause_ms * RATE // 1000))
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def _sample(hz: int, at_s: float, length_s: float, *, knock: bool) -> int:
    overtones = OVERTONES[:1] if knock else OVERTONES
    tone = sum(share * math.sin(2 * math.pi * hz * order * at_s) for order, share in enumerate(overtones, 1))
    loudness = min(1.0, at_s / RISE_S, (length_s - at_s) / FALL_S)
    if knock:
        loudness *= math.exp(-at_s / KNOCK_FADE_S)
    return round(PEAK * loudness * tone / sum(overtones))


if __name__ == "__main__":
    main()
