"""Takes the pictures that the README shows, of the demo town as it is now: `make screenshots`."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from playwright.sync_api import Page, expect, sync_playwright

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "pictures"
CHROMIUM = "/usr/bin/chromium"
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
CONSOLE, PAGE, LIBRARY = 19080, 19090, 19101
SIGN_IN = ("name", "password", "digits")
READY_S = 60
WINDOW = {"width": 1280, "height": 900}
WHOLE = {"width": 1280, "height": 2040}
SCREEN = {"width": 800, "height": 480}


def main() -> None:
    """Start a demo town, let people come and go, and take the pictures."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="machi-pictures-") as folder:
        town = subprocess.Popen([sys.executable, "-m", "demo", "--port", str(CONSOLE), "--folder", folder], cwd=ROOT)
        try:
            wait_for(PAGE)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
                take(browser.new_page(viewport=WINDOW), browser.new_page(viewport=SCREEN))
                browser.close()
        finally:
            town.terminate()
            town.wait()


def wait_for(port: int) -> None:
    """Wait until the demo's page answers."""
    until = time.monotonic() + READY_S
    while time.monotonic() < until:
        try:
            urlopen(f"http://127.0.0.1:{port}/state").close()
        except URLError:
            time.sleep(0.2)
        else:
            return
    raise TimeoutError("the demo did not start")


def take(page: Page, screen: Page) -> None:
    """Let a few people touch, the bus without a network, and take one picture of each page."""
    screen.goto(f"http://127.0.0.1:{LIBRARY}")
    page.goto(f"http://127.0.0.1:{PAGE}")
    screen.wait_for_timeout(500)
    screen.screenshot(path=PICTURES / "screen-idle.png")
    for person, unit in (("太郎", "lib01"), ("ゆい", "bus01"), ("美咲", "lib01"), ("明", "bus01"), ("貞夫", "lib01")):
        hold(page, person, unit)
        take_away(page, person, unit)
    page.locator("#unit-bus01").get_by_role("button", name="回線を切る").click()
    hold(page, "健", "bus01")
    hold(page, "花子", "lib01")
    screen.screenshot(path=PICTURES / "screen-welcome.png")
    charge(page, "美咲")
    page.set_viewport_size(WHOLE)  # a unit's screen that is out of sight would be black
    page.wait_for_timeout(1_000)
    page.screenshot(path=PICTURES / "hold-a-card.png", full_page=True)
    page.set_viewport_size(WINDOW)
    shown = {name: page.locator(f"#sign-in [data-field={name}]").first.inner_text() for name in SIGN_IN}
    page.goto(f"http://127.0.0.1:{CONSOLE}")
    for name, value in shown.items():
        page.locator(f"#{name}").fill(value)
    page.get_by_role("button", name="サインイン").click()
    page.wait_for_timeout(1_000)
    page.screenshot(path=PICTURES / "console.png")
    page.locator("[data-arrivals] a").first.click()
    page.wait_for_timeout(500)
    page.screenshot(path=PICTURES / "proof.png")


def charge(page: Page, person: str) -> None:
    """Hold a card to the town hall's desk, which then asks how much is to be charged, and choose 3,000 yen."""
    desk = page.frame_locator("#unit-hall01 iframe")
    page.get_by_label(person).check()
    page.locator("#unit-hall01").get_by_role("button", name="かざす").click()
    for _ in range(3):
        desk.get_by_role("button", name="1,000").click()
    expect(desk.locator("#charge")).to_contain_text("3,000")


def hold(page: Page, person: str, unit: str) -> None:
    """Hold somebody's card there, until the screen welcomes them."""
    page.get_by_label(person).check()
    page.locator(f"#unit-{unit}").get_by_role("button", name="かざす").click()
    expect(page.frame_locator(f"#unit-{unit} iframe").locator("#ja")).to_contain_text("ようこそ")


def take_away(page: Page, person: str, unit: str) -> None:
    """Take it away, and wait until the reader has noticed."""
    page.locator(f"#unit-{unit}").get_by_role("button", name=f"{person}さんのカードをはなす").click()
    page.wait_for_timeout(600)


if __name__ == "__main__":
    main()
