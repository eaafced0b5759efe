"""The first page as an office looks at it in the morning: numbers, what needs somebody, the town by the hour, a map."""

from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from central import settings
from central.console.town_map import SETTING, SMALL
from drivers.clock.sim import Driver as Clock
from programs.visits.entries import Touch
from simulation.centre import name_place, open_sim_centre
from sync.accounts import Role
from sync.entries import Entry, encode
from tests.browser.looking import fits, lettering
from tests.browser.serving import ConsoleServing
from tests.browser.test_accessible import faults
from tests.browser.test_fleet_page import AA, Fleet, fleet  # noqa: F401 - the same town
from tests.central.pen import AT, touch

DAY_MS: Final = 86_400_000
HOUR_MS: Final = 3_600_000
PARTS: Final = ("h1", "#now .figures", "#now .finding", "#now .needs", "#hours table", "#units svg", "aside")
LONGEST_PX: Final = 2_500  # on a telephone, with two things that need somebody
A4_PX: Final = 688  # at 96 dots an inch, between the margins of style sheet paper.css


@pytest.fixture
def week(fleet: Fleet) -> Fleet:  # noqa: F811
    """The same town after a week in which somebody touched at each hour from eight to five, and twelve times at ten."""
    pen = fleet.pens["hall01"]
    pen.send(pen.begin())
    hours = [*range(-1, 9), *[1] * 11]  # from nine o'clock in the morning, of which AT is
    times = sorted(AT - day * DAY_MS + hour * HOUR_MS for day in range(1, 8) for hour in hours)
    facts = enumerate(times, pen.seq + 1)
    pen.send(
        pen.seal([encode(Entry(pen.unit, pen.boot, n, at, Touch("0a" * 16, "hall", 1, "card"))) for n, at in facts])
    )
    fleet.console.book()
    return fleet


def cell(page: Page, row: str, hour: int) -> Locator:
    """Return what stands in the table for an hour of a day, as who hears the page finds it."""
    table = page.get_by_role("table", name="日と時刻ごとのタッチの数")
    columns = [text.strip() for text in table.get_by_role("columnheader").all_text_contents()]
    return table.get_by_role("row", name=row).get_by_role("cell").nth(columns.index(f"{hour}時") - 1)


def test_the_hour_of_now_follows_the_touches_as_they_come(fleet: Fleet, page: Page) -> None:  # noqa: F811
    page.goto(fleet.console.url)
    expect(page.locator("[data-road]")).to_be_visible()
    expect(cell(page, "今日", 9)).to_have_text("1")
    fleet.pens["lib01"].send(fleet.pens["lib01"].write(touch(), touch(card="11" * 16)))
    fleet.console.book()
    expect(cell(page, "今日", 9)).to_have_text("3")
    expect(page.locator("[data-figure=touches]")).to_have_text("3")
    expect(page.locator("#hours")).to_contain_text("12:00までに3回。")
    expect(page.locator("#hours")).not_to_contain_text("前の7日は")
    expect(cell(page, "今日", 12)).to_have_attribute("aria-current", "time")
    expect(cell(page, "今日", 13)).to_have_text("")


def test_today_can_be_held_against_the_days_before(week: Fleet, page: Page) -> None:
    page.goto(week.console.url)
    expect(page.locator("#hours tbody tr")).to_have_count(8)
    expect(cell(page, "11/16 月", 10)).to_have_text("12")
    expect(cell(page, "11/22 日", 7)).to_have_text("0")
    finding = "12:00までに1回。前の7日は、この時刻まで、どの日も16回(先週の同じ曜日は16回)。最後のタッチは09:00。"
    expect(page.locator("#hours .covered")).to_contain_text(finding)
    expect(page.locator("#hours .note")).to_contain_text("つながっていない2台の分は、届いてから入ります。")


def test_without_a_script_everything_is_there_and_it_says_how_to_renew_it(week: Fleet, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    week.console.let_in(page)
    page.goto(week.console.url)
    expect(cell(page, "11/16 月", 10)).to_have_text("12")
    expect(page.locator("#units svg circle")).to_have_count(4)
    expect(page.locator("#hours noscript").first).to_be_visible()
    assert page.locator("#hours noscript").first.text_content() == "新しくするには、ページを開き直します。"
    page.locator("#units summary").click()
    expect(page.locator("#units tbody tr")).to_have_count(5)
    context.close()


def test_what_is_said_to_those_without_a_script_is_not_shown_to_others(week: Fleet, page: Page) -> None:
    page.goto(week.console.url)
    page.evaluate("refresh()")
    expect(page.locator("#hours noscript").first).not_to_be_visible()


@pytest.mark.parametrize("size", [(390, 844), (768, 1024), (1280, 900), (1920, 1080)])
def test_the_most_important_stands_first_and_nothing_is_scrolled_sideways(
    week: Fleet, page: Page, size: tuple[int, int]
) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(week.console.url)
    fits(page)
    boxes = [page.locator(part).first.bounding_box() for part in PARTS[: None if size[0] < 1_000 else -1]]
    tops = [box["y"] for box in boxes if box]
    assert len(tops) == len(boxes)
    assert tops == sorted(tops)
    assert tops[-2] < size[1] or size[0] < 1_000, "on a desk the table is seen without scrolling"
    assert page.evaluate("document.querySelector('#units summary').getBoundingClientRect().bottom") < LONGEST_PX
    table = page.locator(".hours")
    assert table.evaluate("(one) => one.scrollWidth <= one.clientWidth")
    spilled = "(all) => all.filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.innerText)"
    assert table.locator("th, td").evaluate_all(spilled) == []


def test_on_a_telephone_days_stand_beside_each_other_and_hours_below(week: Fleet, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(week.console.url)
    places = [cell(page, day, hour) for day, hour in (("11/16 月", 9), ("11/16 月", 10), ("11/17 火", 10))]
    nine, ten, next_day = (_corner(one) for one in places)
    header = _corner(page.locator(".hours th", has_text="10時"))
    assert nine[0] == ten[0] > next_day[0] > header[0]
    assert nine[1] < ten[1] == next_day[1] == header[1]


def _corner(one: Locator) -> tuple[float, float]:
    box = one.bounding_box()
    assert box
    return box["x"], box["y"]


@pytest.mark.parametrize("size", [(390, 844), (1280, 900)])
def test_it_can_be_read_and_used_by_anybody(week: Fleet, page: Page, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.route("**/live*", lambda route: route.abort())  # else the map is drawn anew while it is looked at
    page.goto(week.console.url)
    assert faults(page) == []
    found = lettering(page)
    assert {one.text for one in found} >= {"×", "△", "図書館"}
    assert [one for one in found if one.contrast < AA] == []


def test_by_keyboard_one_comes_to_what_needs_somebody_before_the_units_and_the_touches(week: Fleet, page: Page) -> None:
    page.goto(week.console.url)
    page.locator(".skip").focus()
    page.keyboard.press("Enter")
    reached = []
    for _ in range(9):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.closest('#now, #units, #kept, aside')?.id"))
    assert reached == ["now"] * 4 + ["units"] * 2 + ["kept", "", ""], "the aside has no id"


def test_the_map_is_small_says_who_cannot_tap_and_is_not_there_where_the_town_has_none(week: Fleet, page: Page) -> None:
    page.goto(week.console.url)
    drawn = page.locator("#units svg")
    assert sorted(drawn.locator(".label").all_text_contents()) == ["図書館", "魚屋"]
    box = drawn.bounding_box()
    assert box
    assert box["width"] <= 400
    assert str(drawn.get_attribute("viewBox")).startswith(f"0 0 {SMALL} "), "letters are as large as on the large one"
    expect(page.locator(".counts")).to_contain_text("要対応 2台 2 need somebody 図書館、魚屋", use_inner_text=True)
    with week.centre.engine.begin() as connection:
        settings.put(connection, SETTING, "{}")
    page.reload()
    expect(drawn).to_have_count(0)
    one, other = page.locator(".where").bounding_box(), page.locator(".counts").bounding_box()
    assert one
    assert other
    assert one["height"] == other["height"], "no empty box stands in its place"
    page.get_by_role("link", name="端末のページへ").click()
    expect(page.locator("h1")).to_contain_text("端末")


def test_it_goes_on_paper_with_its_colours(week: Fleet, page: Page) -> None:
    page.set_viewport_size({"width": A4_PX, "height": 1_000})
    page.emulate_media(media="print")
    page.goto(week.console.url)
    assert page.locator(".hours").evaluate("(one) => one.scrollWidth <= one.clientWidth")
    assert page.locator(".hours tr").first.evaluate("(one) => getComputedStyle(one).display") == "table-row"
    for filled in (".hours td", ".hours th.now", ".chip.need"):  # else white letters stand on white paper
        assert page.locator(filled).first.evaluate("(one) => getComputedStyle(one).printColorAdjust") == "exact"
    assert page.locator("#hours").evaluate("(one) => getComputedStyle(one).breakInside") == "avoid"


def test_who_may_not_see_where_people_were_sees_how_many_there_were(week: Fleet, page: Page) -> None:
    page.context.clear_cookies()
    week.console.let_in(page, Role.TECHNICIAN)
    page.goto(week.console.url)
    expect(cell(page, "11/16 月", 10)).to_have_text("12")
    expect(page.locator("aside")).to_have_count(0)
    assert "0a0a0a0a" not in page.content()


def test_a_town_without_a_touch_has_no_table_yet(tmp_path: Path, page: Page) -> None:
    centre = open_sim_centre(Clock(), "first", f"sqlite:///{tmp_path / 'town.db'}")
    name_place(centre, "library")
    serving = ConsoleServing(centre).open()
    serving.let_in(page)
    page.goto(serving.url)
    expect(page.locator("table")).to_have_count(0)
    expect(page.get_by_role("heading", name="時刻ごとのタッチ")).to_have_count(0)
    serving.close()
    centre.engine.dispose()
