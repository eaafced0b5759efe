"""A clerk registers somebody with their card, by keyboard: Chromium, the desk's program, and a real pcscd."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Request, expect

from central.reading import read_holder
from drivers.card.sim.pcscd import PrivatePcscd
from drivers.card.sim.pki import TestPki
from drivers.card.sim.plan import Trouble
from drivers.clock.sim import Driver as Clock
from simulation.centre import open_sim_centre
from sync.accounts import Role
from sync.residents import Form, How
from tests.browser.conftest import CHROMIUM, QUIET
from tests.browser.looking import fits
from tests.browser.serving import ConsoleServing, Serving
from tests.browser.test_accessible import AA
from tests.desk.program import READER, SEEN_S, DeskProgram, Lay, laying

pytestmark = pytest.mark.pcsc

CODE, WRONG, PIN = "60040120940000", "60040120940001", "1234"
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
NAME, ADDRESS = "架空\u3000花子", "架空県試験市一丁目２番３号"


@pytest.fixture(scope="module")
def pcscd() -> Iterator[PrivatePcscd]:
    with PrivatePcscd([READER]) as private:
        yield private


class Window:
    """One window of a town hall: the console, a clerk's browser, the program and its reader."""

    def __init__(self, folder: Path, pcscd: PrivatePcscd, trust: Path) -> None:
        self.centre = open_sim_centre(Clock(), "desk reader", f"sqlite:///{folder / 'town.db'}")
        self.folder = folder
        serving = ConsoleServing(self.centre)
        self.program = DeskProgram(pcscd, serving.url, trust, folder / "log", "--learn", "--wait", "3")
        self.console = ConsoleServing(self.centre, serving.port, self.program.port).open()

    def close(self) -> None:
        self.program.stop()
        self.console.close()
        self.centre.engine.dispose()


@pytest.fixture
def window(tmp_path: Path, pcscd: PrivatePcscd, pki: TestPki) -> Iterator[Window]:
    opened = Window(tmp_path, pcscd, pki.write_trust())
    opened.program.start()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def serials() -> Iterator[int]:
    return iter(range(990_000_000_008_000, 990_000_000_009_000))


@pytest.fixture
def lay(pcscd: PrivatePcscd, pki: TestPki, serials: Iterator[int]) -> Iterator[Lay]:
    yield from laying(pcscd, pki, serials)


@pytest.fixture
def sent() -> list[Request]:
    """Whatever the clerk's browser sends."""
    return []


@pytest.fixture
def page(browser: Browser, window: Window, sent: list[Request]) -> Iterator[Page]:
    context = browser.new_context(viewport=DESK, locale="ja-JP")  # type: ignore[arg-type]
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda line: complaints.append(line.text) if "Security Policy" in line.text else None)
    opened.on("request", lambda one: sent.append(one))  # noqa: PLW0108 - playwright marks what it is given
    window.console.let_in(opened, Role.CLERK)
    yield opened
    context.close()
    assert complaints == []


def look(page: Page, request: pytest.FixtureRequest, name: str) -> None:
    """See that a page fits and reads well in both sizes; with `--pictures`, keep it."""
    kept = request.config.getoption("pictures")
    for size in (PHONE, DESK):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        fits(page)
        found = Axe().run(page, options=AA).response["violations"]
        assert [f"{name}: {one['id']}: {node['html'][:200]}" for one in found for node in one["nodes"]] == []
        if kept:
            Path(kept).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=Path(kept) / f"{name}-{size['width']}.png", full_page=True)


def told(page: Page, form: str = "#from-card") -> str:
    return page.locator(f"{form} [data-told]").inner_text()


def test_somebody_is_registered_with_their_card_by_keyboard(
    window: Window, page: Page, lay: Lay, sent: list[Request], request: pytest.FixtureRequest
) -> None:
    lay()
    page.goto(f"{window.console.url}/residents/new")
    expect(page.locator("#secret")).to_be_focused()
    assert page.locator("#secret").get_attribute("autocomplete") == "one-time-code", "or browsers offer to keep it"
    look(page, request, "desk-reader-begins")
    page.keyboard.type(CODE)
    page.keyboard.press("Enter")
    expect(page.locator("#kana")).to_be_focused()
    expect(page.locator(".signed")).to_contain_text(NAME)
    expect(page.locator(".signed")).to_contain_text(ADDRESS)
    assert page.url == f"{window.console.url}/residents/new"
    for field in ("#name", "#birth", "#address", "#sex"):
        assert page.locator(field).count() == 0, "what was signed cannot be typed over"
    look(page, request, "desk-reader-signed")
    page.keyboard.insert_text("かくう はなこ")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("カードも結びました")
    expect(page.locator("h1")).to_contain_text(NAME)
    expect(page.locator("article.held")).to_contain_text("使えます")
    holder = page.url.rpartition("/")[2].partition("?")[0]
    assert window.centre.registration.standing(holder).how is How.CARD

    to_the_centre = [one for one in sent if one.url.startswith(window.console.url)]
    bodies = [one.post_data or "" for one in to_the_centre]
    assert CODE not in "".join([one.url for one in sent] + bodies), "what opens the card goes to the card alone"
    assert "secret" not in "".join(bodies), "no form has it, not even empty"
    left = [path for path in window.folder.rglob("*") if path.is_file() and CODE.encode() in path.read_bytes()]
    assert left == []
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0


def test_the_holders_pin_does_as_well_and_the_card_may_come_later(window: Window, page: Page, lay: Lay) -> None:
    page.goto(f"{window.console.url}/residents/new")
    page.keyboard.type(PIN)
    page.keyboard.press("Enter")
    expect(page.locator("#from-card [data-told]")).to_contain_text("置いて、そのまま")
    expect(page.locator("#secret")).to_have_value("")
    lay("no_pass")
    expect(page.locator(".signed")).to_contain_text("いっしょに結びます")


def test_what_goes_wrong_is_said_and_can_be_done_again(
    window: Window, page: Page, pcscd: PrivatePcscd, lay: Lay, request: pytest.FixtureRequest
) -> None:
    page.goto(f"{window.console.url}/residents/new")

    def read(secret: str) -> None:
        page.locator("#secret").fill(secret)
        page.keyboard.press("Enter")
        expect(page.locator("#from-card [data-state=refused]")).to_be_visible(timeout=8_000)
        expect(page.locator("#secret")).to_be_focused()
        expect(page.locator("#secret")).to_have_value("")

    read(CODE)
    assert "置かれませんでした" in told(page)
    lay()
    read(WRONG)
    assert "照合番号か暗証番号が ちがいます。あと 9回 試せます。" in told(page)
    look(page, request, "desk-reader-wrong-code")
    read("12345")
    assert "14けた" in told(page)
    lay(trouble=Trouble(torn_after_apdus=6))
    read(CODE)
    assert "もう一度置いて" in told(page)
    lay(kind="transit")
    read(PIN)
    assert "交通系ICカードです" in told(page)
    page.locator("#secret").fill(PIN)
    pcscd.table.remove(READER)
    time.sleep(SEEN_S)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="やめる").click()
    expect(page.locator("#from-card [data-told]")).to_contain_text("やめました")
    window.program.stop()
    read(CODE)
    assert "答えません" in told(page)
    window.program.start()
    lay()
    page.locator("#secret").fill(CODE)
    page.keyboard.press("Enter")
    expect(page.locator(".signed")).to_contain_text(NAME)


def test_somebody_is_found_by_the_card_in_their_hand_and_the_look_is_noted(
    window: Window, page: Page, lay: Lay, sent: list[Request], request: pytest.FixtureRequest
) -> None:
    lay()
    read = read_holder(json.dumps(window.program.says("holder", CODE)["document"]).encode())
    assert read.card
    from central.residents.person import Person  # noqa: PLC0415

    person = Person(read.name, "カクウ ハナコ", read.address, read.birth, read.sex)
    holder = window.centre.registration.add(person, How.CARD, "hanako")
    page.goto(f"{window.console.url}/residents")
    page.get_by_text("カードで さがす").click()
    look(page, request, "desk-reader-search")
    search = page.get_by_role("button", name="カードを読んで さがす")
    search.click()
    expect(page.locator("[data-told]")).to_contain_text("カードを読みました")
    assert page.url == f"{window.console.url}/residents", "a reason comes first: the browser asks for one"
    page.get_by_label("窓口の手続き").check()
    search.click()
    expect(page.get_by_role("alert")).to_contain_text("まだ だれにも結ばれていません")

    page.goto(f"{window.console.url}/residents/{holder}?why=counter")
    page.locator("summary", has_text="カードを結ぶ").click()
    page.get_by_role("button", name="カードを読む").click()
    expect(page.get_by_role("button", name="結ぶ")).to_be_focused()
    look(page, request, "desk-reader-bind")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("カードを結びました")

    page.goto(f"{window.console.url}/residents")
    page.get_by_label("窓口の手続き").check()
    page.get_by_text("カードで さがす").click()
    search.click()
    expect(page.locator("h1")).to_contain_text(NAME)
    expect(page.locator("#looks")).to_contain_text("窓口の手続き")
    assert NAME.split("\u3000", maxsplit=1)[0] not in "".join(one.url for one in sent)
    lost = window.centre.registration.standing(holder)
    assert [held.form for held in lost.cards.values()] == [Form.CARD]


@pytest.mark.threat("a web page that is open on a clerk's PC")
def test_a_page_from_elsewhere_cannot_read_the_card(window: Window, browser: Browser, lay: Lay) -> None:
    from starlette.applications import Starlette  # noqa: PLC0415
    from starlette.responses import HTMLResponse  # noqa: PLC0415
    from starlette.routing import Route  # noqa: PLC0415

    async def hello(_request: object) -> HTMLResponse:
        return HTMLResponse("<!doctype html><title>elsewhere</title>")

    lay()
    elsewhere = Serving().start(lambda: Starlette(routes=[Route("/", hello)]))
    context = browser.new_context()
    try:
        page = context.new_page()
        tries = """async ([url, type, mode, secret]) => {
            const sent = { method: "POST", mode, headers: { "Content-Type": type }, body: JSON.stringify({ secret }) };
            try { const got = await fetch(url, sent); return [got.type, got.status, await got.text()]; }
            catch (error) { return error.name; }
        }"""
        for address in (elsewhere.url, elsewhere.url.replace("127.0.0.1", "localhost")):
            page.goto(address)
            for type_, mode in (("application/json", "cors"), ("text/plain", "cors"), ("text/plain", "no-cors")):
                got = page.evaluate(tries, [f"{window.program.url}/v1/holder", type_, mode, WRONG])
                assert got in ("TypeError", ["opaque", 0, ""])
    finally:
        context.close()
        elsewhere.stop()
    said = window.program.says("holder", "60040120940002")
    assert "あと 9回" in said["ja"], "no page from elsewhere has spent a try"


@pytest.mark.parametrize("is_allowed", [True, False])
def test_a_browser_that_asks_the_person_is_told_what_to_say(
    window: Window, browser: Browser, lay: Lay, *, is_allowed: bool
) -> None:
    """A console in another network: Chromium lets its page call this PC only if the person, or a policy, allows it."""
    lay()
    elsewhere = f"--ip-address-space-overrides=127.0.0.1:{window.console.port}=public"
    other = browser.browser_type.launch(executable_path=CHROMIUM, args=[*QUIET, elsewhere])
    try:
        context = other.new_context()
        if is_allowed:
            context.grant_permissions(["local-network-access"])
        page = context.new_page()
        window.console.let_in(page, Role.CLERK)
        page.goto(f"{window.console.url}/residents/new")
        page.locator("#secret").fill(CODE)
        page.keyboard.press("Enter")
        if is_allowed:
            expect(page.locator(".signed")).to_contain_text(NAME)
        else:
            expect(page.locator("#from-card [data-told]")).to_contain_text("許しているか")
    finally:
        other.close()


def test_only_the_desks_pages_may_call_it_and_none_where_the_town_has_no_reader(
    window: Window, page: Page, browser: Browser
) -> None:
    def policy(url: str, opened: Page) -> str:
        answer = opened.goto(url)
        assert answer
        return answer.headers["content-security-policy"]

    assert f"connect-src 'self' {window.program.url}" in policy(f"{window.console.url}/residents/new", page)
    assert "connect-src" not in policy(f"{window.console.url}/", page)
    without = ConsoleServing(window.centre).open()
    context = browser.new_context()
    try:
        opened = context.new_page()
        without.let_in(opened, Role.CLERK)
        assert "connect-src" not in policy(f"{without.url}/residents/new", opened)
        assert opened.locator("[data-reader]").count() == 0
    finally:
        context.close()
        without.close()
