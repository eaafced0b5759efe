"""A pedometer's number is typed at a unit that runs as a process, a code is held there, and the steps are noted."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from drivers.card.sim.pki import TestPki
from drivers.clock.sim import Driver as Clock
from simulation.centre import name_place, open_sim_centre
from tests.appliance.live import settle_in, wait_for_scanner
from tests.browser.test_counter import HANAKO, Behind
from tests.drivers.far_end import far_end


@pytest.fixture
def hall(tmp_path: Path, pki: TestPki, page: Page) -> Iterator[Behind]:
    """A unit for pedometers at a hall, with its own display at the page to which the unit sends it."""
    centre = open_sim_centre(Clock(), "steps page")
    name_place(centre, "library")
    unit = settle_in(tmp_path / "hall01", centre, pki.trust(("pass",)), counter="steps")
    with far_end(tmp_path / "scanner") as scanner:
        config = unit.folder / "unit.toml"
        options = f'[drivers.scanner]\nmake = "serial"\npath = "{scanner.path}"\nagain_ms = 1\n'
        config.write_text(f"{config.read_text()}\n{options}")
        unit.start()
        wait_for_scanner(unit)
        page.goto(f"http://127.0.0.1:{unit.port}/display")
        yield Behind(unit, scanner, page, pki)
        unit.clean_up()


def test_somebody_without_a_phone_brings_what_a_pedometer_shows(hall: Behind) -> None:
    hall.at("amount")
    expect(hall.page.get_by_role("button", name="この数でよい")).to_be_disabled()
    hall.type("61")
    hall.type("000")  # more than anybody walks cannot be typed
    hall.reads("6,100歩")
    hall.press("この数でよい")
    hall.at("card")
    hall.reads("きょうの歩数")
    hall.hold(HANAKO)
    hall.reads("6,100歩を記録しました。")
    hall.at("result")
    hall.press("次の人へ")
    hall.at("amount")
    hall.reads("0歩")

    hall.page.keyboard.type("7200")
    hall.press("きのう")
    hall.page.keyboard.press("Enter")
    hall.reads("きのうの歩数")
    hall.hold(HANAKO)
    hall.reads("7,200歩を記録しました。")
    today, yesterday = [body for _, body in hall.unit.entries().values() if body["kind"] == "steps.walked"]
    assert (today["steps"], yesterday["steps"], today["day"] - yesterday["day"]) == (6_100, 7_200, 1)
    assert {one["source"] for one in (today, yesterday)} == {"pedometer"}
