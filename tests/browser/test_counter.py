"""The page of a counter, before a unit that runs as a process: a shop's sale and day, a desk's charge and drawer.

The people hold printed codes before a scanner on a serial line, which a unit serves as it serves cards.
"""

import os
import random
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import httpx
import pytest
from playwright.sync_api import Page, expect

from central import shelves
from drivers.card import identify_code, paper
from drivers.card.paper import Kind, Paper
from drivers.card.sim.pki import TestPki
from drivers.card.tokens import code
from drivers.clock.sim import Driver as Clock
from programs.coin.entries import Charge, money
from programs.coin.pins import PinSet
from programs.coin.rules import CHARGE
from programs.coin.terms import Terms
from simulation.centre import SimCentre, name_place
from simulation.road import Road, Weather
from simulation.unit import SimUnit
from sync.cards import pin_secret, pseudonym
from sync.messages import ONE_UNIT, TOWN_STREAM
from sync.pins import keep
from sync.program import Wish
from sync.segment import join
from sync.staff import Person, Role, StaffSet
from tests.appliance.live import LiveUnit, settle_in, wait_for_scanner
from tests.drivers.far_end import FarEnd
from tests.drivers.test_keypad import stroke

SIZES: Final = {"7 inch": (800, 480), "bus": (1024, 600)}
PATIENCE_MS: Final = 15_000
HANAKO, TARO = 7, 8
GRANTED: Final = 2_000
# What is pressed is large enough, and nothing that is shown is cut off or lies over something else.
UNFIT = """() => {
    const shown = [...document.querySelectorAll('main *, header *')].filter((one) => one.checkVisibility());
    const leaves = shown.filter((one) => one.tagName === 'BUTTON' || (!one.children.length && one.textContent.trim()));
    const outside = leaves.filter((one) => { const box = one.getBoundingClientRect();
        return !one.closest('ul') && (box.left < -1 || box.top < -1 || box.right > innerWidth + 1
            || box.bottom > innerHeight + 1); });
    const small = leaves.filter((one) => one.tagName === 'BUTTON' && (one.offsetHeight < 72 || one.offsetWidth < 72));
    const parts = [...document.querySelectorAll('main')].filter((one) => one.checkVisibility())
        .flatMap((one) => [...one.children]).filter((one) => one.checkVisibility() && one.textContent.trim());
    const over = parts.filter((one, at) => parts.slice(at + 1).some((other) => {
        const [a, b] = [one.getBoundingClientRect(), other.getBoundingClientRect()];
        return Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2
            && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 2; }));
    return [...outside, ...small, ...over].map((one) => `${one.id || one.tagName}: ${one.textContent}`);
}"""


def printed(pki: TestPki, number: int) -> str:
    """Return what stands on somebody's paper."""
    about = Paper(Kind.PRINTED, "TEST-town.1", number.to_bytes(8, "big"), date(2020, 4, 1), date(2099, 3, 31))
    return code.to_text(paper.issue(about, pki.own.pass_key))


@dataclass
class Behind:
    """A unit, its page, and whoever stands before it."""

    unit: LiveUnit
    scanner: FarEnd
    page: Page
    pki: TestPki

    def hold(self, who: int) -> None:
        """Hold a code there, once the unit has heard what was pressed."""
        expect(self.page.locator("body")).not_to_have_attribute("aria-busy", "true")
        self.scanner.say(printed(self.pki, who).encode() + b"\r")

    def at(self, step: str) -> None:
        """Wait for a step, and see that it fits every screen."""
        expect(self.page.locator("body")).to_have_attribute("data-step", step, timeout=PATIENCE_MS)
        for width, height in SIZES.values():
            self.page.set_viewport_size({"width": width, "height": height})
            assert self.page.evaluate(UNFIT) == [], step

    def press(self, name: str) -> None:
        self.page.locator("main:visible").get_by_role("button", name=name).click()

    def type(self, figure: str) -> None:
        for key in figure:
            self.page.locator(f'main:visible [data-key="{key}"]').click()

    def reads(self, words: str) -> None:
        expect(self.page.locator("main:visible")).to_contain_text(words, timeout=PATIENCE_MS)

    def kinds(self) -> list[str]:
        """Return what the journal says of the coin, in order."""
        found = [body for _, body in self.unit.entries().values() if body["kind"].startswith("coin.")]
        return [body["kind"] for body in sorted(found, key=lambda body: body["seq"])]

    def last(self, kind: str) -> dict[str, object]:
        return [body for _, body in self.unit.entries().values() if body["kind"] == kind][-1]


@pytest.fixture
def town() -> SimCentre:
    centre = SimCentre(Clock(), "counter page")
    name_place(centre.centre, "library")
    return centre


@pytest.fixture
def counter(
    request: pytest.FixtureRequest, tmp_path: Path, town: SimCentre, pki: TestPki, page: Page
) -> Iterator[Behind]:
    name = request.param
    unit = settle_in(tmp_path / f"{name}01", town.centre, pki.trust(("pass",)), counter=name)
    scanner = FarEnd(tmp_path / "scanner")
    scanner.plug()
    config = unit.folder / "unit.toml"
    config.write_text(
        f'{config.read_text()}\n[drivers.scanner]\nmake = "serial"\npath = "{scanner.path}"\nagain_ms = 1\n'
    )
    unit.start()
    wait_for_scanner(unit)
    page.goto(f"http://127.0.0.1:{unit.port}/counter")
    yield Behind(unit, scanner, page, pki)
    unit.clean_up()
    scanner.unplug()


def grant(town: SimCentre, behind: Behind, tmp_path: Path) -> None:
    """Let Hanako charge at another desk, and carry her money to this unit on a stick."""
    desk = SimUnit(town.centre, "desk09", "library", Clock(), behind.pki.trust(("pass",)), "page", counter="desk")
    road = Road(town, desk.peer, Weather(), random.Random(0))  # noqa: S311 - a good road throws no dice
    desk.running.tap.set(Wish(CHARGE, 5_000))
    desk.running.tap.show(printed(behind.pki, HANAKO))
    body = desk.running.opened.journal.select("SELECT CAST(body AS BLOB) FROM entry ORDER BY seq DESC LIMIT 1")[0][0]
    charge = town.centre.town.register.decode(body).fact
    assert isinstance(charge, Charge)
    desk.sync(road)
    town.centre.granter.recall(money(charge.card), "desk09", 5_000)
    for _ in range(2):
        desk.sync(road)
    desk.stop()
    town.centre.granter.grant(money(charge.card), behind.unit.folder.name, GRANTED)
    carry(town, behind, tmp_path)


def carry(town: SimCentre, behind: Behind, tmp_path: Path) -> None:
    """Carry what the centre has said to this unit on a stick."""
    with town.centre.engine.begin() as connection:
        streams = (TOWN_STREAM, ONE_UNIT + behind.unit.folder.name)
        said = [one for name in streams for one in shelves.take(connection, name, [], shelves.EVERYTHING)]
    (tmp_path / "stick").write_bytes(join(said))
    done = behind.unit.command("import", tmp_path / "stick")
    assert done.returncode == 0, done.stderr


def pay_in_part(counter: Behind) -> None:
    counter.type("900")
    counter.press("タッチを受ける")
    counter.hold(HANAKO)
    counter.reads("使えるのは 720円まで")
    counter.reads("のこり 180円は現金で")
    counter.at("result")
    counter.press("コインで 720円だけ")
    counter.at("card")
    counter.reads("ほかに現金 180円")
    counter.hold(HANAKO)
    counter.reads("720円 いただきました")
    counter.reads("ほかに現金 180円をいただく")
    counter.press("取り消す")
    counter.hold(HANAKO)
    counter.reads("720円の支払いを取り消しました")
    expect(counter.page.locator("#cash")).to_have_text("")
    counter.press("次へ")
    counter.type("720")
    counter.press("タッチを受ける")
    counter.hold(HANAKO)
    counter.reads("720円 いただきました")
    counter.press("次へ")


def look_at_a_line(counter: Behind, line: str) -> None:
    counter.press(line)
    counter.at("line")
    expect(counter.page.locator("#line-refund")).to_be_hidden()
    counter.press("レシート再発行")
    expect(counter.page.locator("#paper-said")).to_have_text("再発行 / Reprint")
    expect(counter.page.locator("#paper-code")).to_be_visible()
    counter.page.locator("#paper-close").click()


def count(counter: Behind, *pieces: str) -> None:
    """Type how many there are of each note and coin; "" for none."""
    for each in pieces:
        counter.type(each)
        counter.press("次へ")


@pytest.mark.parametrize("counter", ["shop"], indirect=True)
def test_a_shop_sells_takes_back_and_closes_its_day(counter: Behind, town: SimCentre, tmp_path: Path) -> None:
    grant(town, counter, tmp_path)
    counter.at("amount")
    counter.type("1280")
    counter.press("タッチを受ける")
    counter.at("card")
    counter.reads("1,280円")
    counter.hold(HANAKO)
    counter.at("result")
    counter.reads("1,280円 いただきました")
    expect(counter.page.locator("#road")).to_contain_text("これから送る記録 1件 1,280円")
    counter.press("次へ")

    pay_in_part(counter)
    counter.press("きょうの記録")
    counter.at("today")
    counter.reads("3件 2,720円")
    look_at_a_line(counter, "1,280円")
    counter.press("取り消す")
    counter.at("card")
    counter.reads("取り消します")
    counter.hold(TARO)
    counter.reads("支払ったときのカードではありません")
    counter.hold(HANAKO)
    counter.reads("1,280円の支払いを取り消しました")
    counter.press("次へ")

    counter.press("きょうの記録")
    counter.reads("2件 −2,000円")
    counter.page.locator("#lines button").nth(2).click()
    counter.reads("取り消しずみ")
    counter.at("line")
    expect(counter.page.locator("#line-void")).to_be_hidden()
    counter.press("もどる")
    counter.press("締める")
    counter.at("close")
    counter.press("まだ締めない")
    counter.press("きょうの記録")
    counter.press("締める")
    counter.press("締める")
    counter.reads("締めました(第1回)")
    counter.press("次へ")
    counter.press("きょうの記録")
    counter.press("締める")
    counter.press("締める")
    counter.at("result")
    counter.reads("0円のまま締めますか")
    counter.press("次へ")
    counter.at("amount")
    assert counter.kinds() == ["coin.pay", "coin.pay", "coin.void", "coin.pay", "coin.void", "coin.close"]
    assert counter.last("coin.close")["sums"] == {
        "payments": 3,
        "paid": 2720,
        "voids": 2,
        "voided": 2000,
        "charges": 0,
        "charged": 0,
        "undos": 0,
        "undone": 0,
    }


@pytest.mark.parametrize("counter", ["shop"], indirect=True)
def test_a_large_amount_is_asked_about_once(counter: Behind) -> None:
    counter.at("amount")
    counter.type("12000")
    counter.press("タッチを受ける")
    counter.at("sure")
    counter.press("直す")
    expect(counter.page.locator("#amount")).to_have_text("12,000円")
    counter.press("タッチを受ける")
    counter.press("合っている")
    counter.at("card")
    counter.press("やめる")
    counter.at("amount")


@pytest.mark.parametrize("counter", ["desk"], indirect=True)
def test_a_desk_charges_the_card_that_came_first_and_counts_its_drawer(counter: Behind) -> None:
    counter.at("touch")
    counter.reads("釣り銭がまだです")
    counter.press("きょうの記録")
    counter.at("today")
    counter.press("釣り銭を入れる")
    counter.at("count")
    count(counter, "", "2", "", "3", *[""] * 6)
    counter.reads("釣り銭 13,000円で引き出しを開けました")
    counter.press("次へ")

    counter.hold(HANAKO)
    counter.at("charge")
    counter.press("＋1,000円")
    counter.press("＋5,000円")
    counter.reads("チャージのあと 6,000円")
    counter.press("現金を数えた")
    counter.at("card")
    counter.hold(TARO)
    counter.reads("最初のカードと違います")
    counter.hold(HANAKO)
    counter.reads("6,000円 チャージしました")
    counter.press("取り消す")
    counter.hold(HANAKO)
    counter.reads("現金 6,000円をお返しください")
    counter.press("次へ")
    counter.hold(HANAKO)
    for _ in range(6):
        counter.press("＋10,000円")
    counter.reads("あと50,000円まで")
    counter.at("charge")
    expect(counter.page.get_by_role("button", name="現金を数えた")).to_be_disabled()
    counter.press("消す")
    counter.press("＋1,000円")
    counter.press("現金を数えた")
    counter.hold(HANAKO)
    counter.reads("1,000円 チャージしました")
    counter.press("次へ")

    counter.press("きょうの記録")
    counter.press("締める")
    count(counter, "1", *[""] * 9)
    counter.at("difference")
    counter.reads("−4,000円")
    expect(counter.page.get_by_role("button", name="この金額で締める")).to_be_disabled()
    counter.press("数えなおす")
    count(counter, "", "2", "", "4", *[""] * 6)
    counter.at("difference")
    counter.reads("合っています")
    counter.press("この金額で締める")
    counter.reads("現金 14,000円(差 0円)で締めました(第1回)")
    kinds = ["coin.drawer-open", "coin.charge", "coin.undo", "coin.charge", "coin.drawer-count", "coin.close"]
    assert counter.kinds() == kinds
    assert counter.last("coin.drawer-count")["expected"] == 14_000


def sign_in(counter: Behind, number: str, pin: str) -> None:
    counter.at("signin")
    counter.type(number)
    counter.press("次へ")
    counter.reads("暗証番号")
    counter.type(pin)
    expect(counter.page.locator("#signin")).to_have_text("●" * len(pin))
    counter.at("signin")
    counter.press("次へ")


@pytest.mark.parametrize("counter", ["shop"], indirect=True)
def test_whoever_works_there_signs_in_first(counter: Behind, town: SimCentre, tmp_path: Path) -> None:
    people = (Person(3, "はる", pin=keep("2580", bytes(16))), Person(4, pin=keep("0852", bytes(16))))
    town.centre.staffing.change("library", lambda said: StaffSet(said.of, people, needed=True))
    grant(town, counter, tmp_path)
    sign_in(counter, "3", "2581")
    counter.reads("暗証番号がちがいます")
    counter.at("result")
    counter.press("次へ")
    sign_in(counter, "3", "2580")
    counter.reads("はる さん、はじめられます")
    counter.at("amount")
    expect(counter.page.locator("#open")).to_have_text("○ 担当 はる")
    expect(counter.page.locator("#amount")).to_have_text("0円")
    counter.type("300")
    counter.press("タッチを受ける")
    counter.hold(HANAKO)
    counter.reads("300円 いただきました")
    counter.press("次へ")
    counter.press("きょうの記録")
    counter.at("today")
    counter.press("その他")
    counter.at("more")
    counter.press("係員をかわる")
    counter.reads("おつかれさまでした")
    sign_in(counter, "4", "0852")
    counter.at("amount")
    expect(counter.page.locator("#open")).to_have_text("○ 担当 4")
    assert counter.last("coin.pay")["operator"] == 3
    kinds = [body["kind"] for _, body in counter.unit.entries().values() if body["kind"].startswith("staff.")]
    assert sorted(kinds) == ["staff.in", "staff.in", "staff.out", "staff.wrong"]


@pytest.mark.parametrize("counter", ["shop"], indirect=True)
def test_a_supervisor_gives_some_of_a_payment_back(counter: Behind, town: SimCentre, tmp_path: Path) -> None:
    people = (Person(1, "みき", Role.SUPERVISOR, keep("2580", bytes(16))),)
    town.centre.staffing.change("library", lambda said: StaffSet(said.of, people, needed=True))
    town.centre.registrar.say([Terms(refund_days=7)])
    grant(town, counter, tmp_path)
    sign_in(counter, "1", "2580")
    counter.at("amount")
    counter.type("1280")
    counter.press("タッチを受ける")
    counter.hold(HANAKO)
    counter.reads("1,280円 いただきました")
    counter.press("次へ")
    expect(counter.page.locator("#open")).to_have_text("○ 責任者 みき")
    counter.press("きょうの記録")
    counter.press("1,280円")
    counter.at("line")
    counter.press("返金")
    counter.at("refund")
    counter.type("1281")
    expect(counter.page.locator("#refund-take")).to_be_disabled()
    counter.press("のこり全部 1,280円")
    expect(counter.page.locator("#refund")).to_have_text("1,280円")
    counter.page.locator('main:visible [data-key="C"]').click()
    counter.type("300")
    counter.press("カードへ")
    counter.at("card")
    counter.reads("返金します")
    counter.reads("300円")
    counter.hold(HANAKO)
    counter.reads("300円 返金しました")
    counter.at("result")
    counter.press("次へ")
    counter.press("きょうの記録")
    counter.at("today")
    counter.reads("1件 −300円")
    counter.press("−300円")
    counter.at("line")
    counter.reads("の支払い 1,280円 の返金")
    expect(counter.page.locator("#line-void")).to_be_hidden()
    counter.press("もどる")
    give_back_by_card(counter)
    refunds = [body["yen"] for _, body in counter.unit.entries().values() if body["kind"] == "coin.shop-refund"]
    assert sorted(refunds) == [80, 300]


def give_back_by_card(counter: Behind) -> None:
    """Give some back of a payment that is chosen after a touch."""
    counter.press("その他")
    counter.at("more")
    counter.press("返金 Refund")
    counter.at("card")
    counter.reads("返金する人のカードをタッチ")
    counter.hold(HANAKO)
    counter.at("which")
    counter.press("1,280円")
    counter.at("refund")
    counter.reads("のこり全部 980円")
    counter.type("80")
    counter.press("カードへ")
    counter.hold(HANAKO)
    counter.reads("80円 返金しました")


@pytest.mark.parametrize("counter", ["shop"], indirect=True)
def test_a_large_payment_takes_the_residents_pin_or_a_signature(
    counter: Behind, town: SimCentre, tmp_path: Path
) -> None:
    town.centre.registrar.say([Terms(pin_over_yen=1_000, points_per_100_yen=0)])
    shown = identify_code(printed(counter.pki, HANAKO), counter.pki.trust(("pass",)), None)
    card = pseudonym(town.card_key, shown.profile, shown.identifier)
    kept = keep("2580", bytes(16), pin_secret(town.card_key, shown.profile, shown.identifier))
    town.centre.registrar.say([PinSet(card, kept)])
    grant(town, counter, tmp_path)
    counter.type("1200")
    counter.press("タッチを受ける")
    counter.hold(HANAKO)
    counter.at("pin")
    counter.reads("1,200円 ・ お客さまが押してください")
    expect(counter.page.locator("#pin-on")).to_be_disabled()
    counter.type("9999")
    expect(counter.page.locator("#pin")).to_have_text("●●●●")
    counter.press("決定")
    counter.reads("暗証番号がちがいます。あと2回")
    counter.at("pin")
    counter.type("2580")
    counter.press("決定")
    counter.reads("1,200円 いただきました")
    counter.press("次へ")
    assert counter.last("coin.pay")["sure"] == "pin"
    town.centre.registrar.say([Terms(pin_over_yen=500, points_per_100_yen=0), PinSet(card)])
    carry(town, counter, tmp_path)
    counter.type("700")
    counter.press("タッチを受ける")
    counter.hold(HANAKO)
    counter.at("result")
    counter.reads("紙に署名をもらって")
    counter.press("署名をもらった")
    counter.reads("700円 いただきました")
    assert counter.last("coin.pay")["sure"] == "signature"
    assert "2580" not in counter.unit.said()


FRAMED = """() => { const {borderTopWidth, borderImageSource} = getComputedStyle(document.body);
    return borderTopWidth === "16px" && borderImageSource.startsWith("repeating-linear-gradient"); }"""


def in_practice(counter: Behind) -> None:
    """See that nobody can take this for the real thing."""
    assert counter.page.evaluate(FRAMED)
    expect(counter.page.locator("#road")).to_contain_text("練習 TRAINING")


@pytest.mark.parametrize("counter", ["shop"], indirect=True)
def test_practice_looks_like_nothing_else_and_moves_no_money(counter: Behind) -> None:
    counter.at("amount")
    assert not counter.page.evaluate(FRAMED)
    counter.type("77")
    counter.press("きょうの記録")
    counter.press("その他")
    counter.at("more")
    counter.press("練習")
    counter.at("practice")
    counter.press("練習をはじめる")
    counter.at("amount")
    expect(counter.page.locator("#amount")).to_have_text("0円")
    in_practice(counter)
    counter.type("1280")
    counter.press("タッチを受ける")
    counter.at("card")
    in_practice(counter)
    counter.hold(HANAKO)
    counter.reads("1,280円 いただきました")
    counter.at("result")
    in_practice(counter)
    counter.press("次へ")
    counter.press("きょうの記録")
    counter.at("today")
    counter.reads("1件 1,280円")
    counter.press("1,280円")
    counter.at("line")
    counter.press("もどる")
    counter.press("締める")
    counter.press("締める")
    counter.reads("締めました(第1回)")
    counter.press("次へ")
    counter.press("きょうの記録")
    counter.press("その他")
    counter.press("練習をおわる")
    counter.at("amount")
    assert not counter.page.evaluate(FRAMED)
    expect(counter.page.locator("#road")).to_contain_text("記録は送信ずみ")
    counter.press("きょうの記録")
    counter.reads("きょうの記録はまだありません")
    assert counter.kinds() == []


@pytest.mark.parametrize("counter", ["shop"], indirect=True)
def test_a_start_ends_practice_and_a_clerk_begins_none(counter: Behind, town: SimCentre, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{counter.unit.port}"
    with httpx.Client(base_url=url, trust_env=False) as http:
        assert http.post("/practice", json={"on": True}).status_code == httpx.codes.NO_CONTENT
        assert http.get("/view").json()["practice"] is True
        counter.unit.stop(signal.SIGKILL)
        counter.unit.start()
        assert http.get("/view").json()["practice"] is False
        people = (Person(3, "はる", pin=keep("2580", bytes(16))),)
        town.centre.staffing.change("library", lambda said: StaffSet(said.of, people, needed=True))
        carry(town, counter, tmp_path)
        assert http.post("/practice", json={"on": True}).status_code == httpx.codes.BAD_REQUEST
        http.post("/sign-in", json={"number": 3, "pin": "2580"})
        assert http.post("/practice", json={"on": True}).status_code == httpx.codes.BAD_REQUEST, "a clerk"
        assert http.get("/view").json()["practice"] is False


@pytest.mark.parametrize("counter", ["shop"], indirect=True)
def test_a_number_pad_does_what_the_pages_own_buttons_do(counter: Behind, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pad")
    pad = os.open(tmp_path / "pad", os.O_RDWR)
    counter.unit.stop()
    config = counter.unit.folder / "unit.toml"
    fitted = f'\n[drivers.button]\nmake = "keypad"\npath = "{tmp_path / "pad"}"\ngrab = false\n'
    config.write_text(config.read_text() + fitted)
    counter.unit.start()
    counter.page.reload()
    counter.at("amount")
    amount = counter.page.locator("#amount")
    for key, shows in (("1", "1円"), ("2", "12円"), ("00", "1,200円"), ("clear", "0円"), ("5", "5円"), ("0", "50円")):
        os.write(pad, stroke(key))
        expect(amount).to_have_text(shows)
    os.write(pad, stroke("enter"))
    counter.at("card")
    os.write(pad, stroke("cancel"))
    counter.at("amount")
    expect(amount).to_have_text("0円")
    os.write(pad, stroke("enter"))
    os.write(pad, stroke("3"))
    expect(amount).to_have_text("3円")  # Enter does nothing where its button cannot be pressed
    counter.page.keyboard.press("7")
    expect(amount).to_have_text("37円")
    counter.page.locator('#amount-step [data-key="1"]').focus()
    counter.page.keyboard.press("Enter")
    counter.at("card")
    counter.page.keyboard.press("Escape")
    counter.at("amount")
    os.close(pad)


@pytest.mark.parametrize("counter", ["shop"], indirect=True)
def test_what_no_page_of_ours_asks_for_is_refused(counter: Behind) -> None:
    """A page of somebody else cannot close the day, and nobody can do what this counter does not offer."""
    with httpx.Client(base_url=f"http://127.0.0.1:{counter.unit.port}", trust_env=False) as http:
        strange = http.post("/act", content=b'{"what":"close"}', headers={"content-type": "text/plain"})
        assert strange.status_code == httpx.codes.UNSUPPORTED_MEDIA_TYPE
        for act in ({"what": "close-due"}, {"what": "open-drawer", "counts": [0] * 10}, {}, {"what": 1}):
            assert http.post("/act", json=act).status_code == httpx.codes.BAD_REQUEST
        assert http.get("/sheet").json()["counter"]["last"] is None
        assert http.post("/act", json={"what": "close", "is_sure": True}).status_code == httpx.codes.NO_CONTENT
        assert http.get("/sheet").json()["counter"]["last"]["number"] == 1
    assert counter.kinds() == ["coin.close"]
