"""The demo in a visitor's hands: a card is held on a page, and the touch arrives at the town hall."""

import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.demo.running import Running, left_behind, running


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("town") / "demo") as started:
        yield started


@pytest.fixture
def hold(town: Running, page: Page) -> Page:
    page.goto(f"http://127.0.0.1:{town.ports.page}")
    expect(page.locator("#units article")).to_have_count(4)
    return page


def says(page: Page, unit: str, words: str) -> None:
    expect(page.frame_locator(f"#unit-{unit} iframe").locator("#ja")).to_contain_text(words)


def button(page: Page, unit: str, words: str) -> Locator:
    return page.locator(f"#unit-{unit}").get_by_role("button", name=words)


def sign_in(console: Page, hold: Page, number: int) -> None:
    """Sign in at the town hall's console, as one of those who stand on the page."""
    for field in ("name", "password", "digits"):
        console.locator(f"#{field}").fill(hold.locator(f"#sign-in [data-field={field}]").nth(number).inner_text())
    console.get_by_role("button", name="サインイン").click()


def test_a_card_that_is_held_is_welcomed_and_arrives_at_the_town_hall(town: Running, hold: Page, page: Page) -> None:
    console = page.context.new_page()
    console.goto(f"http://127.0.0.1:{town.ports.console}")
    sign_in(console, hold, 0)
    hold.get_by_label("花子").check()
    button(hold, "lib01", "かざす").click()
    says(hold, "lib01", "ようこそ")
    expect(console.locator("[data-arrivals] li").first).to_contain_text("図書館")
    expect(hold.locator("#resident-hanako")).to_contain_text("図書館に")
    button(hold, "lib01", "花子さんのカードをはなす").click()
    expect(button(hold, "lib01", "かざす")).to_be_visible()
    console.close()


def test_somebody_is_registered_with_the_card_that_lies_at_the_window(hold: Page) -> None:
    hold.get_by_label("恵").check()
    window = hold.locator("#window")
    window.get_by_role("button", name="置く").click()
    expect(window.get_by_role("button", name="恵さんのカードをはなす")).to_be_visible()
    expect(hold.locator("#resident-kei")).to_contain_text("窓口に")
    with hold.context.expect_page() as opened:
        window.get_by_role("link", name="登録する").click()
    console = opened.value
    sign_in(console, hold, 1)
    console.locator("#secret").fill("1234")
    console.keyboard.press("Enter")
    expect(console.locator(".signed")).to_contain_text("架空\u3000恵")
    console.locator("#kana").fill("かくう めぐみ")
    console.keyboard.press("Enter")
    expect(console.get_by_role("status")).to_contain_text("カードも結びました")
    window.get_by_role("button", name="はなす").click()
    expect(window.get_by_role("button", name="置く")).to_be_visible()
    console.close()


def test_a_card_is_on_one_reader_at_a_time(hold: Page) -> None:
    hold.get_by_label("太郎").check()
    button(hold, "lib01", "かざす").click()
    expect(button(hold, "lib01", "太郎さんのカードをはなす")).to_be_visible()
    button(hold, "shop01", "かざす").click()
    expect(button(hold, "shop01", "太郎さんのカードをはなす")).to_be_visible()
    expect(button(hold, "lib01", "かざす")).to_be_visible()
    button(hold, "shop01", "はなす").click()
    expect(button(hold, "shop01", "かざす")).to_be_visible()


def test_a_card_that_is_pulled_away_early_is_asked_for_again(hold: Page) -> None:
    hold.get_by_label("ふみ").check()
    button(hold, "bus01", "途中で引っこめる").click()
    says(hold, "bus01", "もう一度")
    expect(button(hold, "bus01", "かざす")).to_be_visible()


def test_a_unit_without_a_network_serves_and_delivers_later(hold: Page) -> None:
    button(hold, "bus01", "回線を切る").click()
    expect(button(hold, "bus01", "回線をつなぐ")).to_be_visible()
    hold.get_by_label("健").check()
    button(hold, "bus01", "かざす").click()
    says(hold, "bus01", "ようこそ")
    state = hold.locator("#unit-bus01 .state")
    expect(state).to_contain_text("まだ送っていない記録 1件")
    button(hold, "bus01", "健さんのカードをはなす").click()
    button(hold, "bus01", "回線をつなぐ").click()
    expect(state).to_contain_text("まだ送っていない記録 0件", timeout=15_000)


def test_the_phone_of_a_resident_is_let_in_by_its_link(hold: Page) -> None:
    with hold.context.expect_page() as opened:
        hold.locator("#phone").click()
    opened.value.locator("#link").click()
    expect(opened.value.locator("#home-step")).to_contain_text("使えるお金")
    expect(opened.value.locator("#to-code")).to_be_visible()


def test_what_the_page_cannot_do_it_says_and_a_strange_page_cannot_do_at_all(town: Running) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{town.ports.page}") as http:
        wrong = http.post("/hold", json={"unit": "lib01", "resident": "nobody"})
        assert (wrong.status_code, "nobody here is called" in wrong.json()["why"]) == (400, True)
        assert http.post("/hold", json={"unit": "moon", "resident": "ken"}).status_code == 400
        assert http.post("/hold", content=b"{", headers={"content-type": "application/json"}).status_code == 400
        assert http.post("/cut", content=b'{"unit":"lib01"}').status_code == 415  # what a form of another page can send
        assert http.get("/state", headers={"Host": "evil.example"}).status_code == 400


def test_ctrl_c_ends_all_of_it_and_the_page_says_so(town: Running, hold: Page) -> None:
    family = town.family()
    assert len(family) > 10  # four units, their uplinks, the centre, pcscd
    assert town.end(signal.SIGINT) == 0
    assert [one for one in family if Path(f"/proc/{one}").exists()] == []
    assert left_behind(town.folder) == []
    expect(hold.locator("#trouble")).to_contain_text("町が止まっています")
    assert Path(town.folder / "units" / "lib01" / "journal.db").exists()
