"""A unit's screen, as people before it see it: the right words and sign, nothing cut off, never an old result."""

import asyncio
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from starlette.types import ASGIApp

from appliance.counter import words_folders
from appliance.feedback import Feedback
from appliance.screen.app import create_screen
from appliance.screen.board import Board, Till
from appliance.view import Viewer
from appliance.words import Catalogue, load
from drivers.clock.sim import Driver as Clock
from drivers.light.sim import Driver as Light
from drivers.sound.sim import Driver as Sound
from sync.program import NO_WISH, Result
from tests.appliance.live import wait_until
from tests.browser.looking import fits
from tests.browser.serving import Serving

SIZES = {"7 inch": (800, 480), "10 inch": (1280, 800), "standing": (480, 800), "bus": (1024, 600)}
SMALL = (480, 320)
LONGEST = "灯台町立ふれあいコミュニティセンター本館一階受付窓口"
FITS = """() => [...document.querySelectorAll('h1, #ja, #en, .hint, .chip, footer p, time')]
    .filter((one) => one.checkVisibility())
    .filter((one) => { const box = one.getBoundingClientRect();
        return box.left < -1 || box.top < -1 || box.right > innerWidth + 1 || box.bottom > innerHeight + 1
            || one.scrollWidth > one.clientWidth + 1; })
    .map((one) => `${one.id || one.className || one.tagName}: ${one.textContent} `
        + JSON.stringify([one.getBoundingClientRect(), one.scrollWidth, one.clientWidth]))"""
# Relative luminance and contrast by WCAG 2.2.
CONTRAST = """() => {
    const light = (colour) => colour.match(/[0-9.]+/g).slice(0, 3).map((part) => part / 255)
        .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
        .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
    const paper = light(getComputedStyle(document.body).backgroundColor);
    return Math.min(...['ja', 'en', 'place', 'clock'].map((id) => {
        const ink = light(getComputedStyle(document.getElementById(id)).color);
        return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
    }));
}"""


class Unit:
    """The part of a unit that people see and hear, behind a web server of its own."""

    def __init__(self) -> None:
        self.board = Board()
        self.words: Catalogue = load(*words_folders())
        self.viewer = Viewer(self.board, self.words, Clock())
        self.viewer.place = lambda: ("図書館", "Library")
        self.viewer.phone = lambda: "00-1234"
        self.feedback = Feedback(Light(), Sound(), self.words, self.viewer.result)
        self.serving = Serving()

    def open(self) -> None:
        def make() -> ASGIApp:
            self.board.attach(asyncio.get_running_loop())
            return create_screen(self.board, lambda: "lib01/0/1")

        self.serving.start(make)


@pytest.fixture
def unit() -> Iterator[Unit]:
    one = Unit()
    one.open()
    one.viewer.state(None)
    yield one
    one.serving.stop()


def look(page: Page, unit: Unit, size: tuple[int, int] = SIZES["7 inch"]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(unit.serving.url)
    expect(page.locator("body")).not_to_have_attribute("data-state", "starting")


def test_an_idle_unit_asks_for_a_card_in_two_languages(unit: Unit, page: Page) -> None:
    look(page, unit)
    for words in ("図書館", "Library", "カードをここにタッチ", "Touch your card here", "使えます", "困ったら受付へ"):
        expect(page.get_by_text(words).first).to_be_visible()
    expect(page.locator(".symbol.touch")).to_be_visible()


SIGNS = {
    Result.READING: ("TAP-001", "working"),
    Result.OK_POINTS: ("VIS-010", "good"),
    Result.OK_PAY: ("VIS-010", "good"),
    Result.OK_LOW: ("VIS-010", "low"),
    Result.ALREADY: ("VIS-020", "same"),
    Result.REFUSED: ("TAP-031", "mark"),
    Result.RETRY: ("TAP-010", "cross"),
    Result.HELP: ("TAP-033", "cross"),
}


@pytest.mark.parametrize("result", Result)
def test_a_result_has_its_words_its_sign_and_enough_contrast(unit: Unit, page: Page, result: Result) -> None:
    look(page, unit)
    message, sign = SIGNS[result]
    unit.feedback.show(result, message, {"phone": "00-1234"})
    expect(page.locator("#ja")).to_have_text(unit.words[message].fill({"phone": "00-1234"}).ja)
    expect(page.locator("#en")).to_have_text(unit.words[message].en)
    shown = "all => all.filter((one) => getComputedStyle(one).display !== 'none').length"
    assert page.locator(".symbol").evaluate_all(shown) == 1
    expect(page.locator(f".symbol.{sign}")).to_have_css("display", "inline")
    assert page.evaluate(CONTRAST) >= 4.5


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_no_message_is_cut_off_even_beneath_the_longest_name(unit: Unit, page: Page, size: tuple[int, int]) -> None:
    unit.viewer.place = lambda: (LONGEST, "Furusato community centre, main building, reception")
    unit.viewer.state(None)
    look(page, unit, size)
    assert page.evaluate(FITS) == []
    for message in unit.words:
        unit.feedback.show(Result.HELP, message, {"phone": "0120-123-4567"})
        expect(page.locator("#en")).to_have_text(unit.words[message].fill({"phone": "0120-123-4567"}).en)
        assert page.evaluate(FITS) == [], message


def test_the_smallest_screen_shows_the_sign_and_a_word(unit: Unit, page: Page) -> None:
    look(page, unit, SMALL)
    unit.feedback.show(Result.REFUSED, "TAP-031")
    expect(page.locator("#short")).to_have_text("停止中")
    expect(page.locator("#short")).to_be_visible()
    expect(page.locator("#ja")).to_be_hidden()
    fits(page)


def test_the_units_own_display_follows_the_unit(unit: Unit, page: Page) -> None:
    page.goto(f"{unit.serving.url}/display")
    expect(page.locator("#ja")).to_have_text("カードをここにタッチ")
    stand(unit, "魚屋", Till("shop", ("pay",), NO_WISH, 0))
    expect(page.locator("#amount-step")).to_be_visible()
    stand(unit, "図書館", None)
    expect(page.locator("#ja")).to_have_text("カードをここにタッチ")


def stand(unit: Unit, place: str, till: Till | None) -> None:
    """Put the unit to another place, as the office does."""
    unit.viewer.place = lambda: (place, place)
    unit.viewer.till = lambda: till
    unit.viewer.state(None)


def test_a_unit_knows_how_many_pages_are_open(unit: Unit, page: Page) -> None:
    def count() -> int:
        pages: int = page.request.get(f"{unit.serving.url}/pages").json()["pages"]
        return pages

    assert count() == 0
    look(page, unit)
    assert count() == 1
    page.reload()
    wait_until(lambda: count() == 1, lambda: f"{count()} pages")
    page.goto("about:blank")
    wait_until(lambda: count() == 0, lambda: f"{count()} pages")


def test_a_result_goes_away_by_itself(unit: Unit, page: Page) -> None:
    look(page, unit)
    unit.feedback.show(Result.OK_POINTS, "VIS-010")
    expect(page.locator("body")).to_have_attribute("data-state", "ok_points")
    expect(page.locator("body")).to_have_attribute("data-state", "idle", timeout=4_000)


def test_a_page_that_comes_late_does_not_greet_the_next_person(unit: Unit, page: Page) -> None:
    unit.feedback.show(Result.OK_POINTS, "VIS-010")
    page.wait_for_timeout(2_600)
    look(page, unit)
    expect(page.locator("#ja")).to_have_text("カードをここにタッチ")


@pytest.mark.threat("text that attacks a screen, a terminal or a log")
def test_a_places_name_is_shown_and_not_obeyed(unit: Unit, page: Page) -> None:
    attack = "<img src=x onerror=\"document.title='broken'\">'\"&amp;"
    unit.viewer.place = lambda: (attack, attack)
    unit.viewer.state(None)
    look(page, unit)
    expect(page.locator("#place")).to_contain_text(attack)
    assert page.title() != "broken"
    assert page.locator("img[src=x]").count() == 0


def test_a_closed_unit_says_why_and_what_to_do(unit: Unit, page: Page) -> None:
    look(page, unit)
    unit.viewer.state("TAP-041")
    expect(page.locator("#ja")).to_contain_text("カードの読み取り機が見つかりません")
    expect(page.get_by_text("お休み中")).to_be_visible()
    unit.viewer.state(None)
    expect(page.locator("#ja")).to_have_text("カードをここにタッチ")


def test_a_screen_whose_unit_died_says_so_and_comes_back_with_it(unit: Unit, page: Page) -> None:
    page.clock.install()
    look(page, unit)
    unit.serving.stop()
    page.clock.fast_forward(13_000)
    expect(page.locator("#stale")).to_be_visible()
    unit.open()
    unit.viewer.state("TAP-040")
    page.clock.resume()
    page.clock.fast_forward(13_000)
    expect(page.locator("#stale")).to_be_hidden(timeout=10_000)
    expect(page.locator("#ja")).to_contain_text("調整中")


def test_a_result_is_heard_where_somebody_asked_for_sound(unit: Unit, page: Page) -> None:
    page.add_init_script("""
        window.tones = [];
        const start = OscillatorNode.prototype.start;
        OscillatorNode.prototype.start = function (at) {
            tones.push(this.frequency.value);
            return start.call(this, at);
        };
    """)
    page.goto(f"{unit.serving.url}/?sound=1")
    page.locator("body").click()
    unit.feedback.show(Result.OK_POINTS, "VIS-010")
    page.wait_for_function("() => tones.length > 0")
    unit.feedback.show(Result.RETRY, "TAP-010")
    page.wait_for_function("() => new Set(tones).size > 3")
