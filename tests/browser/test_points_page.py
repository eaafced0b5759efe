"""Two officers decide on a rule: one writes it and proposes it, cannot put it into force alone, and the other does."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from sync.accounts import Role
from sync.facts import PlaceNamed
from tests.browser.looking import fits
from tests.browser.serving import ConsoleServing
from tests.browser.test_sign_in_page import come_in
from tests.browser.test_visits_page import CONTRAST
from tests.central.visiting import Person, person
from tests.programs.points.hall import Hall


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    opened = Hall(f"sqlite:///{tmp_path / 'town.db'}")
    opened.centre.registrar.place(PlaceNamed("library", "図書館", "としょかん", "the library"))
    for card in ("0a" * 16, "0b" * 16):
        times = [(opened.today - day, clock) for day in range(1, 12) for clock in ("10:00", "15:00")]
        opened.arrives(opened.touched(*times, card=card))
    opened.sleep(30)
    yield opened
    opened.centre.engine.dispose()


@pytest.fixture
def console(hall: Hall) -> Iterator[ConsoleServing]:
    serving = ConsoleServing(hall.centre).open()
    serving.book()
    yield serving
    serving.close()


@pytest.fixture
def plain(browser: Browser) -> Iterator[Page]:
    """A page on a telephone, without scripts."""
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    yield context.new_page()
    context.close()


def sign_in(page: Page, console: ConsoleServing, who: Person) -> None:
    page.goto(f"{console.url}/points")
    come_in(page, who)
    expect(page.locator("h1")).to_contain_text("ポイントの規則")


def test_a_rule_takes_two_officers(hall: Hall, console: ConsoleServing, page: Page, plain: Page) -> None:
    sign_in(page, console, person(hall.centre, "yamada", (Role.OFFICER,)))
    expect(page.locator(".finding")).to_contain_text("まだ規則がありません")
    page.get_by_role("link", name="下書きを書く").click()
    page.get_by_role("link", name="規則を足す").click()
    page.get_by_label("1回に付くポイント").fill("たくさん")
    page.get_by_label("図書館").check()
    page.get_by_role("button", name="この内容を下書きに入れる").click()
    expect(page.get_by_role("alert").locator("visible=true")).to_contain_text("1〜10,000 の数を書いてください")
    expect(page.get_by_label("図書館")).to_be_checked()
    page.get_by_label("1回に付くポイント").fill("10")
    page.keyboard.press("Enter")
    expect(page.locator("#rules li")).to_contain_text("図書館で タッチすると 10ポイント、1人 1日1回。")
    expect(page.locator("#trial tfoot")).to_contain_text("220")
    page.get_by_role("button", name="この規則を提案する").click()
    expect(page.get_by_role("status")).to_contain_text("提案しました")
    expect(page.locator("main")).to_contain_text("承認は、別の担当者がしてください")
    expect(page.get_by_role("button", name="この規則を承認する")).to_have_count(0)

    sign_in(plain, console, person(hall.centre, "sato", (Role.OFFICER,)))
    expect(plain.locator(".finding")).to_contain_text("承認を待っている提案が 1件")
    plain.get_by_role("link", name="からの提案を見る").click()
    expect(plain.locator("#trial tbody tr")).to_contain_text("図書館")
    fits(plain)
    assert plain.evaluate(CONTRAST) == []
    plain.get_by_role("button", name="この規則を承認する").click()
    expect(plain.get_by_role("status")).to_contain_text("承認しました")
    expect(plain.locator("#coming")).to_contain_text("提案 yamada ・ 承認 sato")
    expect(plain.locator("#coming")).to_contain_text("2027-01-01 から")
    hall.sleep(31)
    sign_in(plain, console, person(hall.centre, "sato", (Role.OFFICER,)))
    expect(plain.locator("#now .rules")).to_contain_text("図書館で タッチすると 10ポイント")
    expect(plain.locator("#now")).to_contain_text("1台に届いていません(RUL-012)")
