"""An image with a kiosk, started: its page covers the display, looked at from outside as a person would.

Chromium is slow on a processor that is emulated: it takes minutes until the page is there. They are printed.
"""

import time
from collections.abc import Iterator

import pytest
from PIL import ImageColor

from drivers.card.sim.pki import TestPki
from tests.appliance.live import wait_until
from tests.appliance.uplink.serving import Served
from tests.image.conftest import Say, image_of
from tests.image.emulated import Machine
from tests.image.glass import HEIGHT, RESULTS, SLOW_S, WIDTH, colours, edges, seen, serving, touched
from tests.image.service import megabytes, page

pytestmark = pytest.mark.image

DISPLAY, SCREEN = "machi-display.service", "machi-screen.service"
# Looks for an open page, so many that the browser may take half an hour for its first.
SLOWLY = f"""
mkdir -p /run/systemd/system/{SCREEN}.d
printf '[Service]\\nEnvironment=MACHI_SCREEN_LOOK_S=30\\n' >/run/systemd/system/{SCREEN}.d/30-slow.conf
systemctl daemon-reload
"""
GROUND = {False: "#e8e8ec", True: "#ffffff"}  # of the page while nobody touches, by whether the unit serves


@pytest.fixture(scope="module")
def kiosk(town: Served, pki: TestPki, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with serving(image_of("kiosk"), tmp_path_factory.mktemp("kiosk"), town, pki, before=SLOWLY) as machine:
        yield machine


def test_the_page_covers_the_whole_display(kiosk: Machine, say: Say) -> None:
    began = time.monotonic()
    wait_until(lambda: page(kiosk, "/pages") == {"pages": 1}, lambda: log(kiosk), SLOW_S, 5)
    say(f"a kiosk's page is open {time.monotonic() - began:.0f} s after the unit serves")
    ground = {ImageColor.getrgb(GROUND[page(kiosk, "/view")["closed"] is None])}
    wait_until(lambda: edges(seen(kiosk)) == ground, lambda: f"{edges(seen(kiosk))}{log(kiosk)}", SLOW_S, 2)
    say(f"and on the display {time.monotonic() - began:.0f} s after it; see {kiosk.folder / 'seen.png'}")
    shown = seen(kiosk)
    assert shown.size == (WIDTH, HEIGHT)
    assert len(colours(shown)) > 50, "letters have soft edges; one flat colour would be no page"


def test_a_touch_is_all_over_it(kiosk: Machine, pki: TestPki) -> None:
    """In colours that nothing but the unit's page has: so it is no other page, and none that hangs."""
    assert touched(kiosk, pki, lambda: edges(seen(kiosk)) in RESULTS), log(kiosk)


def test_nothing_failed(kiosk: Machine, say: Say) -> None:
    assert kiosk.do("systemctl list-units --failed --plain --no-legend") == ""
    sizes = {service: megabytes(kiosk, service) for service in (DISPLAY, SCREEN)}
    for service in sizes:
        assert kiosk.shown(service, "NRestarts") == "0", log(kiosk)
    say(", ".join(f"{service} {size:.0f} MB" for service, size in sizes.items()))


def log(machine: Machine) -> str:
    return machine.run(f"journalctl -b -u {DISPLAY} -u {SCREEN} -u seatd | tail -60").stdout
