"""An image with a small screen, started: what the unit says is on the display, to the last pixel."""

import base64
import io
from collections.abc import Iterator

import pytest
from PIL import Image

from drivers.card.sim.pki import TestPki
from tests.appliance.live import wait_until
from tests.appliance.uplink.serving import Served
from tests.image.conftest import Say, image_of
from tests.image.emulated import Machine
from tests.image.glass import HEIGHT, RESULTS, SLOW_S, WIDTH, edges, seen, serving, touched
from tests.image.service import PYTHON, TAP, page

pytestmark = pytest.mark.image

DISPLAY = '\n[drivers.display]\nmake = "framebuffer"\n'
# What the display's driver draws, drawn on the unit, with its font.
DRAW = """{python} - <<.
import base64, io
from drivers.display import Picture
from drivers.display._drawing import draw
packed = io.BytesIO()
draw(Picture({face!r}, {word!r}), {size!r}).save(packed, "png")
print(base64.b64encode(packed.getvalue()).decode())
."""


@pytest.fixture(scope="module")
def small(town: Served, pki: TestPki, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with serving(image_of("small-screen"), tmp_path_factory.mktemp("small"), town, pki, DISPLAY) as machine:
        yield machine


def test_it_shows_what_the_unit_says(small: Machine, say: Say) -> None:
    told = page(small, "/view")
    words = told["closed"] or told["invitation"]
    face = "closed" if told["closed"] else "idle"
    drawn = small.do(DRAW.format(python=PYTHON, face=face, word=words["short"], size=(WIDTH, HEIGHT)), seconds=SLOW_S)
    with Image.open(io.BytesIO(base64.b64decode(drawn))) as image:
        wanted = image.convert("RGB").tobytes()
    see = small.folder / "seen.png"
    wait_until(lambda: seen(small).tobytes() == wanted, lambda: f"not as drawn: {see}", SLOW_S, 1)
    say(f"a small screen shows what was drawn, to the last pixel; see {see}")


def test_a_touch_is_on_it(small: Machine, pki: TestPki) -> None:
    assert touched(small, pki, lambda: edges(seen(small)) in RESULTS), small.do(f"journalctl -b -u {TAP}")
