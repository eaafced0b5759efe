"""A real, headless Chromium for each file of tests; whatever a page complains about fails its test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from drivers.clock.sim import Driver as Clock
from simulation.centre import name_place, open_sim_centre
from sync.facts import PlaceNamed
from tests.browser.counter_page import SIZES, CounterPage
from tests.central.street import Street

CHROMIUM = Path("/usr/bin/chromium")
# A browser asks its maker's servers for this and that; ours shall only see the machine it runs on.
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync")  # fmt: skip


@pytest.fixture(scope="module")  # while it runs, an event loop does, and no other test could start one of its own
def browser() -> Iterator[Browser]:
    assert CHROMIUM.exists(), "Chromium is missing: scripts/setup test installs it"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh page; its script must not fail."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("console", lambda line: errors.append(line.text) if "Content Security Policy" in line.text else None)
    yield opened
    context.close()
    assert errors == []


@pytest.fixture(params=list(SIZES.values()), ids=list(SIZES))
def counter(page: Page, request: pytest.FixtureRequest) -> Iterator[CounterPage]:
    """A shop's page in each size, at the amount."""
    one = CounterPage()
    one.open()
    one.till()
    one.viewer.state(None)
    page.set_viewport_size({"width": request.param[0], "height": request.param[1]})
    page.goto(f"{one.serving.url}/counter")
    expect(page.locator("#amount-step")).to_be_visible()
    yield one
    one.serving.stop()


@pytest.fixture
def street(tmp_path: Path) -> Iterator[Street]:
    """A fish shop and a bakery whose centre several threads can ask."""
    clock = Clock()
    centre = open_sim_centre(clock, "browser", f"sqlite:///{tmp_path / 'town.db'}")
    centre.registrar.place(PlaceNamed("fish", "魚屋うおまさ", "うおまさ", "Uomasa, fish"))
    name_place(centre, "bakery")
    yield Street(centre, clock)
    centre.engine.dispose()
