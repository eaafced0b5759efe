"""Who looks at the console sees how coin goes round, and can read what each figure is."""

from playwright.sync_api import Page, expect

from programs.coin.procedures.circulation import EXPLAINED
from programs.coin.settlement.facts import LocalBanks
from sync.accounts import Role
from tests.browser.looking import fits
from tests.browser.serving import ConsoleServing
from tests.browser.test_settlement_page import console  # noqa: F401 - the same treasurer
from tests.central.street import NOVEMBER, Street


def test_months_stand_there_with_a_sentence_for_each_figure(
    street: Street,
    console: ConsoleServing,  # noqa: F811
    page: Page,
) -> None:
    street.sold("fish", 1_280, 250_000)
    street.on("2026-12-01")
    console.let_in(page, Role.TREASURER)
    street.settle(NOVEMBER)
    console.book()
    page.goto(console.url)
    page.get_by_role("link", name="循環").click()
    rows = page.locator("#months tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.first.locator("[data-figure=outside]")).to_have_text("251,280")
    expect(rows.last.locator("[data-figure=paid]")).to_have_text("251,280")
    expect(page.locator("#months .figures dd")).to_have_text(["1,748,720", "0.0", "0.0", "251,280"])
    expect(page.locator("#months")).to_contain_text("local-banks")
    for of in EXPLAINED:
        expect(page.locator("#figures")).to_contain_text(of.why_ja)
    street.say(LocalBanks(("0005-123",)))
    console.book()
    page.set_viewport_size({"width": 390, "height": 800})
    page.reload()
    expect(rows.first.locator("[data-figure=outside]")).to_have_text("0")
    fits(page)
