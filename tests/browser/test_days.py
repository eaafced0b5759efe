"""A day of everybody who works with the console, from signing in to going home, with a script and without.

What they see is looked at on the way: nothing hangs over the edge, and axe finds nothing against WCAG 2.2 AA. With
`--pictures FOLDER` the pages are kept as pictures, for people to look at.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from programs.points.entries import Rule
from simulation.centre import name_place
from sync.accounts import Role
from sync.facts import PlaceNamed
from tests.browser.looking import fits
from tests.browser.serving import ConsoleServing
from tests.browser.test_accessible import AA
from tests.browser.test_sign_in_page import come_in
from tests.central.street import Street
from tests.central.visiting import PASSWORD, Person, person
from tests.programs.points.hall import CARD, Hall

DESK, PHONE = {"width": 1366, "height": 768}, {"width": 390, "height": 844}
NAME = "𠮷田\u3000髙子"  # two characters that old machines do not have
OTHER = "0c" * 16

Look = Callable[[str], None]


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    """A town in which people came to the library, got points for it, and paid at two shops."""
    opened = Hall(f"sqlite:///{tmp_path / 'town.db'}")
    places = (("library", "図書館", "としょかん", "Library"), ("fish", "魚屋うおまさ", "うおまさ", "Uomasa, fish"))
    for place in places:
        opened.centre.registrar.place(PlaceNamed(*place))
    name_place(opened.centre, "bakery")
    opened.decide(Rule("library", 10, places=("library",)))
    for card in (CARD, OTHER):
        opened.arrives(opened.touched((opened.today, "10:00"), (opened.today, "15:00"), card=card))
    opened.sleep()
    street = Street(opened.centre, opened.clock)
    street.sold("fish", 1280, 2500)
    street.sold("bakery", 640)
    opened.settle()
    yield opened
    opened.centre.engine.dispose()


@pytest.fixture
def console(hall: Hall) -> Iterator[ConsoleServing]:
    serving = ConsoleServing(hall.centre).open()
    serving.book()
    yield serving
    serving.close()


@pytest.fixture(params=[True, False], ids=["script", "no-script"])
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=request.param, viewport=DESK, locale="ja-JP")  # type: ignore[arg-type]
    yield context.new_page()
    context.close()


@pytest.fixture
def look(page: Page, request: pytest.FixtureRequest) -> Look:
    kept, has_script = request.config.getoption("pictures"), request.node.callspec.params["page"]

    def look(name: str) -> None:
        """Look at a page as it stands."""
        fits(page)
        if not has_script:
            return
        found = Axe().run(page, options=AA).response["violations"]
        assert [f"{name}: {one['id']}: {node['html'][:200]}" for one in found for node in one["nodes"]] == []
        if kept:
            Path(kept).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=Path(kept) / f"{name}.png")

    return look


def begins(page: Page, console: ConsoleServing, hall: Hall, name: str, role: Role) -> Person:
    """Come to work: open the console, and sign in."""
    somebody = person(hall.centre, name, (role,))
    page.goto(console.url)
    come_in(page, somebody)
    expect(page.locator("[data-visitor]")).to_contain_text(name)
    return somebody


def goes_home(page: Page) -> None:
    page.get_by_role("button", name="終わる").click()
    expect(page.locator("h1")).to_contain_text("サインイン")


def menu(page: Page) -> list[str]:
    """Return where the menu leads."""
    return [str(one.get_attribute("href")) for one in page.locator(".top nav a").all()]


def test_the_clerk(hall: Hall, console: ConsoleServing, page: Page, look: Look) -> None:
    """Somebody comes to the desk to register; somebody else asks why there were ten points."""
    begins(page, console, hall, "hanako", Role.CLERK)
    expect(page.locator("h1")).to_contain_text("今日の様子")
    look("clerk-today")
    page.get_by_role("link", name="住民とカード").click()
    page.get_by_role("link", name="新しく登録する").click()
    page.get_by_label("氏名").fill(NAME)
    page.get_by_label("フリガナ").fill("よしだ たかこ")
    page.get_by_label("生年月日").fill("S29.3.2")
    page.get_by_label("住所").first.fill("灯台町1-2")
    page.get_by_label("ポイント").check()
    look("clerk-registers")
    page.get_by_role("button", name="登録する").click()
    expect(page.locator("h1")).to_contain_text(NAME)
    look("clerk-resident")
    page.get_by_role("link", name="控えを印刷").click()
    expect(page.locator(".paper")).to_contain_text("ヨシダ")
    page.get_by_role("button", name="席をはなれる").click()
    page.locator("#password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("[data-visitor]")).to_be_visible()
    page.goto(console.url)
    page.locator("[data-arrivals] a", has_text="図書館").last.click()
    page.get_by_role("link", name="なぜ何ポイント?").click()
    expect(page.locator("main")).to_contain_text("10ポイント")
    look("clerk-why-ten-points")
    assert not {"/settlement", "/visitors", "/docs"} & set(menu(page))
    goes_home(page)


def test_the_officer(hall: Hall, console: ConsoleServing, page: Page, look: Look) -> None:
    """A service is used less than was hoped: look at it, write a rule, see what it would have cost, and propose it."""
    begins(page, console, hall, "yamada", Role.OFFICER)
    page.get_by_role("link", name="利用").click()
    look("officer-what-is-used")
    page.locator(".top nav").get_by_role("link", name="ポイント").click()
    page.get_by_role("link", name="下書きを書く").click()
    page.get_by_role("link", name="規則を足す").click()
    page.get_by_label("1回に付くポイント").fill("20")
    page.get_by_label("図書館").check()
    look("officer-writes-a-rule")
    page.get_by_role("button", name="この内容を下書きに入れる").click()
    expect(page.locator("#rules")).to_contain_text("図書館で タッチすると 20ポイント")
    look("officer-tries-it-out")
    page.get_by_role("button", name="この規則を提案する").click()
    expect(page.get_by_role("status")).to_contain_text("提案しました")
    expect(page.get_by_role("button", name="この規則を承認する")).to_have_count(0)
    page.get_by_role("link", name="見た記録").click()
    look("officer-who-looked")
    goes_home(page)


def test_the_treasurer(hall: Hall, console: ConsoleServing, page: Page, look: Look) -> None:
    """Which shops are paid what, and what one of them is told, who is on the telephone."""
    begins(page, console, hall, "sato", Role.TREASURER)
    page.get_by_role("link", name="精算").click()
    look("treasurer-settlement")
    page.get_by_role("link", name="魚屋うおまさ").click()
    expect(page.locator("[data-part=closing]")).to_have_text("3,780円")
    look("treasurer-one-shop")
    for name in ("締め", "循環", "立て替え"):
        page.get_by_role("link", name=name).click()
        look(f"treasurer-{page.url.rpartition('/')[2]}")
    assert not {"/residents", "/docs"} & set(menu(page))
    goes_home(page)


def test_the_technician(hall: Hall, console: ConsoleServing, page: Page, look: Look) -> None:
    """Which units are well, what one of them lacks, what a person has to look at; and not where people were."""
    begins(page, console, hall, "ken", Role.TECHNICIAN)
    look("technician-units")
    expect(page.locator("[data-arrivals]")).to_have_count(0)
    page.locator("#units summary").click()
    page.locator("#units tbody a").first.click()
    look("technician-one-unit")
    page.get_by_role("link", name="確かめること").click()
    look("technician-incidents")
    page.get_by_role("link", name="つなぎ方").click()
    look("technician-api")
    assert CARD[:8] not in page.content()
    assert not {"/residents", "/settlement", "/points"} & set(menu(page))
    goes_home(page)


def test_the_auditor(hall: Hall, console: ConsoleServing, page: Page, look: Look) -> None:
    """Who may come in, who did, who looked at residents, and whether an entry is what its unit signed."""
    begins(page, console, hall, "mori", Role.AUDITOR)
    page.get_by_role("link", name="使う人").click()
    expect(page.locator("#accounts")).to_contain_text("mori")
    look("auditor-who-came")
    page.get_by_role("link", name="見た記録").click()
    look("auditor-who-looked")
    page.goto(console.url)
    page.locator("[data-arrivals] a").first.click()
    expect(page.locator("main")).to_contain_text("自分で確かめる")
    look("auditor-an-entry-and-its-proof")
    assert "/residents" not in menu(page)
    goes_home(page)


def test_the_shopkeeper(hall: Hall, console: ConsoleServing, page: Page, look: Look) -> None:
    """On a telephone, after closing time."""
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    begins(page, console, hall, "uomasa", Role.SHOP)
    expect(page.locator("[data-figure=owed]")).to_have_text("3,780")
    look("shop-statement")
    assert menu(page) == ["/shop"]
    goes_home(page)
