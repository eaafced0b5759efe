"""The treasurer holds three columns against each other, takes a case, and writes down what came of it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from programs.coin.settlement import marking
from programs.coin.settlement.facts import State
from sync.accounts import Role
from tests.browser.serving import ConsoleServing
from tests.browser.test_accessible import faults
from tests.central.street import Street

LAPTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
WIDTH = "() => document.documentElement.scrollWidth"


@pytest.fixture
def console(street: Street, page: Page) -> Iterator[ConsoleServing]:
    """More was spent at the fish shop than there was, and the bank sent back what it was paid."""
    street.sold("fish", 999_500)
    street.sold("fish", 1_280)
    street.on("2026-12-01")
    street.settle(although="町が払う")
    marking.mark(street.centre, 1, State.SENT)
    marking.bounce(street.centre, 1, "fish", "口座なし")
    serving = ConsoleServing(street.centre).open()
    serving.book()
    serving.let_in(page, Role.TREASURER)
    yield serving
    serving.close()


def test_from_three_columns_to_a_case_and_to_its_end(console: ConsoleServing, page: Page) -> None:
    page.goto(console.url)
    page.get_by_role("link", name="突き合わせ").click()
    expect(page.locator(".finding.good")).to_contain_text("差はすべて、わけが分かっています。見ておくもの 2件")
    expect(page.locator("#shops tbody tr td.n")).to_have_text(["1,000,780", "1,000,780", "0"])
    expect(page.locator("#shops tbody")).to_contain_text("−1,000,780 この振込が銀行から戻った")
    row = page.locator("#lines tbody tr", has_text="残高が後で足りなくなりました")
    expect(row).to_contain_text("+780")
    row.get_by_role("button", name="調べる").click()
    expect(page.locator(".finding.good")).to_contain_text("1番として調べはじめました")
    expect(page.locator("#moved tbody")).to_contain_text("short/coin/0a0a0a0a/at/fish01/1")
    expect(page.get_by_label("わけ")).to_have_value("short")
    page.get_by_role("textbox", name="分かったこと").fill("通信のない日の受け付け。店に払う")
    page.get_by_label("期限").fill("2026-12-15")
    page.get_by_role("button", name="書く").click()
    expect(page.locator("#history tbody tr")).to_contain_text("残高不足(オフライン受付)")
    page.get_by_label("どうなりましたか").fill("町が負担した")
    page.get_by_role("button", name="この件を終える").click()
    expect(page.locator(".facts")).to_contain_text("町が負担した")
    page.get_by_role("link", name="突き合わせ").first.click()
    expect(page.locator("#cases-title ~ .note").first).to_contain_text("調べている件はありません")


def test_what_is_refused_keeps_what_was_typed(console: ConsoleServing, page: Page) -> None:
    page.goto(f"{console.url}/reconciliation")
    page.locator("summary", has_text="申し出を受けて").click()
    page.get_by_label("記録の番号").fill("fish01/7")
    page.get_by_label("何がちがうと言われましたか").fill("二度引かれた")
    page.get_by_role("button", name="調べはじめる").click()
    expect(page.locator(".finding.bad")).to_contain_text("まだ何もしていません")
    expect(page.get_by_label("何がちがうと言われましたか")).to_have_value("二度引かれた")


def test_an_entrys_page_leads_to_looking_into_it(console: ConsoleServing, page: Page) -> None:
    page.goto(f"{console.url}/entries/fish01/{'0' * 15}1/3")
    page.get_by_role("link", name="この記録を調べる").click()
    expect(page.get_by_label("記録の番号")).to_have_value(f"fish01/{'0' * 15}1/3")


@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_nothing_is_cut_off(console: ConsoleServing, page: Page, size: dict[str, int]) -> None:
    page.set_viewport_size(size)  # type: ignore[arg-type]
    page.goto(f"{console.url}/reconciliation")
    assert page.evaluate(WIDTH) <= size["width"]
    page.get_by_role("button", name="調べる").first.click()
    expect(page.locator("h1")).to_contain_text("1番を調べる")
    page.wait_for_load_state()
    assert page.evaluate(WIDTH) <= size["width"]
    assert faults(page) == []
