"""An officer plans a draw without a script, reads its rules, and announces it; the clerk gives out tickets."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from drivers.clock.sim import Driver as Clock
from simulation.centre import open_sim_centre
from sync.accounts import Role
from sync.facts import CardState
from tests.browser.looking import fits
from tests.browser.serving import ConsoleServing
from tests.browser.test_accessible import AA
from tests.programs.lottery.stand import ANNE


@pytest.fixture
def console(tmp_path: Path) -> Iterator[ConsoleServing]:
    centre = open_sim_centre(Clock(), "plan page", f"sqlite:///{tmp_path / 'town.db'}")
    centre.registrar.set_card(ANNE, CardState.ACTIVE)
    serving = ConsoleServing(centre).open()
    serving.book()
    yield serving
    serving.close()
    centre.engine.dispose()


def good(page: Page) -> None:
    fits(page, 1366, 390)
    found = Axe().run(page, options=AA).response["violations"]
    assert [f"{one['id']}: {node['html'][:200]}" for one in found for node in one["nodes"]] == []


def test_a_draw_is_planned_read_and_announced(console: ConsoleServing, page: Page) -> None:
    console.let_in(page, Role.OFFICER)
    page.goto(f"{console.url}/lottery")
    page.get_by_role("link", name="新しい抽選の決まりを書く").click()
    page.get_by_label("抽選の題").fill("冬の抽選会")
    page.get_by_label("名前(ファイルや番地に使います)").fill("2026-winter")
    page.get_by_label("締切の日").fill("2026-12-20")
    page.get_by_label("関連する売上").fill("12,000,000")
    row = page.get_by_role("group", name="賞品 1 Prize 1")
    row.get_by_label("賞品 1").fill("ます寿し")
    row.get_by_label("1つの額").fill("3000")
    row.get_by_label("数", exact=False).last.fill("五つ")
    page.get_by_role("button", name="決まりを確かめる").click()
    expect(page.get_by_role("alert").locator("visible=true")).to_contain_text("賞品 1 の数")
    expect(page.get_by_label("抽選の題")).to_have_value("冬の抽選会")
    good(page)
    row.get_by_label("数", exact=False).last.fill("5")
    page.get_by_role("button", name="決まりを確かめる").click()
    expect(page.locator("h1")).to_contain_text("冬の抽選会")
    expect(page.locator("main")).to_contain_text("15,000")
    good(page)
    page.get_by_label("読みました").check()
    page.get_by_role("button", name="この決まりを公開する").click()
    expect(page.get_by_role("status")).to_contain_text("決まりを公開しました")
    console.let_in(page, Role.CLERK)
    page.reload()
    page.get_by_text("窓口で券を渡す").click()
    page.get_by_label("カードの番号、または紙の番号").fill(ANNE)
    page.get_by_label("カードのポイントで払う").uncheck()
    page.get_by_role("button", name="券を渡す").click()
    expect(page.get_by_role("status")).to_contain_text("D00001")
    good(page)
