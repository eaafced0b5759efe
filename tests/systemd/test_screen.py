"""A unit's own display: the real compositor, browser and walls, before a framebuffer of X in the place of a panel."""

import json
import struct
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.appliance.live import wait_until
from tests.systemd.box import ROOT, Box

TAP, DISPLAY, SCREEN = "machi-tap.service", "machi-display.service", "machi-screen.service"
WIDTH, HEIGHT = 800, 480
LOOKED_S = 4  # in which the page was seen to be open at least once
FRAME = "/run/glass/Xvfb_screen0"  # in the format of xwd
GLASS = f"""[Service]
ExecStart=/usr/bin/Xvfb :77 -screen 0 {WIDTH}x{HEIGHT}x24 -nolisten tcp -fbdir /run/glass
RuntimeDirectory=glass
"""
PANEL = "--backend=drm-backend.so --use-pixman --continue-without-input"
WINDOW = f"--backend=x11-backend.so --use-pixman --width={WIDTH} --height={HEIGHT}"


@pytest.fixture(scope="module")
def shown(box: Box) -> Box:
    """The box with a display, as its image starts it; only that the panel is a window of X."""
    assert not box.is_active(DISPLAY), "a board without a display starts nothing for one"
    assert box.do("systemctl", "list-units", "--failed", "--plain", "--no-legend") == ""
    unit = (ROOT / "systemd/system" / DISPLAY).read_text().replace("\\\n", "")
    (command,) = [line for line in unit.splitlines() if line.startswith("ExecStart=")]
    assert PANEL in command
    there = "[Unit]\nConditionPathExistsGlob=\n[Service]\n"
    # A window of X is reached by a socket in /tmp, and by shared memory.
    window = f"PrivateTmp=no\nPrivateIPC=no\nEnvironment=DISPLAY=:77\nExecStart=\n{command.replace(PANEL, WINDOW)}\n"
    drop_in(box, DISPLAY, there + window)
    drop_in(box, SCREEN, f"{there}Environment=MACHI_SCREEN_LOOK_S=1\n")
    box.do("tee", "/run/systemd/system/glass.service", given=GLASS)
    box.do("systemctl", "daemon-reload")
    box.do("systemctl", "start", "glass.service")
    wait_until(lambda: box.run("test", "-e", FRAME).returncode == 0, "no display")
    box.do("systemctl", "start", "machi-unit.target")
    wait_for_page(box)
    return box


def drop_in(box: Box, service: str, text: str) -> None:
    folder = f"/run/systemd/system/{service}.d"
    box.do("mkdir", "-p", folder)
    box.do("tee", f"{folder}/30-glass.conf", given=text)


def wait_for_page(box: Box) -> None:
    wait_until(lambda: pages(box) == 1, lambda: f"{pages(box)}\n{box.log(SCREEN)}\n{box.log(DISPLAY)}", 60, 0.2)


def pages(box: Box) -> int:
    """How many pages the unit shows itself on, asked from where it can be seen; -1 while it does not answer."""
    inside = ["nsenter", f"--target={box.process(TAP)}", "--net", "curl", "--silent", "http://127.0.0.1:8101/pages"]
    said = subprocess.run(inside, capture_output=True, text=True, check=False).stdout
    return int(json.loads(said)["pages"]) if said else -1


def picture(box: Box) -> list[list[int]]:
    """Return what is on the display: rows of pixels, each 0xRRGGBB."""
    raw = Path(f"/proc/{box.first}/root{FRAME}").read_bytes()
    header = struct.unpack(">25I", raw[:100])
    (size, width, height, bits, line, colours) = (header[at] for at in (0, 4, 5, 11, 12, 19))
    assert (width, height, bits) == (WIDTH, HEIGHT, 32)
    start = size + 12 * colours
    rows = (raw[start + line * y : start + line * y + 4 * width] for y in range(height))
    return [[pixel & 0xFFFFFF for (pixel,) in struct.iter_unpack("<I", row)] for row in rows]


def test_the_page_covers_the_whole_display(shown: Box) -> None:
    def edges() -> Counter[int]:
        rows = picture(shown)
        return Counter([*rows[0], *rows[-1], *(row[0] for row in rows), *(row[-1] for row in rows)])

    wait_until(lambda: len(edges()) == 1 and 0 not in edges(), lambda: f"not the page's own ground: {edges()}", 60, 0.5)
    inside = Counter(pixel for row in picture(shown) for pixel in row)
    assert len(inside) > 50, "letters have soft edges; one flat colour would be no page"


def test_the_browser_has_no_network_but_the_page_and_no_file_of_the_unit(shown: Box) -> None:
    tap, screen = (Path(f"/proc/{shown.process(service)}/ns/net").readlink() for service in (TAP, SCREEN))
    assert tap == screen
    assert tap != Path("/proc/self/ns/net").readlink()
    inside = ["nsenter", f"--target={shown.process(SCREEN)}", "--mount", "ls", "/var/lib/machitap"]
    assert "Permission denied" in subprocess.run(
        [*inside[:3], "setpriv", "--reuid=machi-screen", "--regid=machi-screen", "--clear-groups", *inside[3:]],
        capture_output=True, text=True, check=False,
    ).stderr  # fmt: skip


def test_a_unit_that_starts_anew_finds_its_page_where_it_was(shown: Box) -> None:
    browser = shown.process(SCREEN)
    shown.do("systemctl", "restart", TAP)
    wait_for_page(shown)
    assert shown.process(SCREEN) == browser


def test_a_page_that_died_while_its_browser_lives_comes_back(shown: Box) -> None:
    time.sleep(LOOKED_S)
    restarts = int(shown.shown(SCREEN, "NRestarts"))
    shown.do("pkill", "--signal=KILL", "--full", "--", "--type=renderer")
    wait_until(lambda: int(shown.shown(SCREEN, "NRestarts")) > restarts, lambda: shown.log(SCREEN), 60, 0.2)
    wait_for_page(shown)


@pytest.mark.parametrize("service", [DISPLAY, SCREEN])
def test_whatever_is_killed_of_the_display_comes_back(shown: Box, service: str) -> None:
    before = shown.process(SCREEN)
    shown.do("systemctl", "kill", "--kill-whom=main", "--signal=KILL", service)
    wait_until(lambda: shown.process(SCREEN) not in (0, before), lambda: shown.log(SCREEN), 60, 0.2)
    wait_for_page(shown)


def test_nothing_of_it_is_written_to_the_disk(shown: Box) -> None:
    """The box's disk is a tmpfs over this machine's: what its users own there was written by them."""
    places = ["/var", "/home", "/root", "/etc", "/usr/lib/machitap", "-xdev", "-maxdepth", "4"]
    assert shown.do("find", *places, "(", "-user", "machi-screen", "-o", "-user", "machi-display", ")") == ""
