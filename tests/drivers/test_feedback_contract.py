"""One table for every unit: whatever light, loudspeaker and screen it has, the same touch is told in the same way."""

import asyncio
import itertools
import re
import time
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec
import pytest

from appliance.counter import words_folders
from appliance.feedback import MANNERS, Feedback, Shown
from appliance.screen.app import create_screen
from appliance.screen.board import Board
from appliance.screen.panel import Panel
from appliance.view import Viewer
from appliance.words import load as load_words
from drivers.choose import load
from drivers.clock.sim import Driver as Clock
from drivers.display import FACES, Picture, Sign
from drivers.display._drawing import draw
from drivers.display._pixels import Layout, pack
from drivers.light import Colour, Motion, Pattern
from drivers.sound.earcons import EARCONS
from sync.program import Result
from tests.drivers.chip import install, wait_for

ROOT: Final = Path(__file__).parents[2]
WORDS: Final = load_words(*words_folders())

TEAL = (Colour.TEAL, Motion.STEADY, 1500)
YELLOW = (Colour.YELLOW, Motion.BLINK, 2000)
# What a person is to see and hear: sign, light, paper of the screens, beeps, how long, and a message as an example.
TABLE: Final[dict[Result, tuple[str, list[tuple[Colour, Motion, int]], str, int, float, str]]] = {
    Result.READING: ("◌", [(Colour.WHITE, Motion.TURN, 0)], "#ffffff", 1, 0, "TAP-001"),
    Result.OK_POINTS: ("○", [TEAL], "#51b883", 2, 2.5, "VIS-010"),
    Result.OK_PAY: ("○", [TEAL], "#51b883", 2, 2.5, "VIS-010"),
    Result.OK_LOW: ("○!", [TEAL, YELLOW], "#51b883", 3, 4, "VIS-010"),
    Result.ALREADY: ("＝", [(Colour.BLUE, Motion.HALVES, 1500)], "#0017c1", 2, 4, "VIS-020"),
    Result.REFUSED: ("!", [(Colour.ORANGE, Motion.BLINK, 2000)], "#ebb700", 2, 4, "TAP-031"),
    Result.RETRY: ("×", [(Colour.YELLOW, Motion.CHASE, 2000)], "#850000", 5, 4, "TAP-010"),
    Result.HELP: ("×", [(Colour.ORANGE, Motion.STEADY, 4000)], "#850000", 2, 6, "TAP-030"),
}
PAGE_SIGNS: Final = {
    Sign.TOUCH: "touch", Sign.WORKING: "working", Sign.GOOD: "good", Sign.LOW: "low", Sign.SAME: "same",
    Sign.MARK: "mark", Sign.CROSS: "cross", Sign.PAUSE: "pause",
}  # fmt: skip
STATES: Final = ("sim", "broken", "none")


class Unit:
    """The mouth of a unit with whatever was fitted; "broken" is a simulated part whose cable is torn."""

    def __init__(self, light: Any, sound: Any, display: Any, *, page: bool) -> None:
        self.light, self.sound, self.display = light, sound, display
        self.board = Board()
        if display:
            self.board.watch(Panel(display).show)
        self.page = create_screen(self.board, lambda: "lib01/0/1") if page else None
        self.viewer = Viewer(self.board, WORDS, Clock())
        self.viewer.place = lambda: ("図書館", "Library")
        self.feedback = Feedback(light, sound, WORDS, self.viewer.result)
        self.viewer.state(None)

    def tell(self, result: Result) -> Shown:
        return self.feedback.show(result, TABLE[result][-1], {"phone": "00-1234"})

    def see_page(self) -> dict[str, Any]:
        """What a browser gets."""

        async def get() -> dict[str, Any]:
            assert self.page
            transport = httpx.ASGITransport(app=self.page)
            async with httpx.AsyncClient(transport=transport, base_url="http://unit") as browser:
                view: dict[str, Any] = (await browser.get("/view")).json()
                return view

        return asyncio.run(get())


def fitted(kind: str, state: str) -> Any:
    driver = load(kind, "none" if state == "none" else "sim")
    if state == "broken":
        driver.broken = True
    return driver


def test_the_table_is_the_units_table() -> None:
    assert set(TABLE) == set(Result)
    for result, (symbol, light, paper, beeps, seconds, _) in TABLE.items():
        manner = MANNERS[result]
        assert (manner.symbol, manner.seconds) == (symbol, seconds)
        assert manner.light == tuple(Pattern(*pattern) for pattern in light)
        assert (FACES[result].sign, FACES[result].paper) == (symbol, paper)
        assert len(EARCONS[result]) == beeps
    assert set(FACES) == {*Result, "idle", "closed"}
    assert set(EARCONS) == set(Result)


def test_no_two_results_sound_alike_or_look_alike() -> None:
    """Without eyes, and without ears. The three that say "done" share light and sign, and differ by ear."""
    assert len({tuple(notes) for notes in EARCONS.values()}) == len(Result)
    seen = {(MANNERS[result].symbol, MANNERS[result].light, FACES[result].paper) for result in Result}
    assert len(seen) == len(Result) - 1


def test_page_and_small_display_have_the_same_colours_and_signs() -> None:
    pages = ROOT / "appliance" / "screen" / "pages"
    css = "".join((pages / name).read_text() for name in ("palette.css", "screen.css"))  # as the page loads them
    papers: dict[str, str] = {}
    for states, paper in re.findall(r"^((?:\[data-state[^{]*))\{ --paper: (#\w+);", css, re.MULTILINE):
        for how, state in re.findall(r'data-state(\^?=)"(\w+)"', states):
            papers |= {name: paper for name in FACES if (name.startswith(state) if how == "^=" else name == state)}
    for name, face in FACES.items():
        assert papers.get(name, "#ffffff") == face.paper, name
        assert f'[data-state="{name}"] .{PAGE_SIGNS[face.sign]}' in css
        assert f'class="symbol {PAGE_SIGNS[face.sign]}"' in (ROOT / "appliance/screen/pages/index.html").read_text()


@pytest.mark.parametrize("result", list(Result))
@pytest.mark.parametrize(("light", "sound"), [*itertools.product(STATES, STATES)])
@pytest.mark.parametrize("display", ["without", *STATES])
@pytest.mark.parametrize("page", [True, False], ids=["page", "no page"])
def test_the_same_touch_is_told_alike(result: Result, light: str, sound: str, display: str, *, page: bool) -> None:
    small = None if display == "without" else fitted("display", display)
    unit = Unit(fitted("light", light), fitted("sound", sound), small, page=page)
    began = time.monotonic()
    shown = unit.tell(result)
    assert time.monotonic() - began < 0.25, "due after 50 ms; the rest is for a machine under load"
    symbol, patterns, _, _, seconds, message = TABLE[result]
    assert (shown.result, shown.symbol, shown.seconds, shown.message) == (result, symbol, seconds, message)
    assert shown.short == WORDS[message].short
    if light == "sim":
        assert list(unit.light.shown) == [tuple(Pattern(*pattern) for pattern in patterns)]
    if sound == "sim":
        assert [(heard.earcon, heard.say) for heard in unit.sound.played] == [(result, message)]
    if display == "sim":
        seen = unit.display.shown[-1]
        assert (seen.rest, seen.result, seen.seconds) == (
            Picture("idle", "タッチ"),
            Picture(result, shown.short),
            seconds,
        )
    if page:
        view = unit.see_page()
        assert view["shown"] == msgspec.to_builtins(shown)
        assert view["light"] == [{"colour": colour, "motion": motion, "ms": ms} for colour, motion, ms in patterns]


def test_a_repeated_touch_is_told_again_in_every_way() -> None:
    unit = Unit(fitted("light", "sim"), fitted("sound", "sim"), fitted("display", "sim"), page=True)
    shown = unit.tell(Result.ALREADY)
    unit.feedback.repeat(shown)
    for told in (unit.light.shown, unit.sound.played):
        assert len(told) == 2
        assert told[0] == told[1]
    assert unit.display.shown[-1] == unit.display.shown[-2]


def test_a_closed_unit_says_so_on_both_screens() -> None:
    unit = Unit(fitted("light", "sim"), fitted("sound", "sim"), fitted("display", "sim"), page=True)
    unit.viewer.state("TAP-041")
    assert unit.display.shown[-1].rest == Picture("closed", WORDS["TAP-041"].short)
    assert unit.display.shown[-1].result is None
    assert unit.see_page()["closed"]["short"] == WORDS["TAP-041"].short


def test_the_real_makes_tell_it_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pins through rpi-lgpio, ALSA into a file, a framebuffer that is a file; each result within its time."""
    chip, _ = install(monkeypatch)
    (tmp_path / "asound.conf").write_text(
        f'</usr/share/alsa/alsa.conf>\npcm.room {{ type file slave.pcm null file "{tmp_path}/out.raw" format raw }}\n'
    )
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(tmp_path / "asound.conf"))
    (tmp_path / "fb0").write_bytes(bytes(480 * 320 * 2))
    light = load("light", "gpio", {"rgb": [17, 27, 22], "brightness": 100, "night_brightness": 100})
    sound = load("sound", "alsa", {"device": "room"})
    shape = {"width": 480, "height": 320, "bits": 16}
    display = load("display", "framebuffer", {"device": str(tmp_path / "fb0"), **shape})
    unit = Unit(light, sound, display, page=False)
    slowest = {"call": 0.0, "light": 0.0, "sound": 0.0, "display": 0.0}
    try:
        wait_for("the pins", lambda: len(chip.waves) >= 3)
        sound.play("already")
        wait_for("the loudspeaker", lambda: sound.began_at)
        for result in Result:
            light.show(())
            wait_for("dark", lambda: [chip.duty(pin) for pin in (17, 27, 22)] == [0, 0, 0])
            chip.waves.clear()
            began = time.monotonic()
            shown = unit.tell(result)
            slowest["call"] = max(slowest["call"], time.monotonic() - began)
            wait_for("light", lambda: chip.waves)
            slowest["light"] = max(slowest["light"], chip.waves[0][0] - began)
            wait_for("sound", lambda began=began: sound.began_at >= began)
            slowest["sound"] = max(slowest["sound"], sound.began_at - began)
            drawn = pack(draw(Picture(result, shown.short), (480, 320)), Layout(480, 320, 16, 960))
            wait_for("picture", lambda drawn=drawn: (tmp_path / "fb0").read_bytes() == drawn)
            slowest["display"] = max(slowest["display"], time.monotonic() - began)
    finally:
        for driver in (light, sound, display):
            driver.close()
    assert slowest["call"] < 0.25, slowest
    assert max(slowest.values()) < 1.0, slowest  # a machine under load; what was measured stands in docs/hardware.md
