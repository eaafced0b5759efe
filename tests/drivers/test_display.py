"""The small display: what is drawn, and which bytes reach the framebuffer."""

import itertools
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from drivers.check import Check, State
from drivers.choose import UnknownDriverError, load
from drivers.display import FACES, Picture, framebuffer, sim
from drivers.display._drawing import draw
from drivers.display._pixels import Layout, LayoutError, pack
from tests.drivers.chip import wait_for

SIZES = ((480, 320), (320, 480), (320, 240), (800, 480))
WORDS = ("＋10", "済み", "不足", "もう一度", "残り120円", "カードを別に")
IDLE = Picture("idle", "タッチ")
PAID = Picture("ok_pay", "300円")


# ------------------------------------------------------------------------------------------------ drawing


def luminance(colour: str) -> float:
    """By WCAG 2.2."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    light = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(part * share for part, share in zip(light, (0.2126, 0.7152, 0.0722), strict=True))


@pytest.mark.parametrize("name", list(FACES))
def test_ink_stands_out_from_paper(name: str) -> None:
    face = FACES[name]
    light, dark = sorted((luminance(face.paper), luminance(face.ink)), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 7


def inked(image: Image.Image, paper: str, box: tuple[int, int, int, int]) -> tuple[int, int, int, int] | None:
    """Where a part of a picture is not paper, in its own coordinates."""
    part = image.crop(box)
    return ImageChops.difference(part, Image.new("RGB", part.size, paper)).getbbox()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("name", "word"), [*itertools.product(("ok_points", "refused", "idle"), WORDS)])
def test_sign_and_word_are_whole_and_apart(name: str, word: str, size: tuple[int, int]) -> None:
    width, height = size
    image = draw(Picture(name, word), size)
    assert image.size == size
    paper = FACES[name].paper
    edge = max(2, width // 60)
    frame = [(0, 0, width, 2), (0, height - 2, width, height), (0, 0, edge, height), (width - edge, 0, width, height)]
    assert [inked(image, paper, side) for side in frame] == [None] * 4, "nothing is cut off"
    rows = [inked(image, paper, (0, row, width, row + 1)) is not None for row in range(height)]
    stretches = [(lit, len(list(run))) for lit, run in itertools.groupby(rows)]
    assert max(length for lit, length in stretches[1:-1] if not lit) >= height // 60, "there is air between them"
    sign = inked(image, paper, (0, 0, width, round(height * 0.66)))
    assert sign is not None
    assert sign[3] - sign[1] > height * 0.12


@pytest.mark.parametrize("word", ["もう一度", "残り120円", "不足"])
def test_letters_are_as_large_as_an_older_eye_needs(word: str) -> None:
    """70 pixels on 3.5 inches; six whole characters still have them."""
    image = draw(Picture("closed", word), (480, 320))
    box = inked(image, FACES["closed"].paper, (0, 220, 480, 320))
    assert box is not None
    assert box[3] - box[1] >= 60


def test_every_face_can_be_told_from_every_other_without_colour() -> None:
    """The signs alone, but for the two greens and the two reds that share one."""
    signs = {}
    for name, face in FACES.items():
        grey = draw(Picture(name, ""), (240, 160)).convert("L")
        paper = grey.getpixel((2, 2)) if not face.band else grey.getpixel((20, 80))
        assert isinstance(paper, (int, float))
        part = grey.crop((60, 0, 180, 120)).point(lambda value, paper=paper: 255 if abs(value - paper) > 60 else 0)
        signs[name] = part
    same = {("ok_points", "ok_pay"), ("retry", "help")}
    for one, other in itertools.combinations(FACES, 2):
        difference = ImageChops.difference(signs[one], signs[other]).histogram()[255] / (120 * 120)
        assert difference < 0.001 if (one, other) in same else difference > 0.02, (one, other)


def test_little_money_has_a_yellow_band() -> None:
    assert draw(Picture("ok_low", "残り90円"), (480, 320)).getpixel((3, 160)) == (0xFF, 0xD4, 0x3D)


def test_without_a_font_the_message_says_what_to_install() -> None:
    with pytest.raises(UnknownDriverError, match="fonts-vlgothic"):
        load("display", "framebuffer", {"font": "/nowhere.ttf"})


# ------------------------------------------------------------------------------------------------ bytes


def picture(width: int, height: int, seed: int) -> Image.Image:
    image = Image.new("RGB", (width, height))
    image.putdata([((seed + at * 37) % 256, (seed + at * 91) % 256, (seed * at) % 256) for at in range(width * height)])
    return image


def pixel_at(data: bytes, layout: Layout, x: int, y: int) -> tuple[int, int, int]:
    """Read a pixel as the kernel's documentation of the formats says it."""
    at = y * layout.stride + x * layout.bits // 8
    if layout.bits == 32:
        (word,) = struct.unpack_from("<I", data, at)
        high, mid, low = word >> 16 & 255, word >> 8 & 255, word & 255
    else:
        (word,) = struct.unpack_from("<H", data, at)
        high, mid, low = (word >> 11) << 3, (word >> 5 & 63) << 2, (word & 31) << 3
    return (low, mid, high) if layout.red_first else (high, mid, low)


@settings(max_examples=60, deadline=None)
@given(
    width=st.integers(1, 40), height=st.integers(1, 20), bits=st.sampled_from((16, 32)), gap=st.integers(0, 5),
    red_first=st.booleans(), seed=st.integers(0, 255),
)  # fmt: skip
def test_every_pixel_arrives(width: int, height: int, bits: int, gap: int, red_first: bool, seed: int) -> None:
    image = picture(width, height, seed)
    layout = Layout(width, height, bits, width * bits // 8 + gap * 4, red_first=red_first)
    data = pack(image, layout)
    assert len(data) == layout.stride * height
    lost = (7, 3, 7) if bits == 16 else (0, 0, 0)
    for x, y in itertools.product(range(width), range(height)):
        expected = image.getpixel((x, y))
        assert isinstance(expected, tuple)
        wanted = tuple(int(part) & ~bits_lost for part, bits_lost in zip(expected, lost, strict=True))
        assert pixel_at(data, layout, x, y) == wanted


@pytest.mark.parametrize("layout", [Layout(3, 2, 24, 12), Layout(3, 2, 8, 4), Layout(4, 2, 16, 8), Layout(3, 2, 32, 8)])
def test_a_framebuffer_that_cannot_be_served(layout: Layout) -> None:
    with pytest.raises(LayoutError):
        pack(Image.new("RGB", (3, 2)), layout)


def test_what_the_kernel_answers_is_understood() -> None:
    """A 3.5-inch panel with 16 bits, and a monitor with padded rows that shows the second half of its memory."""
    panel = struct.pack("=8I3I", 480, 320, 480, 320, 0, 0, 16, 0, 11, 5, 0).ljust(160, b"\0")
    fixed = struct.pack("@16sL4I3HI", b"fb_ili9486", 0, 307_200, 0, 0, 2, 0, 0, 0, 960).ljust(80, b"\0")
    assert framebuffer.parse_layout(panel, fixed) == Layout(480, 320, 16, 960)
    monitor = struct.pack("=8I3I", 1366, 768, 1366, 1536, 0, 768, 32, 0, 16, 8, 0).ljust(160, b"\0")
    fixed = struct.pack("@16sL4I3HI", b"vc4drmfb", 0, 0, 0, 0, 2, 1, 1, 0, 5504).ljust(80, b"\0")
    assert framebuffer.parse_layout(monitor, fixed) == Layout(1366, 768, 32, 5504, start=768 * 5504)
    swapped = struct.pack("=8I3I", 8, 8, 8, 8, 0, 0, 32, 0, 0, 8, 0).ljust(160, b"\0")
    assert framebuffer.parse_layout(swapped, fixed).red_first


# ------------------------------------------------------------------------------------------------ the driver


class Panel:
    """A file in place of a framebuffer: it takes the same writes, and it can go missing."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.layout = Layout(480, 320, 16, 1024)
        self.plug()

    def plug(self) -> None:
        self.file.write_bytes(bytes(self.layout.stride * self.layout.height))

    def shows(self, drawn: Picture) -> bool:
        return self.file.exists() and self.file.read_bytes() == pack(draw(drawn, (480, 320)), self.layout)


@pytest.fixture
def panel(tmp_path: Path) -> Panel:
    return Panel(tmp_path / "fb0")


Make = Callable[..., framebuffer.Driver]


@pytest.fixture
def make(panel: Panel) -> Iterator[Make]:
    drivers: list[framebuffer.Driver] = []

    def build(**options: object) -> framebuffer.Driver:
        shape = {"width": 480, "height": 320, "bits": 16, "stride": 1024, "device": str(panel.file)}
        drivers.append(load("display", "framebuffer", shape | options))
        return drivers[-1]

    yield build
    for one in drivers:
        one.close()


def test_a_result_is_shown_then_it_invites_again(panel: Panel, make: Make) -> None:
    display = make()
    display.show(IDLE)
    wait_for("the invitation", lambda: panel.shows(IDLE))
    asked = time.monotonic()
    display.show(IDLE, PAID, 0.4)
    assert time.monotonic() - asked < 0.2, "a tap does not wait for a drawing"
    wait_for("the result", lambda: panel.shows(PAID))
    wait_for("the invitation", lambda: panel.shows(IDLE))
    assert 0.3 <= time.monotonic() - asked <= 1.5


def test_a_result_without_an_end_stays(panel: Panel, make: Make) -> None:
    display = make()
    display.show(IDLE, Picture("reading", "そのまま"), 0)
    wait_for("the result", lambda: panel.shows(Picture("reading", "そのまま")))
    time.sleep(0.3)
    assert panel.shows(Picture("reading", "そのまま"))


def test_the_newest_wins(panel: Panel, make: Make) -> None:
    display = make()
    for at in range(30):
        display.show(IDLE, Picture("ok_points", f"＋{at}"), 5)
    wait_for("the last one", lambda: panel.shows(Picture("ok_points", "＋29")))


def test_turned_by_a_quarter(panel: Panel, make: Make) -> None:
    make(rotate=90).show(IDLE)
    turned = draw(IDLE, (320, 480)).transpose(Image.Transpose.ROTATE_90)
    wait_for("the picture", lambda: panel.file.read_bytes() == pack(turned, panel.layout))


def test_a_display_that_was_unplugged_comes_back(
    panel: Panel, make: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(framebuffer, "AGAIN_S", 0.1)
    display = make()
    display.show(IDLE)
    wait_for("the invitation", lambda: panel.shows(IDLE))
    panel.file.unlink()
    display.show(IDLE, PAID, 30)
    time.sleep(0.3)
    assert caplog.text.count("the display does not work") == 1, "said once, not every time"
    panel.plug()
    wait_for("the result", lambda: panel.shows(PAID))


def test_a_device_that_is_no_framebuffer_is_only_logged(
    panel: Panel, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """A real file, a real ioctl: the kernel refuses, the unit goes on."""
    make(width=0).show(IDLE)
    wait_for("a word in the log", lambda: "the display does not work" in caplog.text)
    assert set(panel.file.read_bytes()) == {0}


def test_options_that_cannot_be_meant() -> None:
    for options in ({"rotate": 45}, {"bits": 24}, {"width": -1}, {"colour": 1}):
        with pytest.raises(UnknownDriverError):
            load("display", "framebuffer", options)


def test_the_simulated_display_draws_into_a_file(tmp_path: Path) -> None:
    display: sim.Driver = load("display", "sim", {"png": str(tmp_path / "display.png")})
    display.show(IDLE, PAID, 2.5)
    assert display.shown[-1] == sim.Shown(IDLE, PAID, 2.5)
    with Image.open(tmp_path / "display.png") as image:
        assert not ImageChops.difference(image.convert("RGB"), draw(PAID, (480, 320))).getbbox()
    display.broken = True
    display.show(IDLE)
    assert len(display.shown) == 1


def test_a_look_at_the_display_draws_nothing(panel: Panel, tmp_path: Path) -> None:
    def look(**options: object) -> Check:
        shape = {"width": 480, "height": 320, "bits": 16, "device": str(panel.file)}
        return framebuffer.Driver.probe(framebuffer.Driver.Options(**(shape | options)))  # type: ignore[arg-type]

    assert look().state is State.OK
    assert set(panel.file.read_bytes()) == {0}
    assert "fonts-vlgothic" in look(font="/nowhere.ttf").do_ja
    for wrong in ({"device": str(tmp_path / "none")}, {"width": 0}, {"stride": 100}):
        assert look(**wrong).state is State.FAIL
