"""The motions of the light, looked at without a lamp."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.feedback import MANNERS
from drivers.clock import Confidence
from drivers.clock.sim import Driver as Clock
from drivers.light import Colour, Motion, Pattern
from drivers.light._dimming import Dimming
from drivers.light._frames import RGB, frame, linear, showing

MOVING = (Motion.TURN, Motion.HALVES, Motion.BLINK, Motion.CHASE)
COUNTS = (1, 8, 12, 16, 24)


def film(motion: Motion, count: int, seconds: float = 6.0, rate: int = 100) -> list[tuple[float, ...]]:
    return [frame(motion, at / rate, count) for at in range(int(seconds * rate))]


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("motion", list(Motion))
def test_no_pixel_flashes_more_than_once_a_second(motion: Motion, count: int) -> None:
    """Counted over every second of the film, anywhere: from below a tenth to above a half."""
    pictures = film(motion, count)
    for pixel in range(count):
        rises, low = [], False
        for at, picture in enumerate(pictures):
            if picture[pixel] < 0.1:
                low = True
            elif picture[pixel] > 0.5 and low:
                rises.append(at / 100)
                low = False
        assert all(later - sooner >= 0.99 for sooner, later in itertools.pairwise(rises)), (pixel, rises)


@given(st.sampled_from(list(Motion)), st.floats(0, 1e6, allow_nan=False), st.integers(1, 100))
def test_every_frame_is_whole(motion: Motion, seconds: float, count: int) -> None:
    levels = frame(motion, seconds, count)
    assert len(levels) == count
    assert all(-1e-9 <= level <= 1 + 1e-9 for level in levels)


@pytest.mark.parametrize("count", COUNTS)
def test_motions_can_be_told_apart(count: int) -> None:
    """By more than a hair: two motions differ clearly in at least a tenth of three seconds."""
    for one, other in itertools.combinations(Motion, 2):
        apart = [
            any(abs(a - b) > 0.3 for a, b in zip(first, second, strict=True))
            for first, second in zip(film(one, count, 3), film(other, count, 3), strict=True)
        ]
        assert sum(apart) >= len(apart) / 10, f"{one} looks like {other} on {count} pixels"


@pytest.mark.parametrize("motion", list(Motion))
def test_a_motion_begins_lit(motion: Motion) -> None:
    """Whoever glances at the first moment sees the colour."""
    assert sum(frame(motion, 0.0, 16)) >= 16 * 0.2
    assert frame(motion, 0.0, 1) == (1.0,)


def test_the_turn_goes_round_evenly() -> None:
    lit = [sum(picture) for picture in film(Motion.TURN, 16)]
    assert max(lit) - min(lit) < 1e-6, "as much light at every moment"
    full = [at for picture in film(Motion.TURN, 16, 2.0) for at, level in enumerate(picture) if level > 0.99]
    assert set(full) == set(range(16)), "once round in two seconds"


def test_half_rings_stand_still_with_two_gaps() -> None:
    assert len(set(film(Motion.HALVES, 24))) == 1
    dark = [level < 0.5 for level in frame(Motion.HALVES, 0, 24)]
    gaps = sum(1 for at in range(24) if dark[at] and not dark[at - 1])
    assert gaps == 2


def test_patterns_follow_each_other_then_it_is_dark() -> None:
    patterns = (Pattern(Colour.TEAL, ms=1500), Pattern(Colour.YELLOW, Motion.BLINK, 2000))
    assert showing(patterns, 0.0) == (patterns[0], 0.0)
    assert showing(patterns, 1.499) == (patterns[0], 1.499)
    assert showing(patterns, 1.5) == (patterns[1], 0.0)
    assert showing(patterns, 3.5) is None
    assert showing((Pattern(Colour.WHITE),), 1e6) == (Pattern(Colour.WHITE), 1e6), "0 ms is for ever"
    assert showing((), 0.0) is None


def test_every_result_can_be_shown() -> None:
    for manner in MANNERS.values():
        assert all(pattern.colour in RGB for pattern in manner.light)


def test_white_is_all_and_off_is_nothing() -> None:
    assert linear(Colour.WHITE, 1.0) == (1.0, 1.0, 1.0)
    assert linear(Colour.OFF, 1.0) == (0.0, 0.0, 0.0)
    red, green, blue = linear(Colour.ORANGE, 1.0)
    assert red == 1.0
    assert blue == 0.0
    assert 0 < green < 0.05, "orange-red, not orange"


@pytest.mark.parametrize(("hour", "level"), [(0, 0.1), (5, 0.1), (6, 0.8), (12, 0.8), (18, 0.8), (19, 0.1), (23, 0.1)])
def test_it_dims_at_night(hour: int, level: float) -> None:
    midnight = 1_795_359_600_000  # 2026-11-23 00:00 in Japan
    clock = Clock(Clock.Options(wall_ms=midnight + hour * 3_600_000))
    assert Dimming(brightness=80, night_brightness=10).now(clock) == pytest.approx(level)
    clock.jump(0, Confidence.UNKNOWN)
    assert Dimming(brightness=80, night_brightness=10).now(clock) == pytest.approx(0.8), "a clock nobody believes"


def test_night_may_lie_within_a_day_or_never_come() -> None:
    assert [hour for hour in range(24) if Dimming(night=(1, 4)).is_night(hour)] == [1, 2, 3]
    assert not any(Dimming(night=(7, 7)).is_night(hour) for hour in range(24))
