"""Two officers decide on a rule: one writes it and proposes it, cannot put it into force alone, and the other does."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from programs.coin.entries import Pay
from programs.points.entries import Rule
from programs.steps.entries import PEDOMETER, Walked
from sync.accounts import Role
from sync.facts import PlaceNamed
from tests.browser.looking import faint, fits
from tests.browser.serving import ConsoleServing
from tests.browser.test_accessible import DESK, PHONE, faults
from tests.browser.test_sign_in_page import come_in
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
    assert faint(plain) == []
    plain.get_by_role("button", name="この規則を承認する").click()
    expect(plain.get_by_role("status")).to_contain_text("承認しました")
    expect(plain.locator("#coming")).to_contain_text("提案 yamada ・ 承認 sato")
    expect(plain.locator("#coming")).to_contain_text("2027-01-01 から")
    hall.sleep(31)
    sign_in(plain, console, person(hall.centre, "sato", (Role.OFFICER,)))
    expect(plain.locator("#now .rules")).to_contain_text("図書館で タッチすると 10ポイント")
    expect(plain.locator("#now")).to_contain_text("1台に届いていません(RUL-012)")


def looked_at(page: Page, name: str) -> list[str]:
    """Return what axe finds on a page, at a desk and on a telephone; nothing has to be scrolled sideways."""
    wrong = []
    for size in (DESK, PHONE):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        fits(page)
        wrong += faults(page)
        if pictures := os.environ.get("POINTS_PICTURES"):
            page.screenshot(path=f"{pictures}/{name}-{size['width']}.png", full_page=True)
    return wrong


def test_a_rule_for_payments_and_one_for_steps_are_written_by_the_form(
    hall: Hall, console: ConsoleServing, page: Page
) -> None:
    for number, yen in enumerate((1_250, 300)):
        hall.wrote("fish01", Pay(1, f"0{number}" * 16, yen, "library", hall.today - 30, "card"))
    hall.wrote("hall01", Walked("0a" * 16, hall.today - 30, 9_000, PEDOMETER, "card"))
    console.book()
    sign_in(page, console, person(hall.centre, "yamada", (Role.OFFICER,)))
    page.get_by_role("link", name="下書きを書く").click()
    page.get_by_role("link", name="規則を足す").click()
    assert looked_at(page, "form") == []
    page.get_by_label("何に付くか").select_option("touch")
    page.get_by_label("1回に付くポイント").fill("2")
    page.get_by_label("いくら以上").fill("５００")
    page.get_by_label("何円ごとに").fill("100")
    page.get_by_role("button", name="この内容を下書きに入れる").click()
    expect(page.get_by_role("alert").locator("visible=true")).to_contain_text("「支払い」を選んでください")
    page.get_by_label("何に付くか").select_option("payment")
    page.get_by_label("1人が1日にもらえる上限").fill("100")
    page.get_by_label("1人に何回付くか").select_option("touch")
    page.get_by_role("button", name="この内容を下書きに入れる").click()
    said = "500円以上の支払いをすると 100円ごとに 2ポイント、支払いのたび、1人 1日100まで"
    expect(page.locator("#rules li").first).to_contain_text(f"{said}(支払いそのもののポイントに加えて)。")
    page.get_by_role("link", name="規則を足す").click()
    page.get_by_label("何に付くか").select_option("day")
    page.get_by_label("1回に付くポイント").fill("10")
    page.get_by_label("1日に何歩以上").fill("8000")
    page.get_by_role("button", name="この内容を下書きに入れる").click()
    expect(page.locator("#rules li").nth(1)).to_contain_text("8,000歩以上 歩いた日に 10ポイント、1人 1日1回。")
    expect(page.locator("#trial tfoot")).to_contain_text("34")
    expect(page.locator("main")).to_contain_text("支払いそのもののポイントは入っていません")
    assert looked_at(page, "draft") == []
    page.get_by_role("link", name="変える").nth(1).click()
    expect(page.get_by_label("1日に何歩以上")).to_have_value("8000")


def test_a_touch_is_made_void_by_two_officers(hall: Hall, console: ConsoleServing, page: Page, plain: Page) -> None:
    hall.decide(Rule("ten", 10, ("library",)), Rule("new", 50, first_visit=True))
    of = hall.arrives(hall.touched((hall.today, "10:00"), (hall.today, "11:00"), card="0c" * 16))
    hall.settle()
    console.book()
    sign_in(page, console, person(hall.centre, "yamada", (Role.OFFICER,)))
    page.goto(f"{console.url}/points?entry={of}")
    expect(page.locator("h1")).to_contain_text("このタッチは 60ポイント")
    assert looked_at(page, "asking") == []
    page.get_by_label("わけ").fill("機械の試験")
    page.get_by_role("button", name="取り消しを頼む").click()
    expect(page.get_by_role("status")).to_contain_text("取り消しを頼みました")
    expect(page.get_by_role("button", name="取り消しを承認する")).to_have_count(0)

    sign_in(plain, console, person(hall.centre, "sato", (Role.OFFICER,)))
    plain.get_by_role("link", name="承認を待っている取り消しが 1件").click()
    plain.locator("#voids").get_by_role("link").click()
    expect(plain.locator("main")).to_contain_text("機械の試験")
    fits(plain)
    assert faint(plain) == []
    plain.get_by_role("button", name="取り消しを承認する").click()
    expect(plain.get_by_role("status")).to_contain_text("取り消しました")
    expect(plain.locator("h1")).to_contain_text("このタッチは 0ポイント")
    expect(plain.locator("#is-void")).to_contain_text("頼んだ人 yamada、承認した人 sato")
    hall.settle()
    console.book()
    page.goto(f"{console.url}/points?entry={of}")
    assert looked_at(page, "void") == []
    page.goto(f"{console.url}/points")
    assert looked_at(page, "now") == []
    second = f"{of.rpartition('/')[0]}/{int(of.rpartition('/')[2]) + 1}"
    page.goto(f"{console.url}/points?entry={second}")
    expect(page.locator("h1")).to_contain_text("このタッチは 60ポイント")
