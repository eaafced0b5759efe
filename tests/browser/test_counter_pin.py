"""A PIN is chosen on a desk's page: by the resident, twice the same, and shown to nobody."""

from playwright.sync_api import Page, Route, expect

from sync.program import Result
from tests.browser.counter_page import CounterPage
from tests.browser.test_counter import UNFIT


def test_it_is_typed_twice(counter: CounterPage, page: Page) -> None:
    sent: list[str | None] = []

    def answer(route: Route) -> None:
        sent.append(route.request.post_data)
        route.fulfill(status=204)

    page.route("**/pin", answer)
    counter.feedback.show(Result.HELP, "COI-084")
    expect(page.locator("#pin-step")).to_be_visible()
    assert page.evaluate(UNFIT) == []
    expect(page.locator("#pin-sign")).to_be_hidden()
    for attempt, hint in (("0258", "2回の番号がちがいます"), ("2580", "お客さまが押してください")):
        type_in(page, "2580")
        expect(page.locator("#pin-ja")).to_have_text("もう一度、同じ番号")
        type_in(page, attempt)
        expect(page.locator("#pin-hint")).to_contain_text(hint)
    expect(page.locator("#pin")).to_have_text("")
    page.wait_for_function("!document.body.ariaBusy || document.body.ariaBusy === 'false'")
    assert sent == ['{"pin":"2580"}']


def type_in(page: Page, pin: str) -> None:
    for key in pin:
        page.locator(f'main:visible [data-key="{key}"]').click()
    expect(page.locator("#pin")).to_have_text("●" * len(pin))
    page.locator("#pin-on").click()
