"""A unit with a display, on an emulated machine, and the display from outside, as QEMU would put it on a monitor."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image, ImageColor

from drivers.card.sim.issue import make
from drivers.card.sim.pki import TestPki
from drivers.card.sim.plan import Plan
from drivers.display import FACES
from tests.appliance.uplink.serving import Served
from tests.image.emulated import Machine, started, written
from tests.image.monitor import Monitor
from tests.image.service import set_up, trusted

WIDTH, HEIGHT = 800, 480
PANEL = ("-device", f"virtio-gpu-pci,xres={WIDTH},yres={HEIGHT},romfile=")
SLOW_S = 1800
Colour = tuple[int, ...]
RESULTS: list[set[Colour]] = [{ImageColor.getrgb(FACES[name].paper)} for name in ("ok_points", "already")]


@contextmanager
def serving(
    image: Path, folder: Path, town: Served, pki: TestPki, more: str = "", before: str = "true"
) -> Iterator[Machine]:
    """Start a unit with a display, and set it up.

    Args:
        more: what its unit.toml has besides.
        before: what is done there before it serves.
    """
    with started(written(image, folder), folder, more=PANEL) as machine:
        machine.do(before)
        set_up(machine, town, trusted(pki, folder / "trust"), more, SLOW_S)
        yield machine


def seen(machine: Machine) -> Image.Image:
    """Look at its display, and leave what was seen for a person."""
    shot = machine.folder / "seen.ppm"
    with Monitor(machine.folder / "monitor") as monitor:
        monitor.photograph(shot)
    with Image.open(shot) as image:
        picture = image.convert("RGB")
    picture.save(shot.with_suffix(".png"))
    return picture


def edges(image: Image.Image) -> set[Colour]:
    """Return the colours of the outermost pixels, all the way round."""
    width, height = image.size
    sides = [(0, 0, width, 1), (0, height - 1, width, height), (0, 0, 1, height), (width - 1, 0, width, height)]
    return {colour for side in sides for colour in colours(image.crop(side))}


def colours(image: Image.Image) -> set[Colour]:
    found = image.getcolors(image.width * image.height)
    assert found is not None
    return {colour for _, colour in found if isinstance(colour, tuple)}


def touched(machine: Machine, pki: TestPki, is_seen: Callable[[], bool]) -> bool:
    """Hold a card to the reader, again and again, until something is seen on the display."""
    until = time.monotonic() + SLOW_S
    with machine.reader() as reader:
        while time.monotonic() < until:
            reader.present(make(Plan(serial="990000000000001", pki=str(pki.folder)), pki))
            looked = time.monotonic() + 60
            while time.monotonic() < looked:
                if is_seen():
                    return True
            reader.remove()
            time.sleep(2)
    return False
