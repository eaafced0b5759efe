"""The page of all units: who needs somebody first, silence in words, and where they are."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from central import heard, settings
from central.centre import Centre
from central.console.town_map import SETTING, kept, read_map
from central.heard import HOUR_MS, WEEK, Rhythm
from drivers.clock.sim import Driver as Clock
from simulation.centre import open_sim_centre
from sync.accounts import Role
from sync.facts import PlaceNamed, UnitSet
from sync.messages import TOWN_STREAM, Report
from sync.symptoms import Grade, Symptom, What, spell
from tests.browser.looking import lettering
from tests.browser.serving import ConsoleServing
from tests.browser.test_accessible import faults
from tests.central.pen import Pen, touch

EXAMPLE = Path(__file__).parents[2] / "demo" / "places.geojson"
PLACES = {
    "library": ("図書館", "Library"),
    "fishshop": ("魚屋", "Fish shop"),
    "hall": ("町役場", "Town hall"),
    "bus": ("まちバス", "Town bus"),
    "park": ("運動公園", "Sports park"),
}
STANDS = {"lib01": "library", "shop01": "fishshop", "hall01": "hall", "bus01": "bus", "park01": "park"}
DAY_MS = 86_400_000
AA = 4.5  # the least contrast of text, WCAG 2.2 1.4.3


@dataclass
class Fleet:
    """Five units: one whose reader is gone, one that is missed, one that is parked, and two that are well."""

    centre: Centre
    console: ConsoleServing
    pens: dict[str, Pen]

    @property
    def now_ms(self) -> int:
        return self.centre.town.clock.wall_ms()

    def call(self, unit: str, *ill: Symptom, **report: object) -> None:
        peer = type(self.pens[unit].peer)(unit, 1, self.now_ms + 20 * DAY_MS)
        said = Report(symptoms=spell(ill), clock="synced", software="machitap 0.1.0", **report)  # type: ignore[arg-type]
        self.centre.intake.holdings(peer, said, "0b")

    def pass_by(self, seconds: float) -> None:
        clock = self.centre.town.clock
        assert isinstance(clock, Clock)
        clock.advance(seconds)


@pytest.fixture
def fleet(tmp_path: Path, page: Page) -> Iterator[Fleet]:
    centre = open_sim_centre(Clock(), "fleet", f"sqlite:///{tmp_path / 'town.db'}")
    for place, (name, name_en) in PLACES.items():
        centre.registrar.place(PlaceNamed(place, name, "かな", name_en))
    pens = {unit: Pen.enrolled(centre, unit, f"seed {unit}") for unit in STANDS}
    with centre.engine.begin() as connection:
        facts = [UnitSet(unit, place, "facility") for unit, place in STANDS.items()]
        centre.streams.append(connection, TOWN_STREAM, facts)
    one = Fleet(centre, ConsoleServing(centre), pens)
    pens["lib01"].send(pens["lib01"].begin(touch()))
    for unit in STANDS:
        one.call(unit)
    hour = one.now_ms // HOUR_MS
    always, parked = Rhythm(hour, f"{(1 << 4 * WEEK) - 1:x}", 4 * WEEK), Rhythm(hour, _mornings(hour), 4 * WEEK)
    with centre.engine.begin() as connection:
        heard.set_rhythms(connection, {unit: parked if unit == "bus01" else always for unit in STANDS})
        settings.put(connection, SETTING, kept(read_map(EXAMPLE.read_bytes())))
    one.console.open()  # it listens from here on
    one.pass_by(3 * 3_600)
    one.call("lib01", Symptom(What.READER_GONE, Grade.ACT), Symptom(What.READER_DIRTY, Grade.SEE, 12))
    one.call("hall01", unsent=3, oldest_ms=one.now_ms - 60_000)
    one.call("park01")
    one.console.book()
    one.console.let_in(page)
    yield one
    one.console.close()
    centre.engine.dispose()


def _mornings(hour: int) -> str:
    """Return a rhythm that knows the hour 20 hours ahead in each week, and this very one."""
    bits = 1
    for week in range(1, 5):
        back = WEEK * week - 20
        bits |= 1 << back if back < 4 * WEEK else 0
    assert hour
    return f"{bits:x}"


def test_who_needs_somebody_comes_first_with_what_to_do(fleet: Fleet, page: Page) -> None:
    page.goto(f"{fleet.console.url}/")
    page.get_by_role("link", name="端末", exact=False).first.click()
    expect(page.locator("h1")).to_contain_text("端末")
    expect(page.locator(".finding.bad")).to_contain_text("要対応 2台 ・ 遅れ 1台 ・ 正常 2台")
    rows = page.locator("#needs tbody tr")
    expect(rows).to_have_count(2)
    reader = rows.filter(has_text="lib01")
    expect(reader).to_contain_text("タッチできません")
    expect(reader).to_contain_text("12 %")
    expect(reader).to_contain_text("20日")
    reader.locator("summary").first.click()
    expect(reader.locator("details p").first).to_contain_text("USBケーブル")
    missed = rows.filter(has_text="shop01")
    expect(missed).to_contain_text("から連絡がありません")
    expect(missed).to_contain_text("ふだんは、この時間につながっています")


def test_a_bus_that_is_parked_is_late_and_not_red_and_it_says_when_it_is_expected(fleet: Fleet, page: Page) -> None:
    page.goto(f"{fleet.console.url}/fleet")
    (row,) = page.locator("#late tbody tr").all()
    expect(row).to_contain_text("まちバス")
    expect(row).to_contain_text("オフライン(使えます)")
    expect(row.locator(".usual")).to_contain_text("ふだん、この時間は休みです。次は")
    page.goto(f"{fleet.console.url}/units/bus01")
    expect(page.locator("#report .usual")).to_contain_text("休みです")
    expect(page.locator("#report")).to_contain_text("証明書")


def test_who_is_well_is_folded_away_and_opens_by_keyboard(fleet: Fleet, page: Page) -> None:
    page.goto(f"{fleet.console.url}/fleet")
    summary = page.locator("#well summary").first
    expect(summary).to_contain_text("正常 2台")
    expect(page.locator("#well tbody")).not_to_be_visible()
    summary.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#well tbody tr")).to_have_count(2)
    expect(page.locator("#well tbody tr").filter(has_text="hall01")).to_contain_text("送信中 3")


def test_what_is_open_stays_open_while_the_page_keeps_itself_up_to_date(fleet: Fleet, page: Page) -> None:
    page.goto(f"{fleet.console.url}/fleet")
    page.locator("#well summary").first.click()
    page.locator("h1").click()
    page.evaluate("document.activeElement.blur()")
    fleet.call("park01", Symptom(What.WEAR, Grade.SEE, 91))
    page.evaluate("refresh()")
    expect(page.locator("#well")).to_contain_text("91 % 使いました")
    expect(page.locator("#well tbody tr").first).to_be_visible()


@pytest.mark.parametrize("size", [(1366, 768), (390, 844)])
def test_every_word_on_the_map_can_be_read(fleet: Fleet, page: Page, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.route("**/live*", lambda route: route.abort())  # else the map is drawn anew while it is looked at
    page.goto(f"{fleet.console.url}/fleet")
    found = lettering(page)
    assert {one.text for one in found} >= {"×", "△", "図書館"}
    assert [one for one in found if one.contrast < AA] == []
    page.reload()
    page.locator(".town .sign").evaluate_all("all => all.forEach((one) => { one.style.fill = '#777'; })")
    assert [one for one in lettering(page) if one.contrast < AA] != [], "grey letters are found"


def test_today_shows_at_most_five_lines_of_what_needs_somebody(fleet: Fleet, page: Page) -> None:
    page.goto(fleet.console.url)
    expect(page.locator(".finding.bad")).to_contain_text("人の手が要る")
    lines = page.locator(".needs .need")
    expect(lines).to_have_count(2)
    expect(lines.first).to_contain_text("図書館 lib01: タッチできません")
    lines.first.locator("summary").click()
    expect(lines.first.locator("details p")).to_contain_text("差し直して")
    for unit in STANDS:
        fleet.call(unit, Symptom(What.HOT, Grade.ACT, 85), Symptom(What.POWER, Grade.ACT, 3))
    page.reload()
    expect(lines).to_have_count(5)
    expect(page.get_by_role("link", name="あと5件")).to_have_attribute("href", "/fleet")


def test_the_map_shows_where_somebody_is_needed_and_says_what_is_not_on_it(fleet: Fleet, page: Page) -> None:
    page.goto(f"{fleet.console.url}/fleet")
    drawn = page.locator("svg.town")
    expect(drawn.locator("circle")).to_have_count(4)
    expect(drawn.locator("path")).to_have_count(2)
    assert sorted(drawn.locator(".label").all_text_contents()) == ["図書館", "魚屋"]
    expect(page.locator("#map")).to_contain_text("地図にない場所: 運動公園")
    with fleet.centre.engine.begin() as connection:
        settings.put(connection, SETTING, "{}")
    page.reload()
    expect(drawn).to_have_count(0)


@pytest.mark.parametrize("width", [1280, 390])
def test_it_fits_and_is_accessible_with_everything_open(fleet: Fleet, page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    wrong = []
    for address in ("/fleet", "/", "/units/lib01", "/units/shop01"):
        page.goto(fleet.console.url + address)
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width, address
        wrong += faults(page)
    assert wrong == []


@pytest.mark.parametrize("address", ["/fleet", "/incidents", "/units/lib01"])
def test_for_a_technician_who_sees_no_touches_a_page_keeps_itself_up_to_date_all_the_same(
    fleet: Fleet, page: Page, address: str
) -> None:
    page.context.clear_cookies()
    fleet.console.let_in(page, Role.TECHNICIAN)
    page.clock.install()
    with page.expect_response(lambda answer: answer.url.endswith(address) and answer.request.resource_type == "fetch"):
        page.goto(fleet.console.url + address)
        page.clock.fast_forward(21_000)
    expect(page.locator("[data-stale]")).to_be_hidden()


def test_it_works_without_a_script(fleet: Fleet, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    fleet.console.let_in(page)
    page.goto(f"{fleet.console.url}/fleet")
    expect(page.locator("#needs tbody tr")).to_have_count(2)
    page.locator("#well summary").first.click()
    expect(page.locator("#well tbody tr").first).to_be_visible()
    context.close()
