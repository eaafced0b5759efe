"""Makes the recordings that a unit says after its sounds, or checks those that a person has spoken.

    pip install pyopenjtalk-plus                         # on a developer's machine, never on a unit
    python scripts/render_voice.py FOLDER                # renders scripts/phrases.toml into FOLDER
    python scripts/render_voice.py FOLDER --check        # is FOLDER complete, and can a unit play it?

A voice of the town's own is better liked than any engine: have a person of the town read the phrases, save each as
`<name>.wav` (48 kHz, one channel, 16 bits) beside `voice.toml`, and check. Whoever renders with the engine's own voice
has to name it as its licence says; the script prints that.
"""

import argparse
import array
import importlib
import sys
import tomllib
import wave
from pathlib import Path
from types import ModuleType
from typing import Final

ROOT: Final = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from drivers.sound._clips import RATE, VOICE_FILE, BadClipError, read  # noqa: E402 - the house stands beside it

PHRASES: Final = Path(__file__).with_name("phrases.toml")
PEAK: Final = 0.7 * 32767
SPEED: Final = 0.9  # slower than the engine's own; older listeners follow it better
QUIET: Final = 200  # below this nothing is heard: cut off at both ends, so that the pause after the sound is ours
LONGEST_S: Final = 6.0


def main() -> int:
    arguments = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--check", action="store_true", help="only look whether the folder is complete")
    chosen = arguments.parse_args()
    catalogue = tomllib.loads(PHRASES.read_text())
    if not chosen.check:
        try:
            engine = importlib.import_module("pyopenjtalk")
        except ImportError:
            print("There is no engine. Say: pip install pyopenjtalk-plus", file=sys.stderr)
            return 1
        chosen.folder.mkdir(parents=True, exist_ok=True)
        for name, text in catalogue["phrases"].items():
            _write(chosen.folder / f"{name}.wav", _speak(engine, text))
            print(f"{name}: {text}")
        lines = [f'"{message}" = "{name}"' for message, name in catalogue["says"].items()]
        (chosen.folder / VOICE_FILE).write_text("\n".join(["[says]", *lines, ""]))
        print('The engine\'s voice "Mei" is (c) MMDAgent Project Team, Nagoya Institute of Technology, CC BY 3.0.')
    return _check(chosen.folder)


def _speak(engine: ModuleType, text: str) -> "array.array[int]":
    """Return the samples of a phrase, as loud as all others and without the silence around it."""
    spoken, rate = engine.tts(text, speed=SPEED)
    if rate != RATE:
        raise SystemExit(f"the engine speaks with {rate} samples a second, a unit wants {RATE}")
    loudest = max(abs(float(sample)) for sample in spoken)
    samples = array.array("h", (round(float(sample) / loudest * PEAK) for sample in spoken))
    heard = [at for at, sample in enumerate(samples) if abs(sample) > QUIET]
    return samples[heard[0] : heard[-1] + 1]


def _write(file: Path, samples: "array.array[int]") -> None:
    if sys.byteorder == "big":
        samples.byteswap()
    with wave.open(str(file), "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(2)
        recording.setframerate(RATE)
        recording.writeframes(samples.tobytes())


def _check(folder: Path) -> int:
    """Say what a unit would leave out; return 1 if there is anything."""
    wrong = []
    try:
        says = tomllib.loads((folder / VOICE_FILE).read_text())["says"]
    except (OSError, KeyError, tomllib.TOMLDecodeError) as error:
        print(f"{folder / VOICE_FILE}: {error!r}", file=sys.stderr)
        return 1
    for name in sorted(set(says.values())):
        try:
            seconds = len(read(folder / f"{name}.wav", 1.0)) / 2 / RATE
        except (OSError, BadClipError) as error:
            wrong.append(str(error))
            continue
        if seconds > LONGEST_S:
            wrong.append(f"{name}.wav takes {seconds:.1f} s; nobody stands there longer than {LONGEST_S:.0f} s")
    print(
        "\n".join(wrong) or f"{folder}: {len(set(says.values()))} recordings for {len(says)} messages", file=sys.stderr
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
