"""The counter's codes, as the person behind it sees them: a bill beside the card, the receipt of the last result."""

import msgspec
from playwright.sync_api import Page, Route, expect

from sync.program import Result, Wish
from tests.browser.counter_page import CounterPage

ENTRY = "shop01/9f3c0a1b22d4e5f6/4"
OUTSIDE = """() => [...document.querySelectorAll('button, img, p, figcaption')]
    .filter((one) => one.checkVisibility())
    .filter((one) => { const box = one.getBoundingClientRect();
        return box.left < -1 || box.top < -1 || box.right > innerWidth + 1 || box.bottom > innerHeight + 1; })
    .map((one) => one.id || one.textContent)"""


def is_drawn(page: Page, image: str) -> None:
    expect(page.locator(image)).to_be_visible()
    page.wait_for_function("(one) => document.querySelector(one).naturalWidth > 0", arg=image)
    assert page.evaluate(OUTSIDE) == []


def test_a_bill_stands_beside_the_card_while_it_is_waited_for(counter: CounterPage, page: Page) -> None:
    counter.till(Wish("pay", 1_000_000), 60_000, bill="9f3c0a1b-1")
    counter.viewer.was_set()
    is_drawn(page, "#bill-code")
    counter.till(Wish("pay", 500), 60_000)
    counter.viewer.was_set()
    expect(page.locator("#bill")).to_be_hidden()


def test_a_sheet_that_breaks_off_holds_up_nothing_that_comes_behind_it(counter: CounterPage, page: Page) -> None:
    """As where the unit's process is killed while it answers: until then the page stood still for good."""
    broken: list[str] = []

    def cut(route: Route) -> None:
        broken.append(route.request.url)
        route.fulfill(content_type="application/json", body='{"days": [')

    page.route("**/sheet", cut)
    counter.till(Wish("pay", 500), 60_000, bill="9f3c0a1b-1")
    counter.viewer.was_set()
    is_drawn(page, "#bill-code")
    assert broken


def test_the_receipt_of_the_last_result_is_shown_and_printed_again(counter: CounterPage, page: Page) -> None:
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


def test_a_bill_that_a_phone_has_paid_gives_way_to_the_words_for_it(counter: CounterPage, page: Page) -> None:
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


def test_what_staff_can_put_right_is_said_and_every_key_can_be_pressed(counter: CounterPage, page: Page) -> None:
    counter.viewer.notice = lambda: "CAR-002"
    counter.viewer.beside()
    expect(page.locator("#notice")).to_have_text(counter.words["CAR-002"].ja)
    for key in ("7", "00", "0", "1"):
        page.locator(f'.keys [data-key="{key}"]:visible').click(timeout=10_000)
    page.locator("#take").click(timeout=10_000)


def test_paper_that_ran_out_is_said_beside_the_result(counter: CounterPage, page: Page) -> None:
    counter.feedback.show(Result.OK_PAY, "COI-022", {"yen": 500})
    expect(page.locator("#notice")).to_be_hidden()
    counter.viewer.notice = lambda: "PRN-001"
    counter.viewer.state(None)
    expect(page.locator("#notice")).to_have_text(counter.words["PRN-001"].ja)
    expect(page.locator("#result-step")).to_be_visible()
    page.locator("#next").click()  # nothing lies over it
