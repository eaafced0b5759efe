"""Buttons: what counts as a press, and the pins through rpi-lgpio."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.button import Event, Held, Pressed, gpio, sim
from drivers.button._press import Press, Seen, begin, step
from drivers.choose import UnknownDriverError, load
from tests.drivers.chip import PULL_DOWN, PULL_UP, Chip, install, wait_for

DEBOUNCE_S, LONG_S, LOOK_S = 0.03, 2.0, 0.01

# What a finger does: up for a while, then down for a while, each with a contact that bounces at its beginning.
BOUNCES = st.lists(st.integers(1, 2), max_size=4)  # looks at one level, then at the other
STRETCHES = st.lists(st.tuples(st.integers(8, 400), BOUNCES), min_size=1, max_size=8)


def look(levels: list[bool], press: Press | None = None) -> list[Seen]:
    """Look at the pin every 10 ms and return what was seen."""
    press = press or begin(0.0, down=levels[0])
    seen: list[Seen] = []
    for at, down in enumerate(levels):
        press, told = step(press, at * LOOK_S, down=down, debounce_s=DEBOUNCE_S, long_s=LONG_S)
        if told is not Seen.NOTHING:
            seen.append(told)
    return seen


def pin(stretches: list[tuple[int, list[int]]]) -> tuple[list[bool], list[int]]:
    """Return the levels, and how many looks long each press was (bouncing included)."""
    levels, pressed, down = [False] * 8, [], False
    for rest, bounces in stretches:
        down = not down
        shaking = [down if turn % 2 == 0 else not down for turn, looks in enumerate(bounces) for _ in range(looks)]
        levels += shaking + [down] * rest
        if down:
            pressed.append(len(shaking) + rest)
    return levels + [False] * 8, pressed


@given(STRETCHES)
def test_every_press_is_told_once_however_it_bounces(stretches: list[tuple[int, list[int]]]) -> None:
    levels, pressed = pin(stretches)
    assert len(look(levels)) == len(pressed)


@given(STRETCHES)
def test_long_is_long_and_short_is_short(stretches: list[tuple[int, list[int]]]) -> None:
    """Outside of the few looks around two seconds in which either is right."""
    levels, pressed = pin(stretches)
    for seen, looks in zip(look(levels), pressed, strict=True):
        if looks >= 225:
            assert seen is Seen.LONG
        if looks <= 190:
            assert seen is Seen.SHORT


@given(st.lists(st.integers(1, 2), max_size=60))
def test_a_contact_that_never_rests_is_no_press(looks: list[int]) -> None:
    levels = [turn % 2 == 1 for turn, length in enumerate(looks) for _ in range(length)]
    assert look([False, *levels, *[False] * 8]) == []


@given(st.integers(0, 500))
def test_what_was_down_at_the_start_counts_only_after_it_was_let_go(looks: int) -> None:
    """A unit that is switched on with something lying on the button."""
    assert look([True] * (looks + 1) + [False] * 10 + [True] * 10 + [False] * 10) == [Seen.SHORT]


@given(st.lists(st.booleans(), min_size=1, max_size=500))
def test_never_two_long_ones_without_letting_go(levels: list[bool]) -> None:
    told = look(levels)
    assert told.count(Seen.LONG) * LONG_S <= len(levels) * LOOK_S


def test_a_long_press_is_told_while_the_button_is_down() -> None:
    assert look([False] * 5 + [True] * 203) == [Seen.LONG]
    assert look([False] * 5 + [True] * 203 + [False] * 20) == [Seen.LONG]


# ------------------------------------------------------------------------------------------------ pins


@pytest.fixture
def chip(monkeypatch: pytest.MonkeyPatch) -> Chip:
    return install(monkeypatch)[0]


@pytest.fixture
def buttons() -> Iterator[list[Any]]:
    drivers: list[Any] = []
    yield drivers
    for one in drivers:
        one.stop()


def make(buttons: list[Any], events: list[Event], **options: object) -> gpio.Driver:
    driver: gpio.Driver = load("button", "gpio", {"pins": {"call": 5, "cancel": 6}, "long_ms": 200} | options)
    buttons.append(driver)
    driver.start(events.append)
    return driver


def test_short_and_long_by_name(chip: Chip, buttons: list[Any]) -> None:
    events: list[Event] = []
    make(buttons, events)
    wait_for("the pins", lambda: len(chip.modes) == 2)
    assert all(mode & PULL_UP for mode in chip.modes.values())
    time.sleep(0.05)
    chip.levels[5] = 0
    time.sleep(0.08)
    chip.levels[5] = 1
    wait_for("a short press", lambda: events == [Pressed("call")])
    chip.levels[6] = 0
    wait_for("a long press", lambda: events == [Pressed("call"), Held("cancel")])
    chip.levels[6] = 1
    time.sleep(0.1)
    assert len(events) == 2


def test_buttons_wired_to_plus(chip: Chip, buttons: list[Any]) -> None:
    events: list[Event] = []
    make(buttons, events, active_high=True)
    wait_for("the pins", lambda: len(chip.modes) == 2)
    assert all(mode & PULL_DOWN for mode in chip.modes.values())
    time.sleep(0.05)
    chip.levels[5] = 1
    wait_for("a long press", lambda: events == [Held("call")])


def test_pins_that_are_taken_are_tried_again(chip: Chip, buttons: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpio, "AGAIN_S", 0.1)
    chip.broken = True
    events: list[Event] = []
    make(buttons, events)
    time.sleep(0.15)
    chip.broken = False
    wait_for("the pins", lambda: len(chip.modes) == 2)
    time.sleep(0.05)
    chip.levels[5] = 0
    wait_for("a press", lambda: events == [Held("call")])


def test_nothing_is_told_after_stop(chip: Chip, buttons: list[Any]) -> None:
    events: list[Event] = []
    driver = make(buttons, events)
    wait_for("the pins", lambda: len(chip.modes) == 2)
    driver.stop()
    assert sorted(set(chip.freed)) == [5, 6]
    chip.levels[5] = 0
    time.sleep(0.3)
    assert events == []


@pytest.mark.usefixtures("chip")
def test_options_that_cannot_be_meant() -> None:
    for options in ({}, {"pins": {"call": 77}}, {"pins": {"call": 5}, "long_ms": 0}):
        with pytest.raises(UnknownDriverError):
            load("button", "gpio", options)


def test_the_simulated_finger() -> None:
    button: sim.Driver = load("button", "sim", {"names": ["call"]})
    events: list[Event] = []
    button.press("call")
    button.start(events.append)
    button.press("call")
    button.hold("call")
    button.stuck = True
    button.press("call")
    button.broken = True
    button.hold("call")
    assert events == [Pressed("call"), Held("call"), Held("call")]
    with pytest.raises(ValueError, match="there are call"):
        button.press("other")


def test_no_button_fitted_is_a_button_too() -> None:
    load("button", "none").start(print)
