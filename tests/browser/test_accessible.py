"""Every page as a machine can judge it by WCAG 2.2 AA (axe): names of fields, contrast, order, language, targets."""

import re
from collections import deque
from collections.abc import Iterator
from datetime import date

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from central.reading import CardReading
from central.residents.person import Person
from sync.residents import Form, How
from tests.browser.counter_page import CounterPage
from tests.browser.serving import ConsoleServing
from tests.browser.test_resident import Town, handset, phone, town  # noqa: F401 - the same phone
from tests.browser.test_screen import Unit, unit  # noqa: F401 - the same screen
from tests.central.street import Street

AA = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
DESK, PHONE = {"width": 1366, "height": 768}, {"width": 390, "height": 844}
LINKS = "() => [...document.querySelectorAll('a[href]')].map((one) => one.getAttribute('href'))"
IS_FILE = re.compile(r"(\.csv|\.json|\.pdf|/segment)(\?|$)")
PAGES_MIN = 12


def faults(page: Page) -> list[str]:
    """Return what is wrong with a page as it stands, a line each."""
    page.wait_for_load_state("load")  # its colours may come later than its words
    found = Axe().run(page, options=AA).response["violations"]
    return [f"{page.url}: {one['id']}: {node['html'][:200]}" for one in found for node in one["nodes"]]


@pytest.fixture
def console(street: Street, page: Page) -> Iterator[ConsoleServing]:
    """A console that has something on each of its pages, and is looked at by somebody who may see all."""
    street.sold("fish", 1280, 2500)
    street.on("2026-12-01")
    street.settle()
    serving = ConsoleServing(street.centre).open()
    serving.book()
    serving.let_in(page)
    yield serving
    serving.close()


def sort_of(address: str) -> str:
    """Return what pages of one sort have in common: where they begin, and how deep they lie."""
    path = address.partition("?")[0].strip("/").split("/")
    return f"{path[0]}/{len(path)}"


def test_every_page_of_the_console(console: ConsoleServing, page: Page) -> None:
    """Go wherever a link leads, one page of each sort."""
    seen, ahead, wrong = set[str](), deque(["/"]), list[str]()
    while ahead:
        address = ahead.popleft()
        if sort_of(address) in seen or not address.startswith("/") or IS_FILE.search(address):
            continue
        seen.add(sort_of(address))
        for size in (DESK, PHONE):
            page.set_viewport_size(size)  # type: ignore[arg-type]
            answer = page.goto(console.url + address)
            assert answer, address
            assert answer.ok, f"a link leads to {address}, which answers {answer.status}"
            wrong += faults(page)
        ahead += page.evaluate(LINKS)
    assert wrong == []
    assert len(seen) >= PAGES_MIN, seen


def test_the_desk_for_residents(console: ConsoleServing, page: Page, street: Street) -> None:
    """With every form open, and the question before what cannot be taken back."""
    desk, person = street.centre.registration, Person("髙橋 花子", "タカハシ ハナコ", "灯台町1", date(1954, 3, 2))
    holder = desk.add(person, How.TYPED, "hanako")
    desk.add_card(holder, CardReading("pass", "desk"), Form.CARD, "hanako")
    home, wrong = f"{console.url}/residents/{holder}", list[str]()
    for address in (home, f"{home}?why=counter", f"{home}/sheet?why=counter", f"{console.url}/residents/new"):
        for size in (DESK, PHONE):
            page.set_viewport_size(size)  # type: ignore[arg-type]
            page.goto(address)
            page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
            wrong += faults(page)
    page.goto(f"{home}?why=counter")
    page.locator("summary", has_text="転出・死亡・利用終了").click()
    page.get_by_label("亡くなった").check()
    page.get_by_role("button", name="次へ").click()
    expect(page.locator("h1")).to_contain_text("よろしいですか")
    assert wrong + faults(page) == []


def test_the_door_and_a_page_that_is_not_there(console: ConsoleServing, page: Page) -> None:
    page.goto(f"{console.url}/nowhere")
    wrong = faults(page)
    page.goto(console.url)
    page.get_by_role("button", name="席をはなれる").click()
    wrong += faults(page)
    page.context.clear_cookies()
    page.goto(console.url)
    assert wrong + faults(page) == []


def test_a_counter_in_a_shop(page: Page) -> None:
    one = CounterPage()
    one.open()
    one.till()
    one.viewer.state(None)
    page.goto(f"{one.serving.url}/counter")
    page.locator("#amount-step").wait_for()
    wrong = faults(page)
    one.serving.stop()
    assert wrong == []


def test_the_screen_of_a_unit(unit: Unit, page: Page) -> None:  # noqa: F811
    page.goto(unit.serving.url)
    page.locator("#ja").wait_for()
    assert faults(page) == []


def test_a_residents_phone(phone: Page) -> None:  # noqa: F811
    assert faults(phone) == []
    phone.locator("#to-pay").click()
    assert faults(phone) == []
