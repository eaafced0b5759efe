"""The resident's page on a phone, in a real browser: let in, look, show a code without a network, pay a shop."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import segno
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect
from starlette.types import ASGIApp

from central.resident import door
from central.resident.app import Keys, create_resident
from central.writer import Writer
from programs.coin.resident import PURSE
from programs.coin.rules import PAY
from programs.lottery.resident import DRAWS
from simulation.cards import ISSUER
from sync.facts import CardState, PlaceNamed
from sync.program import Wish
from tests.browser.serving import Serving
from tests.programs.coin.holder import Issuer, Money
from tests.programs.coin.street import Street

CAN_SCAN = """(code) => {
    window.BarcodeDetector = class {
        static getSupportedFormats = async () => ["qr_code"];
        detect = async () => [{ rawValue: code }];
    };
    const canvas = document.createElement("canvas");
    const brush = canvas.getContext("2d");
    setInterval(() => brush.fillRect(0, 0, Math.random() * 9, 9), 50);
    Object.defineProperty(navigator, "mediaDevices", { value: { getUserMedia: async () => canvas.captureStream() } });
}"""
SEES = """(rows) => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 480 });
    const brush = canvas.getContext("2d");
    const size = Math.floor(400 / rows.length);
    setInterval(() => {
        brush.fillStyle = "#d8d4cc";
        brush.fillRect(0, 0, 640, 480);
        brush.fillStyle = "#201c30";
        rows.forEach((row, y) => [...row].forEach((dark, x) => {
            if (dark === "1") brush.fillRect(120 + x * size, 40 + y * size, size, size);
        }));
    }, 50);
    Object.defineProperty(navigator, "mediaDevices", { value: { getUserMedia: async () => canvas.captureStream() } });
}"""
OUTSIDE = """() => [...document.querySelectorAll('button, p, h1, h2, output, svg, li')]
    .filter((one) => one.checkVisibility())
    .filter((one) => { const box = one.getBoundingClientRect(); return box.left < -1 || box.right > innerWidth + 1; })
    .map((one) => one.id || one.textContent)"""


class Town(Money):
    """A street whose centre serves the residents' page."""

    def __init__(self, street: Street) -> None:
        super().__init__(street)
        self.serving = Serving()
        for place, name, kana, english in (
            ("fish", "魚屋まるい", "さかなや", "Marui Fish"),
            ("bakery", "とうだいパン", "とうだいぱん", "Todai Bakery"),
            ("hall", "町役場", "まちやくば", "Town Hall"),
        ):
            self.centre.registrar.place(PlaceNamed(place, name, kana, english))
        self.have_free(3000)
        self.serving.start(self._make)

    def _make(self) -> ASGIApp:
        keys = Keys(self.street.centre.card_key, Issuer(), ISSUER)
        return create_resident(self.centre, Writer(self.centre.intake), PURSE, keys, self.serving.url, DRAWS)

    def link(self) -> str:
        return f"{self.serving.url}/in#{door.invite(self.centre, self.street.name)}"


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    street = Street(f"sqlite:///{tmp_path / 'town.db'}")
    one = Town(street)
    yield one
    one.serving.stop()
    for unit in street.units.values():
        unit.stop()
    one.centre.engine.dispose()


@pytest.fixture
def handset(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    yield context
    context.close()


@pytest.fixture
def phone(town: Town, handset: BrowserContext) -> Iterator[Page]:
    """A phone that was let in, at home."""
    page = handset.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if "Content Security Policy" in line.text else None)
    page.goto(town.link())
    page.locator("#link").click()
    expect(page.locator("#home-step")).to_be_visible()
    yield page
    assert errors == []


def step(page: Page, name: str) -> None:
    expect(page.locator(f"#{name}-step")).to_be_visible()
    assert page.evaluate(OUTSIDE) == []


def test_a_link_lets_one_phone_in_and_shows_what_there_is(town: Town, phone: Page, browser: Browser) -> None:
    expect(phone.locator("#usable")).to_have_text("5,000円")
    expect(phone.locator("#town")).to_have_text("灯台町のコイン")
    expect(phone.locator("#lines li")).to_contain_text(["チャージ"])
    assert phone.url == f"{town.serving.url}/", "the link's code is not left in the address"
    step(phone, "home")
    (used,) = phone.context.cookies()
    assert (used["httpOnly"], used["sameSite"]) == (True, "Strict")
    other = browser.new_context()
    strange = other.new_page()
    strange.goto(f"{town.serving.url}/")
    expect(strange.locator("#closed-step")).to_contain_text("カードと結ばれていません")
    other.close()


def test_a_shop_is_chosen_the_amount_typed_and_paid(town: Town, phone: Page) -> None:
    phone.locator("#to-pay").click()
    step(phone, "whom")
    phone.get_by_role("button", name="魚屋まるい").click()
    for pressed in "1280":
        phone.locator(f'[data-key="{pressed}"]').click()
    step(phone, "amount")
    phone.locator("#amount-on").click()
    expect(phone.locator("#sure-step .shop")).to_contain_text("魚屋まるい")
    expect(phone.locator("#sure-yen")).to_have_text("1,280円")
    step(phone, "sure")
    phone.locator("#pay").click()
    step(phone, "done")
    expect(phone.locator("#done-road")).to_contain_text("知らせています")
    assert town.street.balance("shop/fish") == 1280
    town.street.talk("shop01")
    assert town.told() == "COI-027"
    expect(phone.locator("#done-road")).to_contain_text("届きました")
    phone.locator("#done-step [data-home]").click()
    expect(phone.locator("#usable")).to_have_text("3,720円")
    expect(phone.locator("#lines li").first).to_contain_text("魚屋まるい")


def scanning(page: Page, code: str) -> None:
    page.add_init_script(f"({CAN_SCAN})({code!r})")
    page.reload()
    page.locator("#to-pay").click()
    page.locator("#scan").click()


def test_the_counters_bill_is_scanned_and_confirmed(town: Town, phone: Page) -> None:
    scanning(phone, town.bill(700))
    expect(phone.locator("#sure-yen")).to_have_text("700円")
    phone.locator("#pay").click()
    step(phone, "done")
    town.street.talk("shop01")
    assert town.told() == "COI-026"
    phone.locator("#done-step [data-home]").click()
    phone.locator("#to-pay").click()
    phone.locator("#scan").click()
    expect(phone.locator("#refused-ja")).to_contain_text("もう済んでいます")
    step(phone, "refused")
    assert town.street.balance("shop/fish") == 700


def test_where_the_browser_cannot_read_codes_the_town_looks_at_what_the_camera_sees(town: Town, phone: Page) -> None:
    """As on an iPhone. The picture is a real one: drawn, filmed, sent, and read."""
    rows = ["".join(map(str, row)) for row in segno.make(town.bill(700)).matrix]
    phone.add_init_script(f"delete window.BarcodeDetector; ({SEES})({rows!r})")
    phone.reload()
    phone.locator("#to-pay").click()
    phone.locator("#scan").click()
    expect(phone.locator("#sure-yen")).to_have_text("700円")
    expect(phone.locator("#sure-step .shop")).to_contain_text("魚屋まるい")


def test_a_strange_code_is_refused_in_both_languages(town: Town, phone: Page) -> None:
    scanning(phone, town.sticker(network="jp.example.other"))
    expect(phone.locator("#refused-ja")).to_contain_text("この町のコインのQRではありません")
    expect(phone.locator("#refused-en")).to_contain_text("not a code of this town")


def test_more_than_there_is_is_refused_with_what_there_is(phone: Page) -> None:
    phone.locator("#to-pay").click()
    phone.get_by_role("button", name="魚屋まるい").click()
    for pressed in ("9", "00", "0"):
        phone.locator(f'[data-key="{pressed}"]').click()
    phone.locator("#amount-on").click()
    phone.locator("#pay").click()
    expect(phone.locator("#refused-ja")).to_contain_text("5,000円")


def test_the_phones_code_is_made_without_a_network_and_a_shop_takes_it(town: Town, phone: Page) -> None:
    street = town.street
    town.centre.granter.grant(street.what, "shop01", 2000)
    street.talk("shop01")
    phone.evaluate("navigator.serviceWorker.ready")
    phone.wait_for_function("async () => (await (await caches.open('shell')).keys()).length >= 10")
    phone.context.set_offline(True)
    phone.reload()
    expect(phone.locator("#road")).to_contain_text("電波がありません")
    expect(phone.locator("#usable")).to_have_text("5,000円")
    phone.locator("#to-code").click()
    expect(phone.locator("#code svg")).to_be_visible()
    expect(phone.locator("#left")).to_contain_text("あと")
    step(phone, "code")
    text = phone.locator("#code").get_attribute("data-text")
    assert text
    tap = street.units["shop01"].running.tap
    tap.set(Wish(PAY, 500))
    shown = tap.show(text)
    assert shown is not None
    assert shown.message == "COI-020"
    street.clock.advance(6)
    tap.set(Wish(PAY, 500))
    again = tap.show(text)
    assert again is not None
    assert again.message == "TAP-036", "once"
    phone.context.set_offline(False)


def test_the_key_cannot_be_read_out(phone: Page) -> None:
    with pytest.raises(Exception, match="not extractable"):
        phone.evaluate(
            "async () => crypto.subtle.exportKey('pkcs8', await (await import('/kept.js')).read('key'))",
        )


DRAWN = """async (texts) => {
    const { modules } = await import('/qr.js');
    return texts.map((text) => modules(text).map((row) => row.map(Number)));
}"""


# The longest of versions, and between. Where letters and terminator fill a codeword exactly (as 286 letters do), segno
# writes one of zeros before the padding, which means the same and is not compared.
LENGTHS = (1, 2, 20, 61, 90, 122, 154, 178, 221, 262, 285, 287, 311, 366, 419, 483, 528, 600)


def test_a_code_is_drawn_as_the_standard_has_it(phone: Page) -> None:
    letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
    texts = ["A" + "".join(letters[(at * 7 + at // 3) % 45] for at in range(length - 1)) for length in LENGTHS]
    draw = partial(segno.make, error="m", mode="alphanumeric", boost_error=False, micro=False)
    for text, drawn in zip(texts, phone.evaluate(DRAWN, texts), strict=True):
        same = [draw(text, mask=mask) for mask in range(8)]
        assert drawn in [[list(row) for row in one.matrix] for one in same], f"{len(text)} letters"


def pay_at_the_bakery(page: Page) -> None:
    page.locator("#to-pay").click()
    page.get_by_role("button", name="とうだいパン").click()
    page.locator('[data-key="5"]').click()
    page.locator('[data-key="00"]').click()
    page.locator("#amount-on").click()
    page.locator("#pay").click()


def test_a_payment_that_got_no_answer_is_paid_once_and_found_again(town: Town, phone: Page) -> None:
    def lose(route: Route) -> None:
        route.fetch()  # the town has answered, and nobody hears it
        route.abort()

    phone.route("**/pay", lose)
    pay_at_the_bakery(phone)
    expect(phone.locator("#wait-again")).to_be_visible()
    step(phone, "wait")
    assert town.street.balance("shop/bakery") == 500
    phone.locator("#wait-again").click()
    expect(phone.locator("#wait-again")).to_be_visible()
    phone.unroute("**/pay")
    phone.reload()
    step(phone, "done")
    expect(phone.locator("#done-yen")).to_have_text("500円")
    assert town.street.balance("shop/bakery") == 500


def test_a_payment_that_never_left_the_phone_is_not_made_later(town: Town, phone: Page) -> None:
    phone.route("**/pay", lambda route: route.abort())
    pay_at_the_bakery(phone)
    expect(phone.locator("#wait-stop")).to_be_visible()
    phone.unroute("**/pay")
    phone.locator("#wait-stop").click()
    expect(phone.locator("#refused-ja")).to_contain_text("届いていませんでした")
    phone.reload()
    expect(phone.locator("#home-step")).to_be_visible()
    assert town.street.balance("shop/bakery") == 0


def test_a_stopped_card_is_shut_out_at_once(town: Town, phone: Page) -> None:
    town.centre.registrar.set_card(town.street.name, CardState.STOPPED)
    town.centre.reconciler.catch_up()
    phone.reload()
    expect(phone.locator("#closed-ja")).to_contain_text("止められています")
    step(phone, "closed")


def test_a_phone_is_unlinked_by_its_holder(town: Town, phone: Page) -> None:
    phone.locator("#out").click()
    phone.locator("#out-yes").click()
    expect(phone.locator("#closed-ja")).to_contain_text("切りはなしました")
    phone.goto(f"{town.serving.url}/")
    expect(phone.locator("#closed-ja")).to_contain_text("結ばれていません")
    assert not phone.context.cookies()


def test_a_link_is_good_once(town: Town, browser: Browser) -> None:
    link = town.link()
    first = browser.new_context().new_page()
    first.goto(link)
    first.locator("#link").click()
    expect(first.locator("#home-step")).to_be_visible()
    second = browser.new_context().new_page()
    second.goto(link)
    second.locator("#link").click()
    expect(second.locator("#closed-ja")).to_contain_text("このリンクは使えません")
    for one in (first, second):
        one.context.close()
