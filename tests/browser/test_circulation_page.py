"""The office sees how coin goes round: who pays where and when, month by month, and what each figure is."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from drivers.clock.sim import Driver as Clock
from programs.coin.procedures.circulation import EXPLAINED
from programs.coin.settlement.facts import LocalBanks
from simulation.centre import open_sim_centre
from sync.accounts import Role
from tests.browser.looking import faint, fits
from tests.browser.serving import ConsoleServing
from tests.browser.test_accessible import faults
from tests.browser.test_settlement_page import console  # noqa: F401 - the same treasurer
from tests.central.market import Market, autumn
from tests.central.street import NOVEMBER, Street
from tests.programs.visits.hall import at


@pytest.fixture
def market(tmp_path: Path) -> Iterator[Market]:
    clock = Clock(Clock.Options(wall_ms=at("2026-10-01T09:00")))
    centre = open_sim_centre(clock, "market", f"sqlite:///{tmp_path}/town.db")
    found = Market(centre, clock)
    autumn(found)
    yield found
    centre.engine.dispose()


@pytest.fixture
def office(market: Market) -> Iterator[ConsoleServing]:
    serving = ConsoleServing(market.centre).open()
    serving.book()
    yield serving
    serving.close()


def test_an_officer_reads_who_paid_where_and_when(office: ConsoleServing, page: Page) -> None:
    office.let_in(page, Role.OFFICER)
    page.goto(f"{office.url}/circulation")
    page.get_by_label("月", exact=False).first.select_option("2026-10")
    page.get_by_label("変えた月").select_option("2026-11")
    page.get_by_role("button", name="見る").click()
    expect(page.locator(".finding p").first).to_contain_text("支払いは16,600円、チャージは150,000円。")
    expect(page.locator(".finding")).to_contain_text("2026-11の前1か月は1日535円")
    expect(page.locator("#coverage")).to_contain_text("0/5台")
    expect(page.locator("#month [data-figure=held]")).to_have_text("133,400")
    expect(page.locator("#people dd")).to_contain_text(["30以上", "30以上", "5未満", "48", "0", "8"])
    monday, tuesday = page.locator("#heat tbody tr").nth(0), page.locator("#heat tbody tr").nth(1)
    expect(monday.locator("td").nth(3)).to_have_text("20")
    expect(tuesday.locator("td").nth(5)).to_have_text("20")
    expect(page.locator("#pairs li")).to_contain_text(["20人以上", "20人以上", "5人以上"])
    expect(page.locator("#shops tbody tr")).to_contain_text(["9,000", "6,000", "1,600"])
    assert faint(page) == []
    assert faults(page) == []
    with page.expect_download() as saved:
        page.get_by_role("link", name="表をとる").click()
    rows = saved.value.path().read_text("utf-8-sig").splitlines()
    assert "2026-10,shop_yen,fish,,,,6000" in rows
    assert "2026-10,payments_at,,mon,10,,20" in rows


def test_a_quiet_month_shows_no_shop_and_fits_a_phone_without_a_script(
    office: ConsoleServing, browser: Browser
) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = context.new_page()
    office.let_in(page, Role.OFFICER)
    page.goto(f"{office.url}/circulation?month=2026-11")
    expect(page.locator(".finding")).to_contain_text("出しません")
    expect(page.locator("#shops")).to_have_count(0)
    expect(page.get_by_text("ほかの3店は")).to_be_visible()
    page.goto(f"{office.url}/circulation?month=2026-13")
    expect(page.locator("h1")).to_contain_text("ありません")
    context.close()


def test_what_shops_take_in_is_for_those_who_settle_with_them(office: ConsoleServing, page: Page) -> None:
    for role, status in ((Role.TREASURER, 200), (Role.AUDITOR, 200), (Role.CLERK, 403), (Role.TECHNICIAN, 403)):
        office.let_in(page, role)
        for address in ("/circulation", "/circulation.csv"):
            assert page.request.get(office.url + address).status == status, (role, address)


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
    expect(page.locator("#months tbody tr")).to_have_count(1)
    page.goto(f"{console.url}/circulation?month=2026-12")
    rows = page.locator("#months tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.first.locator("[data-figure=outside]")).to_have_text("251,280")
    expect(rows.last.locator("[data-figure=paid]")).to_have_text("251,280")
    expect(page.locator("#month dd")).to_have_text(["0", "0", "0", "1,748,720", "—", "0.0"])
    expect(page.locator("#months")).to_contain_text("local-banks")
    for of in EXPLAINED:
        expect(page.locator("#figures")).to_contain_text(of.why_ja)
    street.say(LocalBanks(("0005-123",)))
    console.book()
    page.set_viewport_size({"width": 390, "height": 800})
    page.reload()
    expect(rows.first.locator("[data-figure=outside]")).to_have_text("0")
    fits(page)
