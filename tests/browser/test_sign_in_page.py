"""A clerk comes in, leaves the desk, comes back: with the keyboard, on a small screen, and without a script."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from central.centre import Centre
from drivers.clock.sim import Driver as Clock
from simulation.centre import name_place, open_sim_centre
from sync.accounts import Role
from tests.browser.serving import ConsoleServing
from tests.central.pen import Pen, touch
from tests.central.visiting import PASSWORD, Person, person


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    centre = open_sim_centre(Clock(), "sign-in page", f"sqlite:///{tmp_path / 'town.db'}")
    name_place(centre, "library")
    pen = Pen.enrolled(centre)
    pen.send(pen.begin(touch()))
    yield centre
    centre.engine.dispose()


@pytest.fixture
def console(centre: Centre) -> Iterator[ConsoleServing]:
    serving = ConsoleServing(centre).open()
    serving.book()
    yield serving
    serving.close()


def come_in(page: Page, who: Person, digits: str = "") -> None:
    for field, value in who.typed(**({"digits": digits} if digits else {})).items():
        page.locator(f"#{field}").fill(value)
    page.keyboard.press("Enter")


def test_a_clerk_comes_in_leaves_the_desk_and_goes_on(centre: Centre, console: ConsoleServing, page: Page) -> None:
    page.goto(f"{console.url}/incidents")
    expect(page.locator("#why")).to_contain_text("machi central user add")
    hanako = person(centre, "hanako", (Role.CLERK,))
    page.reload()
    expect(page.locator("#why")).to_have_count(0)
    expect(page.locator("#name")).to_be_focused()
    come_in(page, hanako, digits="000000")
    expect(page.get_by_role("alert").locator("visible=true")).to_contain_text("どれかが違います")
    expect(page.locator("#name")).to_have_value("hanako")
    come_in(page, hanako)
    expect(page).to_have_url(f"{console.url}/incidents")
    expect(page.locator("[data-visitor]")).to_contain_text("hanako")
    expect(page.get_by_role("link", name="つなぎ方")).to_have_count(0)
    left_open = page.context.new_page()
    left_open.goto(console.url)
    expect(left_open.locator("[data-road]")).to_be_visible()
    page.get_by_role("button", name="席をはなれる").click()
    expect(page).to_have_url(f"{console.url}/unlock")
    expect(left_open.locator("h1")).to_contain_text("画面をとめています", timeout=15_000)
    left_open.close()
    page.go_back()
    expect(page.locator("h1")).to_contain_text("画面をとめています")
    page.locator("#password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("[data-visitor]")).to_be_visible()
    page.get_by_role("button", name="終わる").click()
    expect(page.locator("h1")).to_contain_text("サインイン")


def test_it_needs_no_script_and_fits_a_small_screen(centre: Centre, console: ConsoleServing, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 800})
    page = context.new_page()
    hanako = person(centre, "hanako", (Role.OFFICER,))
    page.goto(console.url)
    for field in ("name", "password", "digits"):
        assert page.locator(f"label[for={field}]").count() == 1
        assert (page.locator(f"#{field}").bounding_box() or {"height": 0})["height"] >= 44
    come_in(page, hanako)
    expect(page.locator("#units tbody tr")).to_have_count(1)
    page.get_by_role("link", name="使う人").click()
    expect(page.locator("#accounts")).to_contain_text("担当者")
    page.get_by_role("button", name="席をはなれる").click()
    expect(page.locator("h1")).to_contain_text("画面をとめています")
    context.close()
