"""Somebody looks through the journals: from a list to an entry, from there along a payment, and what a chain says."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from sync.accounts import Role
from tests.browser.serving import ConsoleServing
from tests.central.street import CARD, Street

LAPTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
WIDTH = "() => document.documentElement.scrollWidth"


@pytest.fixture
def console(street: Street, page: Page) -> Iterator[ConsoleServing]:
    boot, seq = street.sold("fish", 1280, 2500, 700).split("/")
    street.takes_back("fish", 2500, f"{boot}/{int(seq) + 1}")
    street.on("2026-12-01")
    street.settle()
    serving = ConsoleServing(street.centre).open()
    serving.book()
    serving.let_in(page, Role.OFFICER)
    yield serving
    serving.close()


def test_from_the_list_to_an_entry_and_along_its_payment(console: ConsoleServing, page: Page) -> None:
    page.goto(console.url)
    page.get_by_role("link", name="記録帳").click()
    expect(page.locator("#lines tbody tr").first).to_be_visible()
    page.get_by_role("textbox", name="端末").fill("fish01")
    page.get_by_label("種類").select_option("coin.void")
    page.get_by_role("button", name="しぼる").click()
    assert "unit=fish01&kind=coin.void" in page.url
    expect(page.locator("#lines tbody tr")).to_have_count(1)
    expect(page.locator("#state")).to_contain_text("連続")
    page.locator("#lines tbody a").click()
    page.get_by_role("link", name="はじめから おわりまで追う").click()
    steps = page.locator("#trail tbody th")
    expect(steps.first).to_contain_text("支払い 2,500円")
    expect(steps.nth(1)).to_contain_text("取消 2,500円")
    expect(page.locator("#trail")).to_contain_text("店への振込 1,980円")
    expect(page.locator("#trail tr[aria-current]")).to_contain_text("取消")
    page.locator("#trail tbody a").first.click()
    expect(page.locator(".verdict.good")).to_be_visible()


def test_who_asks_for_a_card_is_asked_why(console: ConsoleServing, page: Page) -> None:
    page.goto(f"{console.url}/journal")
    page.locator("summary", has_text="1枚のカードがしたこと").click()
    page.get_by_label("カードの番号").fill(CARD[:8])
    page.get_by_label("電話の問い合わせ").check()
    page.get_by_role("button", name="見る", exact=False).last.click()
    expect(page.locator("main")).to_contain_text("町の記録に残しました")
    expect(page.locator("#lines tbody tr")).to_have_count(6)
    console.book()
    page.get_by_role("link", name="見た記録").click()
    expect(page.locator("#looks")).to_contain_text("電話の問い合わせ")
    expect(page.locator("#looks")).to_contain_text("のしたこと")


@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_nothing_is_cut_off(console: ConsoleServing, page: Page, size: dict[str, int]) -> None:
    page.set_viewport_size(size)  # type: ignore[arg-type]
    page.goto(f"{console.url}/journal?unit=fish01")
    assert page.evaluate(WIDTH) <= size["width"]
    page.locator("#lines tbody a").first.click()
    page.get_by_role("link", name="追う").click()
    expect(page.locator("h1")).to_contain_text("追う")
    page.wait_for_load_state()
    assert page.evaluate(WIDTH) <= size["width"]
