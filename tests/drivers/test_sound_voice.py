"""What a unit may say, and the script that makes the recordings; no engine is needed here."""

import re
import subprocess
import sys
import tomllib
import wave
from pathlib import Path
from typing import Final

import pytest

from appliance.counter import words_folders
from appliance.words import load
from drivers.sound import _clips

ROOT: Final = Path(__file__).parents[2]
SCRIPT: Final = ROOT / "scripts" / "render_voice.py"
CATALOGUE: Final = tomllib.loads((ROOT / "scripts" / "phrases.toml").read_text())


def test_phrases_are_kana_without_amounts() -> None:
    for name, text in CATALOGUE["phrases"].items():
        assert re.fullmatch(r"[ぁ-んァ-ンー 。]+", text), f"{name}: an engine could misread it"
        assert len(re.sub(r"[ 。ぁぃぅぇぉゃゅょァィゥェォャュョ]", "", text)) <= 24, (
            f"{name}: too long to stand and listen"
        )


def test_every_phrase_that_is_said_exists_and_so_does_its_message() -> None:
    assert set(CATALOGUE["says"].values()) <= set(CATALOGUE["phrases"])
    assert set(CATALOGUE["says"]) <= set(load(*words_folders()))


def run(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), str(folder), *more], capture_output=True, text=True, check=False
    )


def record(file: Path, seconds: float, rate: int = _clips.RATE) -> None:
    with wave.open(str(file), "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(2)
        recording.setframerate(rate)
        recording.writeframes(bytes(round(seconds * rate) * 2))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "voice.toml").write_text('[says]\n"TAP-010" = "again"\n"VIS-010" = "noted"\n')
    record(tmp_path / "again.wav", 1.5)
    record(tmp_path / "noted.wav", 2.0)
    return tmp_path


def test_a_complete_folder_passes(folder: Path) -> None:
    done = run(folder, "--check")
    assert done.returncode == 0
    assert "2 recordings for 2 messages" in done.stderr


@pytest.mark.parametrize(("spoil", "says"), [("missing", "noted.wav"), ("rate", "48 kHz"), ("long", "7.0 s")])
def test_what_a_unit_would_leave_out_is_named(folder: Path, spoil: str, says: str) -> None:
    (folder / "noted.wav").unlink()
    if spoil != "missing":
        record(folder / "noted.wav", 7.0, _clips.RATE if spoil == "long" else 22_050)
    done = run(folder, "--check")
    assert done.returncode == 1
    assert says in done.stderr


def test_the_voice_that_comes_with_us_is_complete_and_names_its_makers() -> None:
    shipped = ROOT / "drivers" / "sound" / _clips.MEI
    assert run(shipped, "--check").returncode == 0
    assert {path.stem for path in shipped.glob("*.wav")} == set(CATALOGUE["phrases"])
    assert "CC BY 3.0" in (shipped / "COPYING.md").read_text()
    clips = _clips.load("", _clips.MEI, 1.0)
    assert set(clips.words) == set(CATALOGUE["says"])


def test_without_a_list_nothing_would_be_said(tmp_path: Path) -> None:
    assert run(tmp_path, "--check").returncode == 1
