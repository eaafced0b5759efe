"""The loudspeaker, over the real ALSA: what was written is what should be heard."""

import array
import itertools
import math
import os
import subprocess
import sys
import time
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drivers.check import State
from drivers.choose import UnknownDriverError, load
from drivers.sound import _clips, alsa, sim
from drivers.sound.earcons import EARCONS, REPEAT_MAX_MS, REPEAT_MS
from tests.drivers.chip import wait_for
from tests.drivers.hearing import RATE, SoundServer, pitch, samples, sounding, strength

ROOT = Path(__file__).parents[2]
Play = Callable[..., alsa.Driver]

CONFIG = """
</usr/share/alsa/alsa.conf>
pcm.room {{ type file slave.pcm null file "{folder}/out.raw" format raw }}
pcm.server {{ type pulse server "unix:{server}/pulse.sock" }}
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the sound server lives."""
    return tmp_path_factory.mktemp("pulse")


@pytest.fixture
def folder(tmp_path: Path, house: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "asound.conf").write_text(CONFIG.format(folder=tmp_path, server=house))
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(tmp_path / "asound.conf"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def speaker(folder: Path) -> Iterator[Play]:
    """A loudspeaker whose samples go into a file as fast as they are written."""
    assert folder.is_dir(), "ALSA's configuration lies there"
    drivers: list[alsa.Driver] = []

    def make(**options: object) -> alsa.Driver:
        drivers.append(load("sound", "alsa", {"device": "room"} | options))
        return drivers[-1]

    yield make
    for one in drivers:
        one.close()


def written(driver: alsa.Driver, folder: Path, earcon: str, say: str = "") -> "array.array[int]":
    """Play to the end and return what lies in the file, without the silence that follows."""
    driver.play(earcon, "", say)
    wait_for("the first sample", lambda: driver.began_at)
    size = -1
    while size != (size := (folder / "out.raw").stat().st_size) or not size:
        time.sleep(0.03)
    driver.close()  # the file plugin keeps the last samples back until then
    return samples((folder / "out.raw").read_bytes())


# ------------------------------------------------------------------------------------------- what is heard


@pytest.mark.parametrize("name", list(EARCONS))
def test_every_result_sounds_as_its_notes_say(name: str, speaker: Play, folder: Path) -> None:
    heard = written(speaker(), folder, name)
    if name in REPEAT_MS:
        assert len(heard) / RATE == pytest.approx(REPEAT_MAX_MS / 1000, abs=0.5)
        heard = heard[: RATE * REPEAT_MS[name] // 1000]
    at = 0
    for note in EARCONS[name]:
        part = heard[at : at + note.ms * RATE // 1000]
        assert abs(pitch(part) - note.hz) <= 10
        assert strength(part, note.hz) > 500, "it can be heard"
        at += (note.ms + note.pause_ms) * RATE // 1000
    length_s = sum(note.ms + note.pause_ms for note in EARCONS[name]) / 1000
    last = max(index for index, sample in enumerate(heard) if sample)
    assert last / RATE == pytest.approx(length_s - EARCONS[name][-1].pause_ms / 1000, abs=0.02)


def test_the_results_can_be_told_apart_by_ear() -> None:
    """Counts as on transit cards; rising, level and falling."""
    beeps = {name: len(sounding(samples(_clips.read(_clips.SHIPPED / f"{name}.wav", 1.0)))) for name in EARCONS}
    assert (beeps["ok_pay"], beeps["ok_low"], beeps["retry"], beeps["already"]) == (2, 3, 5, 2)
    contour = {name: [note.hz for note in notes] for name, notes in EARCONS.items()}
    assert contour["ok_points"][0] < contour["ok_points"][-1]
    assert contour["refused"][0] > contour["refused"][-1]
    assert len(set(contour["already"])) == 1


@pytest.mark.parametrize("name", list(EARCONS))
def test_most_of_a_sound_lies_where_old_ears_hear(name: str) -> None:
    """Fundamentals and most of the energy under 2,500 Hz (JIS S 0013), and nothing is clipped."""
    heard = samples(_clips.read(_clips.SHIPPED / f"{name}.wav", 1.0))
    assert 10_000 < max(map(abs, heard)) < 32_000
    for note in EARCONS[name]:
        assert 400 <= note.hz <= 1600
        part = heard[: note.ms * RATE // 1000]
        high = sum(strength(part, EARCONS[name][0].hz * order) ** 2 for order in (2, 3, 4)
                   if EARCONS[name][0].hz * order > 2500)  # fmt: skip
        assert high < 0.15 * strength(part, EARCONS[name][0].hz) ** 2


@pytest.mark.parametrize("name", list(EARCONS))
def test_a_sound_does_not_click(name: str) -> None:
    heard = samples(_clips.read(_clips.SHIPPED / f"{name}.wav", 1.0))
    assert abs(heard[0]) < 50
    assert abs(heard[-1]) < 400
    steps = [abs(b - a) for a, b in itertools.pairwise(heard)]
    assert max(steps) < 32767 * 0.8 * 2 * math.pi * max(note.hz for note in EARCONS[name]) * 1.6 / RATE


def test_the_shipped_sounds_are_those_of_the_notes(tmp_path: Path) -> None:
    """Whoever changes a note has to run the script."""
    subprocess.run([sys.executable, str(ROOT / "scripts" / "render_sounds.py"), str(tmp_path)], check=True)
    for name in EARCONS:
        fresh = samples(_clips.read(tmp_path / f"{name}.wav", 1.0))
        shipped = samples(_clips.read(_clips.SHIPPED / f"{name}.wav", 1.0))
        assert len(fresh) == len(shipped)
        assert max(abs(a - b) for a, b in zip(fresh, shipped, strict=True)) <= 1
    assert {file.stem for file in _clips.SHIPPED.glob("*.wav")} == set(EARCONS)


# ------------------------------------------------------------------------------------------- the town's choice


def loudness(heard: "array.array[int]") -> float:
    return 20 * math.log10(max(map(abs, heard)))


@pytest.mark.parametrize(
    ("options", "taken_off"),
    [({"volume_db": -12}, 12), ({"quiet_place": True}, 10), ({"volume_db": -5, "quiet_place": True}, 15)],
)
def test_loudness_follows_the_place(options: dict[str, object], taken_off: float, speaker: Play, folder: Path) -> None:
    full = loudness(samples(_clips.read(_clips.SHIPPED / "already.wav", 1.0)))
    assert full - loudness(written(speaker(**options), folder, "already")) == pytest.approx(taken_off, abs=0.1)


def tone(file: Path, hz: int, ms: int = 300, rate: int = RATE) -> None:
    with wave.open(str(file), "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(2)
        recording.setframerate(rate)
        turns = (2 * math.pi * hz * at / rate for at in range(rate * ms // 1000))
        recording.writeframes(array.array("h", (round(9000 * math.sin(turn)) for turn in turns)).tobytes())


def test_a_town_may_have_a_paid_sound_of_its_own(speaker: Play, folder: Path) -> None:
    (folder / "own").mkdir()
    tone(folder / "own" / "ok_pay.wav", 660)
    assert pitch(written(speaker(sounds=str(folder / "own")), folder, "ok_pay")[: RATE // 5]) == 660


@pytest.mark.parametrize("spoil", ["rate", "cut", "text"])
def test_a_spoilt_recording_is_replaced_by_ours(spoil: str, speaker: Play, folder: Path) -> None:
    (folder / "own").mkdir()
    file = folder / "own" / "ok_pay.wav"
    tone(file, 660, rate=22_050 if spoil == "rate" else RATE)
    if spoil != "rate":
        file.write_bytes(file.read_bytes()[:20] if spoil == "cut" else b"ping")
    assert abs(pitch(written(speaker(sounds=str(folder / "own")), folder, "ok_pay")[: RATE // 10]) - 1319) <= 10


def voice(folder: Path) -> str:
    (folder / "voice").mkdir()
    tone(folder / "voice" / "again.wav", 440)
    (folder / "voice" / "voice.toml").write_text('[says]\n"TAP-010" = "again"\n"TAP-011" = "missing"\n')
    return str(folder / "voice")


def test_words_follow_the_sound_after_a_short_silence(speaker: Play, folder: Path) -> None:
    heard = written(speaker(voice=voice(folder)), folder, "already", "TAP-010")
    stretches = sounding(heard, gap_ms=30)
    (_, last_note), (first_word, last_word) = stretches[-2:]
    assert 0.15 <= (first_word - last_note) / RATE <= 0.25
    assert pitch(heard[first_word:last_word]) == 440


@pytest.mark.parametrize("say", ["", "TAP-011", "TAP-099"])
def test_what_nobody_has_recorded_is_not_said(say: str, speaker: Play, folder: Path) -> None:
    assert len(sounding(written(speaker(voice=voice(folder)), folder, "already", say), gap_ms=30)) == 2


def test_a_quiet_place_is_not_spoken_in(speaker: Play, folder: Path) -> None:
    driver = speaker(voice=voice(folder), quiet_place=True)
    assert len(sounding(written(driver, folder, "already", "TAP-010"), quiet=100, gap_ms=30)) == 2


@pytest.mark.parametrize("text", ["", "[says", '[says]\n"TAP-010" = 7\n'])
def test_a_spoilt_list_of_words_is_only_silence(text: str, speaker: Play, folder: Path) -> None:
    path = voice(folder)
    (folder / "voice" / "voice.toml").write_text(text)
    assert len(sounding(written(speaker(voice=path), folder, "already", "TAP-010"), gap_ms=30)) == 2


def test_an_option_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UnknownDriverError, match="volume_db"):
        load("sound", "alsa", {"volume": 3})
    with pytest.raises(UnknownDriverError, match="volume_db"):
        load("sound", "alsa", {"volume_db": 3})


# ------------------------------------------------------------------------------------------- time and faults


@pytest.fixture(scope="module")
def running(house: Path) -> Iterator[SoundServer]:
    server = SoundServer(house)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def server(running: SoundServer) -> SoundServer:
    """A sound server that has heard nothing yet."""
    running.forget()
    return running


def notes(server: SoundServer) -> list[int]:
    """The pitches heard so far, one for every stretch of sound."""
    heard = server.heard()
    return [pitch(heard[first : min(last, first + RATE // 20)], step=20) for first, last in sounding(heard, gap_ms=20)]


def test_what_lies_in_the_device_is_not_heard_any_more(server: SoundServer, speaker: Play) -> None:
    """The device holds 80 ms; a newer sound does not wait for them."""
    driver = speaker(device="server")
    driver.play("refused")
    wait_for("the first sample", lambda: driver.began_at)
    time.sleep(0.01)
    driver.play("already")
    wait_for("both notes", lambda: len(sounding(server.heard(), gap_ms=30)) >= 2, 8)
    heard = server.heard()
    part = RATE // 100
    parts = [heard[at : at + part] for at in range(0, len(heard) - part, part)]
    old = [one for one in parts if strength(one, 880) > 3000 and pitch(one, 700, 1000, 20) > 840]
    assert len(old) * 10 < 60, "so many milliseconds of the older sound"


def test_a_newer_sound_cuts_off_the_older(server: SoundServer, speaker: Play) -> None:
    driver = speaker(device="server")
    driver.play("refused")
    wait_for("the first sound", lambda: len(sounding(server.heard())) == 1)
    driver.play("already")
    wait_for("the second sound", lambda: pitch(server.heard()[-RATE // 20 :], step=20) in (780, 800))
    time.sleep(0.6)
    heard = server.heard()
    falling = [strength(heard[at : at + RATE // 20], 587) for at in range(0, len(heard) - RATE // 20, RATE // 20)]
    assert max(falling) < 2000, "the falling half of 'refused' was never heard"


@pytest.mark.usefixtures("server")
def test_a_sound_starts_at_once_and_nobody_waits(speaker: Play) -> None:
    driver = speaker(device="server")
    driver.play("ok_pay")
    wait_for("the device", lambda: driver.began_at)
    delays: list[float] = []
    for earcon in ("reading", "ok_pay", "reading", "retry", "already"):
        time.sleep(0.1)
        asked = time.monotonic()
        driver.play(earcon)
        assert time.monotonic() - asked < 0.2
        wait_for("the first sample", lambda asked=asked: driver.began_at >= asked)
        delays.append(driver.began_at - asked)
    assert sorted(delays)[2] <= 0.05, delays


def test_the_tick_goes_on_until_there_is_a_result(server: SoundServer, speaker: Play) -> None:
    driver = speaker(device="server")
    driver.play("reading")
    wait_for("four ticks", lambda: len(sounding(server.heard(), gap_ms=60)) >= 4)
    starts = [first / RATE for first, _ in sounding(server.heard(), gap_ms=60)]
    steps = [later - sooner for sooner, later in itertools.pairwise(starts)]
    assert steps == pytest.approx([0.3] * len(steps), abs=0.02)


def test_a_loudspeaker_that_vanishes_comes_back(
    server: SoundServer, speaker: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alsa, "_AGAIN_S", 0.1)
    driver = speaker(device="server")
    driver.play("reading")
    wait_for("ticks", lambda: len(sounding(server.heard())) >= 1)
    server.stop()
    for _ in range(3):
        asked = time.monotonic()
        driver.play("ok_pay")
        assert time.monotonic() - asked < 0.2, "a tap does not wait for a loudspeaker that is gone"
        time.sleep(0.15)
    time.sleep(alsa.LATE_S)
    server.start()
    time.sleep(0.5)
    assert sounding(server.heard()) == [], "what is long past is not played late"
    driver.play("already")
    wait_for("sound", lambda: len(sounding(server.heard(), gap_ms=20)) >= 2)
    assert notes(server)[0] in (780, 800)


def test_a_sound_that_comes_too_late_is_left_out(
    folder: Path, speaker: Play, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A disk that takes its time: a beep for somebody who has gone would be taken for the next person's."""
    monkeypatch.setattr(alsa, "LATE_S", 0.2)
    (folder / "own").mkdir()
    os.mkfifo(folder / "own" / "reading.wav")  # reading it waits until somebody writes
    driver = speaker(sounds=str(folder / "own"))
    driver.play("ok_pay")
    time.sleep(0.3)
    (folder / "own" / "reading.wav").write_bytes(b"")
    wait_for("a word in the log", lambda: "too late" in caplog.text)
    assert not driver.began_at
    assert abs(pitch(written(driver, folder, "already")[: RATE // 10]) - 784) <= 10


def test_a_loudspeaker_that_is_not_there_yet(folder: Path, speaker: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alsa, "_AGAIN_S", 0.1)
    driver = speaker(device="later")
    driver.play("ok_pay")
    time.sleep(0.3)
    assert not driver.began_at
    config = folder / "asound.conf"
    with config.open("a") as file:
        file.write(f'pcm.later {{ type file slave.pcm null file "{folder}/out.raw" format raw }}\n')
    os.utime(config, (0, 0))  # ALSA looks at whole seconds to see that its configuration is another one
    driver.play("already")
    wait_for("sound", lambda: driver.began_at)


def test_the_simulated_loudspeaker_can_be_broken(tmp_path: Path) -> None:
    sound: sim.Driver = load("sound", "sim", {"heard": str(tmp_path / "heard")})
    sound.play("ok_pay", "lib01/0/1", "COI-010")
    sound.broken = True
    sound.play("retry")
    assert list(sound.played) == [sim.Heard("ok_pay", "lib01/0/1", "COI-010")]
    assert (tmp_path / "heard").read_text().count("\n") == 1


def test_a_look_at_the_loudspeaker(folder: Path) -> None:
    assert folder.is_dir()
    found = alsa.Driver.probe(alsa.Driver.Options(device="nowhere"))
    assert (found.state, "aplay" in found.do_ja) == (State.FAIL, True)
    assert alsa.Driver.probe(alsa.Driver.Options(device="room")).state is State.OK
    assert not (folder / "out.raw").stat().st_size, "nothing was heard"
