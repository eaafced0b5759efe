"""A buzzer on a pin, through rpi-lgpio."""

import itertools
import time
from collections.abc import Iterator
from typing import Any

import pytest

from drivers.choose import UnknownDriverError, load
from drivers.sound import buzzer
from drivers.sound.earcons import EARCONS, REPEAT_MAX_MS, REPEAT_MS
from tests.drivers.chip import Chip, install, wait_for


@pytest.fixture
def chip(monkeypatch: pytest.MonkeyPatch) -> Chip:
    return install(monkeypatch)[0]


@pytest.fixture
def buzzers() -> Iterator[list[Any]]:
    drivers: list[Any] = []
    yield drivers
    for one in drivers:
        one.close()


def make(buzzers: list[Any], **options: object) -> buzzer.Driver:
    buzzers.append(load("sound", "buzzer", {"pin": 18} | options))
    driver: buzzer.Driver = buzzers[-1]
    return driver


def tones(chip: Chip) -> list[int]:
    return [round(hertz) for _, pin, hertz, duty in chip.waves if pin == 18 and hertz and duty]


def test_it_plays_the_notes(chip: Chip, buzzers: list[Any]) -> None:
    driver = make(buzzers)
    asked = time.monotonic()
    driver.play("ok_points")
    assert time.monotonic() - asked < 0.2
    wait_for("silence", lambda: len(tones(chip)) >= 2 and chip.waves[-1][2] == 0)
    assert tones(chip)[0] == 1047
    assert tones(chip)[-1] == 1568
    first = next(at for at, _, hertz, _ in chip.waves if hertz == 1047)
    last = chip.waves[-1][0]
    assert last - first == pytest.approx(0.35, abs=0.08)
    assert {duty for _, _, hertz, duty in chip.waves if hertz and duty} == {50}


def test_an_active_buzzer_keeps_the_rhythm(chip: Chip, buzzers: list[Any]) -> None:
    make(buzzers, passive=False).play("retry")
    wait_for("five beeps", lambda: [level for _, _, level in chip.writes].count(1) == 5 and chip.levels[18] == 0)
    assert chip.waves == []


def test_a_newer_sound_cuts_off_the_older(chip: Chip, buzzers: list[Any]) -> None:
    driver = make(buzzers)
    driver.play("refused")
    wait_for("the first note", lambda: 880 in tones(chip))
    driver.play("already")
    wait_for("the second sound", lambda: tones(chip).count(784) >= 2 and chip.waves[-1][2] == 0)
    assert 587 not in tones(chip)


def test_a_pin_that_is_taken_makes_no_sound_and_no_fault(chip: Chip, buzzers: list[Any]) -> None:
    chip.broken = True
    driver = make(buzzers)
    driver.play("ok_pay")
    time.sleep(0.1)
    chip.broken = False
    driver.play("help")
    wait_for("sound", lambda: 1047 in tones(chip))
    assert 1319 in tones(chip), "the second one is whole"


def test_closing_lets_the_pin_go(chip: Chip, buzzers: list[Any]) -> None:
    driver = make(buzzers)
    driver.play("reading")
    wait_for("a tick", lambda: 420 in tones(chip))
    driver.close()
    assert chip.freed == [18]


@pytest.mark.parametrize("passive", [True, False])
@pytest.mark.parametrize("name", list(EARCONS))
def test_as_many_beeps_as_notes(name: str, passive: bool) -> None:
    steps = buzzer.steps(name, passive=passive)
    times = REPEAT_MAX_MS // REPEAT_MS[name] if name in REPEAT_MS else 1
    assert [hz for hz, _ in steps if hz] == [note.hz for note in EARCONS[name]] * times
    assert all(ms > 0 for _, ms in steps)
    if not passive and times == 1:
        assert all(one[0] == 0 or other[0] == 0 for one, other in itertools.pairwise(steps))


def test_a_sound_that_does_not_exist_is_silence() -> None:
    assert buzzer.steps("no such", passive=True) == ()


@pytest.mark.usefixtures("chip")
def test_options_that_cannot_be_meant() -> None:
    for options in ({}, {"pin": 40}, {"pin": 18, "duty": 80}):
        with pytest.raises(UnknownDriverError):
            load("sound", "buzzer", options)
