"""The counter's codes, as the person behind it sees them: a bill beside the card, the receipt of the last result."""

import asyncio
from collections.abc import Iterator

import msgspec
import pytest
from playwright.sync_api import Page, expect
from starlette.types import ASGIApp

from appliance.counter import words_folders
from appliance.feedback import Feedback
from appliance.papers import NoReceiptError
from appliance.screen import codes
from appliance.screen.app import create_screen
from appliance.screen.board import Board, Till
from appliance.view import Viewer
from appliance.words import load
from drivers.clock.sim import Driver as Clock
from drivers.light.sim import Driver as Light
from drivers.sound.sim import Driver as Sound
from sync.program import NO_WISH, Result, Wish
from tests.browser.serving import Serving

SIZES = {"7 inch": (800, 480), "standing": (480, 800)}
ENTRY = "shop01/9f3c0a1b22d4e5f6/4"
TEXTS = {"receipt": "MACHIR1:" + "A" * 240, "bill": "000201" + "A" * 200}
OUTSIDE = """() => [...document.querySelectorAll('button, img, p, figcaption')]
    .filter((one) => one.checkVisibility())
    .filter((one) => { const box = one.getBoundingClientRect();
        return box.left < -1 || box.top < -1 || box.right > innerWidth + 1 || box.bottom > innerHeight + 1; })
    .map((one) => one.id || one.textContent)"""


class Counter:
    """A counter's page behind a web server of its own."""

    def __init__(self) -> None:
        self.board, self.words = Board(), load(*words_folders())
        self.viewer = Viewer(self.board, self.words, Clock())
        self.viewer.place = lambda: ("魚屋まるい", "Marui")
        self.feedback = Feedback(Light(), Sound(), self.words, self.viewer.result)
        self.serving = Serving()
        self.asked: list[str] = []

    def open(self) -> None:
        async def text(name: str) -> str:
            return TEXTS[name]

        async def again(entry: str) -> None:
            self.asked.append(entry)
            if len(self.asked) > 1:
                raise NoReceiptError("no paper here")

        def make() -> ASGIApp:
            self.board.attach(asyncio.get_running_loop())
            screen = create_screen(self.board, lambda: "shop01/0/1")
            screen.routes.extend(codes.routes(lambda: text("receipt"), lambda: text("bill"), again))
            return screen

        self.serving.start(make)

    def till(self, wish: Wish = NO_WISH, left_ms: int = 0, **more: object) -> None:
        self.viewer.till = lambda: Till("shop", ("pay", "void"), wish, left_ms, **more)  # type: ignore[arg-type]


@pytest.fixture(params=list(SIZES.values()), ids=list(SIZES))
def counter(page: Page, request: pytest.FixtureRequest) -> Iterator[Counter]:
    one = Counter()
    one.open()
    one.till()
    one.viewer.state(None)
    page.set_viewport_size({"width": request.param[0], "height": request.param[1]})
    page.goto(f"{one.serving.url}/counter")
    expect(page.locator("#amount-step")).to_be_visible()
    yield one
    one.serving.stop()


def is_drawn(page: Page, image: str) -> None:
    expect(page.locator(image)).to_be_visible()
    page.wait_for_function("(one) => document.querySelector(one).naturalWidth > 0", arg=image)
    assert page.evaluate(OUTSIDE) == []


def test_a_bill_stands_beside_the_card_while_it_is_waited_for(counter: Counter, page: Page) -> None:
    counter.till(Wish("pay", 1_000_000), 60_000, bill="9f3c0a1b-1")
    counter.viewer.was_set()
    is_drawn(page, "#bill-code")
    counter.till(Wish("pay", 500), 60_000)
    counter.viewer.was_set()
    expect(page.locator("#bill")).to_be_hidden()


def test_the_receipt_of_the_last_result_is_shown_and_printed_again(counter: Counter, page: Page) -> None:
    counter.till(receipt=ENTRY, prints=True)
    shown = counter.feedback.show(Result.REFUSED, "COI-010", {"yen": 1280})
    expect(page.locator("#result-step")).to_be_visible()
    expect(page.locator("#receipt")).to_be_hidden()
    counter.viewer.result(msgspec.structs.replace(shown, entry=ENTRY))
    page.locator("#receipt").click()
    is_drawn(page, "#paper-code")
    page.locator("#paper-print").click()
    expect(page.locator("#paper-said")).to_have_text("再発行を印刷しています")
    page.locator("#paper-print").click()
    expect(page.locator("#paper-said")).to_have_text("再発行できません")
    assert counter.asked == ["", ""]
    page.locator("#paper-close").click()
    expect(page.locator("#paper")).to_be_hidden()


def test_a_bill_that_a_phone_has_paid_gives_way_to_the_words_for_it(counter: Counter, page: Page) -> None:
    counter.till(Wish("pay", 500), 60_000, bill="9f3c0a1b-1")
    counter.viewer.was_set()
    is_drawn(page, "#bill-code")
    counter.till()
    counter.feedback.show(Result.OK_PAY, "COI-026", {"yen": 500})
    expect(page.locator("#ja")).to_contain_text("スマホで 500円 いただきました")
    expect(page.locator("#undo")).to_be_hidden()
    assert page.evaluate(OUTSIDE) == []
    page.locator("#next").click()
    expect(page.locator("#amount-step")).to_be_visible()


def test_paper_that_ran_out_is_said_beside_the_result(counter: Counter, page: Page) -> None:
    counter.feedback.show(Result.OK_PAY, "COI-022", {"yen": 500})
    expect(page.locator("#notice")).to_be_hidden()
    counter.viewer.notice = lambda: "PRN-001"
    counter.viewer.state(None)
    expect(page.locator("#notice")).to_have_text(counter.words["PRN-001"].ja)
    expect(page.locator("#result-step")).to_be_visible()
    page.locator("#next").click()  # nothing lies over it
