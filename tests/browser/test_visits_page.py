"""The office sees what is used, by weekday and hour, without a script, and can read every number on every colour."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from central.centre import Centre
from drivers.clock.sim import Driver as Clock
from simulation.centre import open_sim_centre
from sync.entries import Fact
from sync.facts import PlaceNamed
from tests.browser.looking import faint
from tests.browser.serving import ConsoleServing
from tests.central.pen import Pen
from tests.programs.visits.hall import at, came


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    opened = open_sim_centre(
        Clock(Clock.Options(wall_ms=at("2026-12-01T09:00"))), "visits", f"sqlite:///{tmp_path}/town.db"
    )
    opened.registrar.place(PlaceNamed("library", "図書館", "としょかん", "Library"))
    yield opened
    opened.engine.dispose()


@pytest.fixture
def console(centre: Centre) -> Iterator[ConsoleServing]:
    serving = ConsoleServing(centre).open()
    yield serving
    serving.close()


@pytest.fixture
def plain(browser: Browser) -> Iterator[Page]:
    """A page without scripts."""
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 800})
    yield context.new_page()
    context.close()


def facts(text: str, people: range, place: str = "library") -> list[Fact]:
    return [entry.fact for entry in came(text, people, place)]


def test_a_month_is_asked_for_and_read(centre: Centre, console: ConsoleServing, page: Page, plain: Page) -> None:
    pen = Pen.enrolled(centre)
    pen.send(pen.begin(*facts("2026-11-02T09:00", range(40)), *facts("2026-11-03T09:00", range(10))))
    pen.send(pen.write(*facts("2026-11-04T09:00", range(3)), *facts("2026-11-02T10:00", range(25, 60), "hall")))
    console.book()
    for one in (page, plain):
        console.let_in(one)
    page.goto(console.url)
    page.get_by_role("link", name="利用", exact=False).first.click()
    expect(page.locator(".finding")).to_contain_text("いちばん使われたのは図書館です(53回、40人)。")
    expect(page.locator("#coverage")).to_contain_text("0/1台")
    page.get_by_role("link", name="図書館").click()
    expect(page.locator("h1")).to_contain_text("図書館の利用")
    assert faint(page) == []
    expect(page.locator("#beside")).to_contain_text("15人以上")
    plain.goto(page.url)
    rows = plain.locator("#heat tbody tr")
    expect(rows).to_have_count(7)
    expect(rows.nth(0)).to_contain_text("40")
    expect(rows.nth(2).locator("abbr")).to_have_text("*", timeout=5_000)
    expect(rows.nth(1).locator("abbr")).to_have_text("*", timeout=5_000)
    plain.locator("select[name=change]").select_option("2026-11")
    plain.get_by_role("button", name="見る").click()
    assert "change=2026-11" in plain.url
    answer = page.request.get(f"{console.url}/visits.csv?month=2026-11")
    assert answer.headers["content-disposition"] == 'attachment; filename="visits.csv"'
    assert "2026-11,library,visits,visits,,,,,53\r\n" in answer.text()
    for missing in ("/visits?month=11", "/visits?place=nowhere", "/visits.csv?place=nowhere", "/visits?change=x"):
        assert page.request.get(console.url + missing).status == 404
