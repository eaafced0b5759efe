"""A clerk registers somebody with a rare name, finds them and ends their card: by keyboard, and without a script."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from central.reading import CardReading
from drivers.clock.sim import Driver as Clock
from simulation.centre import open_sim_centre
from sync.accounts import Role
from sync.residents import Form
from tests.browser.looking import fits
from tests.browser.serving import ConsoleServing

NAME = "𠮷田\u3000葛\U000e0100子"
WIDTHS = 1366, 390


@pytest.fixture
def console(tmp_path: Path) -> Iterator[ConsoleServing]:
    centre = open_sim_centre(Clock(), "people page", f"sqlite:///{tmp_path / 'town.db'}")
    serving = ConsoleServing(centre).open()
    yield serving
    serving.close()
    centre.engine.dispose()


@pytest.fixture
def page(browser: Browser, console: ConsoleServing) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 1366, "height": 768})
    opened = context.new_page()
    console.let_in(opened, Role.CLERK)
    yield opened
    context.close()


def type_in(page: Page, *fields: str) -> None:
    """Type into one field after the other, with the tab key, once the page has put the cursor into the first."""
    expect(page.locator(":focus")).to_have_count(1)
    for text in fields:
        page.keyboard.insert_text(text)
        page.keyboard.press("Tab")


def go_to(page: Page, wanted: Locator) -> None:
    """Go on with the tab key until something has the focus."""
    for _ in range(80):
        if wanted.evaluate("one => one === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError("the keyboard does not reach it")


def test_the_desk_by_keyboard_alone(console: ConsoleServing, page: Page) -> None:
    page.goto(f"{console.url}/residents/new")
    type_in(page, NAME, "よしだ かつこ", "S29.3.2", "灯台町1-2", "", "076-555-0101", "")
    page.keyboard.press("Space")  # the first service
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("登録しました")
    expect(page.locator("h1")).to_contain_text(NAME)
    expect(page.locator("#consents")).to_contain_text("○ はい")

    page.goto(f"{console.url}/residents")
    type_in(page, "吉田", "")
    page.keyboard.press("Space")  # the first reason
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{console.url}/residents")
    expect(page.locator("#found tbody tr")).to_contain_text(NAME)
    expect(page.locator("#found a").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text(NAME)
    expect(page.locator("#looks")).to_contain_text("検索(窓口の手続き)")

    centre = console.gate.centre if console.gate else None
    assert centre
    holder = page.url.rpartition("/")[2].partition("?")[0]
    centre.registration.add_card(holder, CardReading("pass", "1"), Form.CARD, "hanako")
    page.reload()
    fits(page, *WIDTHS)
    opener = page.get_by_text("止める・返してもらう")
    go_to(page, opener)
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    for _ in range(2):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("よろしいですか")
    expect(page.locator("main")).to_contain_text(NAME)
    expect(page.get_by_role("link", name="やめる")).to_be_focused()
    fits(page, *WIDTHS)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("カードを止めました")
    expect(page.locator("article.held")).to_contain_text("返却")

    go_to(page, page.get_by_role("link", name="控えを印刷"))
    page.keyboard.press("Enter")
    expect(page.locator(".paper")).to_contain_text(NAME)
    page.emulate_media(media="print")
    expect(page.locator("header")).to_be_hidden()
    expect(page.locator(".paper")).to_be_visible()
