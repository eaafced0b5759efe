"""The office looks at the tills and at the fund: what was missed, what came late, who owes, each marked as such."""

from playwright.sync_api import Page, expect

from programs.coin.entries import Insured
from programs.coin.insured.facts import FundSet
from programs.coin.settlement.calendar import day_of
from programs.coin.till.facts import Closing, Span, Sums
from sync.accounts import Role
from tests.browser.looking import fits
from tests.browser.serving import ConsoleServing
from tests.browser.test_settlement_page import console  # noqa: F401 - the same treasurer
from tests.central.street import CARD, TODAY, Street


def test_a_missed_closing_stands_first_and_a_late_one_is_marked(
    street: Street,
    console: ConsoleServing,  # noqa: F811
    page: Page,
) -> None:
    street.sold("fish", 1280)
    street.sold("bakery", 500)
    street.on("2026-11-24")
    console.let_in(page, Role.TREASURER)
    console.book()
    page.goto(console.url)
    page.get_by_role("link", name="締め").click()
    expect(page.locator(".finding")).to_contain_text("締めていないレジが 2台")
    pen = street.pens["fish"]
    sums = Sums(payments=1, paid=1280, charges=1, charged=1_000_000)
    covers = (Span(pen.boot, 2, pen.seq),)
    street.deliver(pen.write(Closing(1, "fish", day_of("2026-11-24"), 1, covers, sums)))
    console.book()
    page.reload()
    expect(page.locator(".finding")).to_contain_text("締めていないレジが 1台")
    expect(page.locator("#tills tbody tr").first).to_contain_text("bakery01")
    expect(page.locator("#closings tbody tr")).to_contain_text("おくれて締めた")
    bakery = street.pens["bakery"]
    wrong = Sums(payments=1, paid=501, charges=1, charged=1_000_000)
    street.deliver(bakery.write(Closing(1, "bakery", TODAY, 1, (Span(bakery.boot, 2, bakery.seq),), wrong)))
    console.book()
    page.set_viewport_size({"width": 390, "height": 800})
    page.reload()
    expect(page.locator(".finding")).to_contain_text("締めはそろっています")
    expect(page.locator("#closings tbody tr", has_text="bakery01")).to_contain_text("合いません")
    fits(page)


def test_the_fund_says_that_it_is_off_and_who_owes_it(
    street: Street,
    console: ConsoleServing,  # noqa: F811
    page: Page,
) -> None:
    console.book()
    page.goto(console.url)
    page.get_by_role("link", name="立て替え").click()
    expect(page.locator(".finding")).to_contain_text("立て替えはしていません")
    street.say(FundSet(5_000, "budget"))
    street.deliver(street.pens["fish"].write(Insured(1, CARD, 900, "fish", TODAY, "card")))
    console.book()
    page.set_viewport_size({"width": 390, "height": 800})
    page.reload()
    expect(page.locator(".finding")).to_contain_text("900円を立て替えた端末")
    expect(page.locator("[data-figure=worth]")).to_have_text("5,000")
    expect(page.locator("#owed tbody tr")).to_contain_text("900")
    assert CARD not in page.content()
    fits(page)
