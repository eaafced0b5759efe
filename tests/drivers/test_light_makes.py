"""Real lamps: pins through rpi-lgpio, and the bits that a ring of pixels reads."""

import itertools
import logging
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers.check import State
from drivers.choose import UnknownDriverError, load
from drivers.gpio import GpioMissingError, load_gpio
from drivers.light import Colour, Motion, Pattern, ring, sim
from drivers.light.gpio import Driver as Pins
from tests.drivers.chip import BUSY, Chip, install, wait_for

RGB = {"rgb": [17, 27, 22], "brightness": 100, "night_brightness": 100}
LAMPS = {"white": 5, "teal": 6, "blue": 13, "yellow": 19, "orange": 26}
STEADY = Pattern(Colour.ORANGE)


@pytest.fixture
def chip(monkeypatch: pytest.MonkeyPatch) -> Chip:
    return install(monkeypatch)[0]


@pytest.fixture
def lit() -> Iterator[list[Any]]:
    """Drivers to be closed at the end."""
    drivers: list[Any] = []
    yield drivers
    for one in drivers:
        one.close()


def make(lit: list[Any], options: dict[str, object]) -> Pins:
    driver: Pins = load("light", "gpio", options)
    lit.append(driver)
    return driver


# ------------------------------------------------------------------------------------------------ pins


def test_one_rgb_led_shows_the_colour(chip: Chip, lit: list[Any]) -> None:
    light = make(lit, RGB)
    wait_for("the pins", lambda: len(chip.modes) == 3)
    assert [chip.duty(pin) for pin in (17, 27, 22)] == [0, 0, 0], "dark before the first touch"
    light.show((STEADY,))
    wait_for("red", lambda: chip.duty(17) == 100)
    assert 0 < chip.duty(27) < 5
    assert chip.duty(22) == 0
    light.show(())
    wait_for("dark", lambda: [chip.duty(pin) for pin in (17, 27, 22)] == [0, 0, 0])


def test_five_leds_light_one_at_a_time(chip: Chip, lit: list[Any]) -> None:
    light = make(lit, {"lamps": LAMPS, "brightness": 100, "night_brightness": 100})
    for colour, pin in LAMPS.items():
        light.show((Pattern(Colour(colour)),))
        wait_for(colour, lambda pin=pin: chip.duty(pin) == 100)
        assert sum(chip.duty(other) for other in LAMPS.values()) == 100


def test_leds_on_a_common_plus_pole_are_driven_the_other_way(chip: Chip, lit: list[Any]) -> None:
    light = make(lit, RGB | {"active_low": True})
    wait_for("dark", lambda: [chip.duty(pin) for pin in (17, 27, 22)] == [100, 100, 100])
    assert {level for _, _, level in chip.writes} == {1}, "not even a glimpse while the pins are set up"
    light.show((Pattern(Colour.WHITE),))
    wait_for("white", lambda: [chip.duty(pin) for pin in (17, 27, 22)] == [0, 0, 0])


def test_it_blinks_once_a_second_and_ends(chip: Chip, lit: list[Any]) -> None:
    light = make(lit, RGB)
    wait_for("the pins", lambda: len(chip.modes) == 3)
    since = len(chip.waves)
    light.show((Pattern(Colour.WHITE, Motion.BLINK, 2000),))
    time.sleep(2.4)
    changes = [(at, duty) for at, pin, _, duty in chip.waves[since:] if pin == 17]
    assert [duty for _, duty in changes] == [100, 0, 100, 0]
    assert changes[2][0] - changes[0][0] == pytest.approx(1.0, abs=0.2)


def test_to_spare_power_it_shows_a_third_of_its_light_and_then_all_of_it_again(chip: Chip, lit: list[Any]) -> None:
    light = make(lit, RGB)
    light.dim(on=True)
    light.show((STEADY,))
    wait_for("a third", lambda: 0 < chip.duty(17) < 40)
    light.dim(on=False)
    light.show((STEADY,))
    wait_for("all", lambda: chip.duty(17) == 100)


def test_a_newer_result_is_shown_at_once(chip: Chip, lit: list[Any]) -> None:
    light = make(lit, RGB)
    light.show((Pattern(Colour.WHITE, Motion.TURN),))
    wait_for("white", lambda: chip.duty(22) > 50)
    asked = time.monotonic()
    light.show((STEADY,))
    assert time.monotonic() - asked < 0.2, "nobody waits for a lamp"
    wait_for("orange", lambda: chip.duty(22) == 0 and chip.duty(17) == 100, 1.0)


def test_closing_goes_dark_and_lets_the_pins_go(chip: Chip, lit: list[Any]) -> None:
    light = make(lit, RGB)
    light.show((Pattern(Colour.WHITE),))
    wait_for("white", lambda: chip.duty(17) == 100)
    light.close()
    assert [chip.duty(pin) for pin in (17, 27, 22)] == [0, 0, 0]
    assert sorted(chip.freed) == [17, 22, 27]


def test_a_pin_that_is_taken_is_tried_again(
    chip: Chip, lit: list[Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("drivers.light._engine.AGAIN_S", 0.1)
    chip.broken = True
    with caplog.at_level(logging.WARNING, "light"):
        light = make(lit, RGB)
        light.show((STEADY,))
        wait_for("a word in the log", lambda: str(BUSY) in caplog.text)
    chip.broken = False
    wait_for("light", lambda: chip.duty(17) == 100)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "rgb"),
        ({"rgb": [1, 2, 3], "lamps": LAMPS}, "either"),
        ({"lamps": {"white": 5}}, "one pin for each"),
        ({"rgb": [17, 27, 44]}, "<= 27"),
        ({"rgb": [17, 27, 22], "brightness": 101}, "<= 100"),
    ],
)
def test_options_that_cannot_be_meant(chip: Chip, options: dict[str, object], says: str) -> None:
    with pytest.raises(UnknownDriverError, match=says):
        load("light", "gpio", options)
    assert chip.modes == {}


def test_without_a_package_both_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "RPi", None)
    monkeypatch.delitem(sys.modules, "RPi.GPIO", raising=False)
    with pytest.raises(GpioMissingError, match=r"rpi-lgpio.*RPi\.GPIO"):
        load_gpio()


def test_on_a_machine_that_is_no_pi_the_message_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lgpio", Chip())
    monkeypatch.delenv("RPI_LGPIO_REVISION", raising=False)
    for name in ("RPi", "RPi.GPIO"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    with pytest.raises(GpioMissingError, match="only be run on a Raspberry Pi"):
        load_gpio()


def test_the_board_is_known_where_only_processes_are_seen_below_proc(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As the daemon is started (ProcSubset=pid); rpi-lgpio itself looks for the number below /proc."""
    for name in ("RPI_LGPIO_REVISION", "RPI_LGPIO_CHIP"):
        monkeypatch.setenv(name, "")  # so that it is put back
        monkeypatch.delenv(name)
    monkeypatch.setitem(sys.modules, "lgpio", Chip())
    for name in ("RPi", "RPi.GPIO"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    said = tmp_path / "linux,revision"
    said.write_bytes(bytes.fromhex("00a02082"))
    monkeypatch.setattr("drivers.gpio._REVISION", said)
    assert load_gpio().RPI_INFO["TYPE"] == "Pi 3 Model B"


# ------------------------------------------------------------------------------------------------ the ring


class Wire:
    """The far end of the data line: it keeps every frame."""

    def __init__(self) -> None:
        self.frames: list[tuple[float, bytes]] = []
        self.broken = False
        self.opened = 0

    def open(self) -> None:
        if self.broken:
            raise FileNotFoundError("/dev/spidev0.0")
        self.opened += 1

    def write(self, data: bytes) -> None:
        if self.broken:
            raise OSError("no such device")
        self.frames.append((time.monotonic(), data))

    def close(self) -> None:
        pass

    @property
    def pixels(self) -> list[tuple[int, int, int]]:
        return read_as_a_ws2812(self.frames[-1][1])


def read_as_a_ws2812(data: bytes) -> list[tuple[int, int, int]]:
    """Decode a frame as the pixels do: by how long the line is high and low.

    Limits in seconds from the data sheet (Worldsemi WS2812B): T0H 0.4, T0L 0.85, T1H 0.8, T1L 0.45, each ±0.15 µs;
    RES 280 µs or more.
    """
    tick = 1 / ring.SPI_HZ
    line = "".join(f"{byte:08b}" for byte in data)
    runs = [(level, len(list(run)) * tick) for level, run in itertools.groupby(line)]
    assert runs[0][0] == "0", "silence first"
    assert runs[0][1] >= 280e-6
    assert runs[-1][1] >= 280e-6, "silence last"
    bits = []
    for at in range(1, len(runs), 2):
        high, low = runs[at][1], runs[at + 1][1]
        bit = 1 if high > 0.6e-6 else 0
        assert abs(high - (0.8e-6 if bit else 0.4e-6)) <= 0.15e-6
        if at + 2 < len(runs):
            assert abs(low - (0.45e-6 if bit else 0.85e-6)) <= 0.15e-6
        bits.append(bit)
    assert len(bits) % 24 == 0
    values = [int("".join(map(str, bits[at : at + 8])), 2) for at in range(0, len(bits), 8)]
    return [(values[at + 1], values[at], values[at + 2]) for at in range(0, len(values), 3)]  # green comes first


def test_what_is_encoded_is_what_the_pixels_read() -> None:
    pixels = [(at, 255 - at, at * 7 % 256) for at in range(64)]
    assert read_as_a_ws2812(ring.encode(pixels)) == pixels


def test_a_frame_fits_into_one_transfer() -> None:
    assert len(ring.encode([(255, 255, 255)] * 100)) <= 4096


@pytest.fixture
def wire() -> Wire:
    return Wire()


def full(**options: object) -> ring.Driver.Options:
    return ring.Driver.Options(brightness=100, night_brightness=100, pixels=12, **options)  # type: ignore[arg-type]


def test_the_ring_is_lit_whole_then_dark(wire: Wire, lit: list[Any]) -> None:
    light = ring.Driver(full(), wire=wire)
    lit.append(light)
    light.show((Pattern(Colour.BLUE, ms=300),))
    wait_for("blue", lambda: wire.frames and wire.pixels[0][2] == 255)
    assert len(set(wire.pixels)) == 1
    wait_for("dark", lambda: set(wire.pixels) == {(0, 0, 0)})
    assert len(wire.frames) <= 3, "nothing is sent while nothing changes"


def test_the_light_goes_round(wire: Wire, lit: list[Any]) -> None:
    light = ring.Driver(full(), wire=wire)
    lit.append(light)
    light.show((Pattern(Colour.WHITE, Motion.CHASE, 1000),))
    time.sleep(1.2)
    brightest = {max(range(12), key=lambda at: read_as_a_ws2812(data)[at][0]) for _, data in wire.frames}
    assert len(brightest) >= 8
    assert len(wire.frames) <= 30, "25 pictures a second are enough"


def test_the_ring_may_be_mounted_any_way(lit: list[Any]) -> None:
    plain, turned, backwards = (Wire() for _ in range(3))
    for far, options in ((plain, full()), (turned, full(first=3)), (backwards, full(backwards=True))):
        light = ring.Driver(options, wire=far)
        lit.append(light)
        light.show((Pattern(Colour.WHITE, Motion.TURN),))
        wait_for("light", lambda far=far: any(any(pixel) for pixel in far.pixels) if far.frames else False)
    lit_at = [next(at for at, pixel in enumerate(read_as_a_ws2812(far.frames[1][1])) if pixel[0] > 200)
              for far in (plain, turned)]  # fmt: skip
    assert lit_at == [0, 3]
    assert read_as_a_ws2812(backwards.frames[1][1])[0][0] > 200
    assert read_as_a_ws2812(backwards.frames[1][1])[11][0] > 200
    assert read_as_a_ws2812(plain.frames[1][1])[1][0] > 200


def test_dimmed_means_dimmer(wire: Wire, lit: list[Any]) -> None:
    light = ring.Driver(ring.Driver.Options(brightness=30, night_brightness=30, pixels=12), wire=wire)
    lit.append(light)
    light.show((Pattern(Colour.WHITE),))
    wait_for("light", lambda: wire.frames and wire.pixels[0][0] > 0)
    assert wire.pixels[0][0] == round(255 * 0.3**2.2)


def test_a_ring_that_was_unplugged_comes_back(wire: Wire, lit: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drivers.light._engine.AGAIN_S", 0.1)
    light = ring.Driver(full(), wire=wire)
    lit.append(light)
    light.show((Pattern(Colour.WHITE, Motion.TURN),))
    wait_for("light", lambda: len(wire.frames) > 3)
    wire.broken = True
    time.sleep(0.2)
    asked = time.monotonic()
    light.show((Pattern(Colour.TEAL),))
    assert time.monotonic() - asked < 0.2, "nobody waits for a ring that is gone"
    wire.broken = False
    wait_for("teal", lambda: wire.pixels[0][1] > wire.pixels[0][0] and wire.pixels[0][0] == 0 and wire.pixels[0][1])
    assert wire.opened >= 2


def test_a_device_that_is_no_spi_is_only_logged(
    tmp_path: Path, lit: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    """A real file, a real ioctl: the kernel refuses, the unit goes on."""
    (tmp_path / "spidev").touch()
    with caplog.at_level(logging.WARNING, "light"):
        light = load("light", "ring", {"device": str(tmp_path / "spidev")})
        lit.append(light)
        light.show((STEADY,))
        wait_for("a word in the log", lambda: "the light does not work" in caplog.text)
    assert (tmp_path / "spidev").read_bytes() == b""


def test_the_simulated_light_can_be_broken() -> None:
    light: sim.Driver = load("light", "sim")
    light.show((STEADY,))
    light.broken = True
    light.show(())
    assert list(light.shown) == [(STEADY,)]


# ------------------------------------------------------------------------------------------------ the doctor's look


def test_a_look_at_the_pins_touches_none(chip: Chip) -> None:
    options = Pins.Options(rgb=(17, 27, 22))
    assert Pins.probe(options).state is State.OK
    assert (chip.modes, chip.waves, chip.writes) == ({}, [], [])


def test_a_look_names_the_package_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "RPi", None)
    monkeypatch.delitem(sys.modules, "RPi.GPIO", raising=False)
    found = Pins.probe(Pins.Options(rgb=(17, 27, 22)))
    assert found.state is State.FAIL
    assert "rpi-lgpio" in found.do_ja


def test_a_look_at_a_bus_that_is_not_there(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        found = ring.Driver.probe(ring.Driver.Options(device=str(path)))
        assert found.state is State.FAIL
        assert "SPI" in found.do_ja
