"""A PIN is chosen on a desk's page: by the resident, twice the same, and shown to nobody."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from sync.program import Result
from tests.browser.test_counter import SIZES, UNFIT
from tests.browser.test_counter_codes import Counter


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


def test_it_is_typed_twice(counter: Counter, page: Page) -> None:
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
