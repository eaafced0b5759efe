"""A shopkeeper looks at what the shop will be paid and when, on a telephone; the town hall looks at the same page."""

import csv
import io
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from programs.coin.settlement import bank, marking
from programs.coin.settlement.calendar import day_of
from programs.coin.settlement.facts import State
from sync.accounts import Role
from tests.browser.looking import fits
from tests.browser.serving import ConsoleServing
from tests.browser.test_sign_in_page import come_in
from tests.central.street import CARD, FISH, NOVEMBER, Street
from tests.central.visiting import PASSWORD, person

PHONE = {"width": 390, "height": 844}


@pytest.fixture
def console(street: Street) -> Iterator[ConsoleServing]:
    serving = ConsoleServing(street.centre).open()
    serving.book()
    yield serving
    serving.close()


@pytest.fixture
def phone(browser: Browser, console: ConsoleServing, street: Street) -> Iterator[Page]:
    """The shopkeeper's telephone, signed in, without a script."""
    context = browser.new_context(java_script_enabled=False, viewport=PHONE, accept_downloads=True)  # type: ignore[arg-type]
    page = context.new_page()
    sign_in(page, console, street)
    yield page
    context.close()


def sign_in(page: Page, console: ConsoleServing, street: Street) -> None:
    """Come in, and be where a shop is led."""
    page.goto(console.url)
    come_in(page, person(street.centre, "uomasa", (Role.SHOP,)))
    expect(page).to_have_url(f"{console.url}/shop")


def figure(page: Page, name: str) -> str:
    return page.locator(f"[data-figure={name}]").inner_text()


def part(page: Page, name: str) -> str:
    return page.locator(f"[data-part={name}]").inner_text()


def table(page: Page) -> list[dict[str, str]]:
    """Take the table along that the page offers."""
    with page.expect_download() as saved:
        page.get_by_role("link", name="1件ずつの表").click()
    return list(csv.DictReader(io.StringIO(saved.value.path().read_text("utf-8-sig"))))


def test_a_shopkeeper_sees_what_comes_and_what_came(street: Street, console: ConsoleServing, phone: Page) -> None:
    expect(phone.locator("h1")).to_contain_text("魚屋うおまさ")
    of = street.sold("fish", 1280, 2500)
    street.takes_back("fish", 1280, of)
    street.on("2026-11-24")
    street.sold("fish", 700, day=day_of("2026-11-24"))
    console.book()
    sign_in(phone, console, street)
    expect(phone.locator("#now .finding")).to_contain_text("11月30日までの分を、12月15日に振り込みます")
    assert [figure(phone, name) for name in ("today", "payments", "owed")] == ["700", "1", "3,200"]
    assert [part(phone, name) for name in ("payments", "voids", "closing")] == ["4,480円", "-1,280円", "3,200円"]
    expect(phone.locator("#days tbody tr")).to_contain_text(["2026-11-24", "2026-11-23"])
    fits(phone)
    street.on("2026-12-01")
    street.settle(NOVEMBER)
    marking.mark(street.centre, 1, State.SENT)
    marking.mark(street.centre, 1, State.ACCEPTED)
    street.sold("fish", 9_800, day=day_of("2026-11-30"))
    console.book()
    sign_in(phone, console, street)
    assert [part(phone, name) for name in ("late", "closing")] == ["9,800円", "9,800円"]
    expect(phone.locator("#days tbody tr")).to_contain_text("おくれて届いた分")
    phone.locator("#paid tbody a").click()
    expect(phone.locator("#statement h2")).to_contain_text("第1回")
    assert [part(phone, name) for name in ("payments", "paid", "closing")] == ["4,480円", "-3,200円", "0円"]
    expect(phone.locator("#paid")).to_contain_text("銀行が受け付けました")
    rows = table(phone)
    assert [(row["part"], row["yen"]) for row in rows] == [
        ("payments", "1280"),
        ("payments", "2500"),
        ("voids", "-1280"),
        ("payments", "700"),
    ]
    for secret in (CARD, FISH.number, "ｻｶﾅﾔ"):
        assert secret not in phone.content()
        assert secret not in str(rows)
    fits(phone)


def test_what_came_back_and_what_is_owed_is_said(street: Street, console: ConsoleServing, phone: Page) -> None:
    of = street.sold("fish", 5_000)
    street.on("2026-12-01")
    street.settle(NOVEMBER)
    marking.mark(street.centre, 1, State.SENT)
    marking.bounce(street.centre, 1, "fish", "口座なし")
    console.book()
    sign_in(phone, console, street)
    assert figure(phone, "owed") == "5,000"
    expect(phone.locator("#paid")).to_contain_text("戻りました: 口座なし")
    phone.locator("#paid tbody a").click()
    expect(phone.locator("#statement .finding")).to_contain_text("口座を役場に確かめてください")
    street.takes_back("fish", 5_000, of, day=day_of("2026-12-01"))
    console.book()
    phone.goto(f"{console.url}/shop")
    assert figure(phone, "owed") == "0"


def test_a_shop_sees_its_own_numbers_and_no_other_shops(street: Street, console: ConsoleServing, phone: Page) -> None:
    street.sold("fish", 1280)
    street.sold("bakery", 77_777)
    console.book()
    for asked in ("/shop?place=bakery", "/shop?place=", "/shop"):
        phone.goto(console.url + asked)
        expect(phone.locator("h1")).to_contain_text("魚屋うおまさ")
        assert "77,777" not in phone.content()
    request = phone.context.request
    taken = request.get(f"{console.url}/shop.csv?place=bakery").text()
    assert ("fish01" in taken, "bakery" in taken, "77777" in taken) == (True, False, False)
    assert phone.locator("nav a").all_inner_texts() == phone.get_by_role("link", name="店の明細").all_inner_texts()
    for elsewhere in ("/", "/settlement", "/units/fish01", "/api/entries", "/residents"):
        answer = request.get(console.url + elsewhere)
        assert answer.status == 403, elsewhere
        assert "77" not in answer.text()
    assert request.get(f"{console.url}/shop?batch=9").status == 404


def test_the_town_hall_chooses_a_shop_and_sees_the_same(street: Street, console: ConsoleServing, page: Page) -> None:
    street.say(bank.shop("bakery", "パンヤ", FISH))
    street.sold("fish", 1280)
    console.book()
    console.let_in(page, Role.TREASURER)
    page.goto(f"{console.url}/settlement")
    page.get_by_role("link", name="魚屋うおまさ").click()
    expect(page.locator("[data-part=closing]")).to_have_text("1,280円")
    page.get_by_role("link", name="店の明細").click()
    expect(page.locator("#choose a")).to_have_text(["bakery", "魚屋うおまさ"])


def test_a_shopkeeper_who_comes_back_to_a_locked_screen_goes_on_at_the_own_page(phone: Page) -> None:
    phone.get_by_role("button", name="席をはなれる").click()
    phone.locator("#password").fill(PASSWORD)
    phone.keyboard.press("Enter")
    expect(phone.locator("h1")).to_contain_text("魚屋うおまさ")
