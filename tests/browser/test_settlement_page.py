"""The treasurer looks at the console: which shops have to get what, when, and what became of each batch."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from programs.coin.settlement import bank, marking
from programs.coin.settlement.calendar import day_of
from programs.coin.settlement.facts import State
from sync.accounts import Role
from tests.browser.looking import fits
from tests.browser.serving import ConsoleServing
from tests.central.street import DECEMBER, FISH, NOVEMBER, Street


@pytest.fixture
def console(street: Street, page: Page) -> Iterator[ConsoleServing]:
    serving = ConsoleServing(street.centre).open()
    serving.let_in(page, Role.TREASURER)
    yield serving
    serving.close()


def test_the_page_says_what_to_do_and_follows_what_is_done(street: Street, console: ConsoleServing, page: Page) -> None:
    street.sold("fish", 1280, 2500)
    street.sold("bakery", 2000)
    console.book()
    page.goto(console.url)
    page.get_by_role("link", name="精算").click()
    expect(page.locator(".finding")).to_contain_text("今しめる期間はありません")
    expect(page.locator("#shops tbody tr")).to_contain_text(["口座がありません", "次に振り込みます"])
    street.on("2026-12-01")
    console.let_in(page, Role.TREASURER)
    page.reload()
    expect(page.locator(".finding")).to_contain_text("--upto 2026-11-30")
    street.settle(NOVEMBER)
    console.book()
    page.reload()
    expect(page.locator(".finding")).to_contain_text("今しめる期間はありません")
    expect(page.locator("#batches tbody tr")).to_contain_text("3,780")
    expect(page.locator("#batches .chip")).to_contain_text("銀行へ送ってください")
    marking.mark(street.centre, 1, State.SENT)
    marking.bounce(street.centre, 1, "fish", "口座なし")
    console.book()
    page.reload()
    expect(page.locator("#batches")).to_contain_text("魚屋うおまさ: 口座なし")
    expect(page.locator("#shops")).to_contain_text("3,780")


def test_no_bank_account_is_shown_and_no_decision_of_the_office_is_a_touch(
    street: Street, console: ConsoleServing, page: Page
) -> None:
    street.say(bank.shop("bakery", "パンヤ", FISH))
    street.sold("fish", 3000)
    street.on("2026-12-01")
    console.let_in(page, Role.TREASURER)
    street.settle(NOVEMBER)
    console.book()
    for path in ("/settlement", "/"):
        page.goto(console.url + path)
        assert FISH.number not in page.content()
        assert "ｻｶﾅﾔ" not in page.content()
    expect(page.locator("[data-arrivals] li")).to_have_count(4)  # charged twice, sold once, and when shops will be paid


def test_on_a_telephone_nothing_is_cut_off(street: Street, console: ConsoleServing, page: Page) -> None:
    street.say(bank.shop("bakery", "パンヤ", FISH))
    street.sold("fish", 1_280, 250_000)
    street.sold("bakery", 400)
    street.on("2026-12-01")
    console.let_in(page, Role.TREASURER)
    street.settle(NOVEMBER)
    marking.mark(street.centre, 1, State.SENT)
    marking.mark(street.centre, 1, State.ACCEPTED)
    street.sold("fish", 9_800, day=day_of("2026-12-01"))
    street.on("2026-12-16")
    console.let_in(page, Role.TREASURER)
    street.settle(DECEMBER)
    console.book()
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{console.url}/settlement")
    fits(page)
