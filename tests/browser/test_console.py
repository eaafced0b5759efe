"""The office's console, as the office uses it: what needs a person, what arrives now, and whether to believe it."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from central import backup_notes
from central.centre import Centre
from drivers.clock.sim import Driver as Clock
from simulation.centre import name_place, open_sim_centre
from sync.facts import PlaceNamed
from sync.messages import Report
from sync.symptoms import Grade, Symptom, What, spell
from tests.browser.looking import fits
from tests.browser.serving import ConsoleServing
from tests.central.pen import Pen, touch

CARD = "5e" * 16
ATTACK = "<img src=x onerror=\"document.title='broken'\">'\"&amp;"


@dataclass
class Office:
    """A centre with one unit, its console, and the unit's pen."""

    centre: Centre
    console: ConsoleServing
    pen: Pen

    @property
    def url(self) -> str:
        return self.console.url

    def book(self, *cards: str) -> None:
        """Let a unit deliver touches, and add them up."""
        self.pen.send(self.pen.write(*(touch(card=card) for card in cards)))
        self.console.book()


@pytest.fixture
def office(tmp_path: Path, page: Page) -> Iterator[Office]:
    centre = open_sim_centre(Clock(), "browser", f"sqlite:///{tmp_path / 'town.db'}")
    name_place(centre, "library")
    pen = Pen.enrolled(centre)
    pen.send(pen.begin(touch(), touch(card=CARD)))
    console = ConsoleServing(centre).open()
    console.book()
    console.let_in(page)
    yield Office(centre, console, pen)
    console.close()
    centre.engine.dispose()


def test_a_touch_appears_as_it_arrives_and_leads_to_its_proof(office: Office, page: Page) -> None:
    page.goto(office.url)
    expect(page.locator("[data-road]")).to_be_visible()
    office.book("ab" * 16)
    newest = page.locator("[data-arrivals] li").first
    expect(newest).to_contain_text("abababab")
    expect(page.locator("[data-arrivals] li")).to_have_count(3)
    expect(page.locator("#totals div").last).to_contain_text("4")  # every entry, the unit's boot among them
    newest.locator("a").click()
    expect(page.locator(".verdict")).to_contain_text("たしかめました")


def test_a_page_that_was_cut_off_misses_nothing_and_repeats_nothing(office: Office, page: Page) -> None:
    page.goto(office.url)
    expect(page.locator("[data-road]")).to_be_visible()
    office.console.close()
    office.book("11" * 16, "22" * 16)
    office.console.open()
    office.book("33" * 16)
    rows = page.locator("[data-arrivals] li code")
    expect(rows).to_have_text(["3" * 8, "2" * 8, "1" * 8, CARD[:8], "0a0a0a0a"], timeout=10_000)


def test_a_page_without_a_centre_says_that_it_stands_still(office: Office, page: Page) -> None:
    page.clock.install()
    page.goto(office.url)
    office.console.close()
    page.clock.fast_forward(13_000)
    expect(page.locator("[data-stale]")).to_be_visible()
    expect(page.locator("[data-road]")).to_be_hidden()


def test_reading_in_peace_and_going_on_where_one_stopped(office: Office, page: Page) -> None:
    page.goto(office.url)
    page.get_by_role("button", name="止めて読む").click()
    office.book("44" * 16)
    page.wait_for_timeout(300)
    expect(page.locator("[data-arrivals] li")).to_have_count(2)
    page.get_by_role("button", name="止めて読む").click()
    expect(page.locator("[data-arrivals] li code").first).to_have_text("4" * 8)


def test_the_pages_work_without_a_script(office: Office, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    office.console.let_in(page)
    page.goto(office.url)
    expect(page.locator("#units tbody tr")).to_have_count(1)
    page.locator("[data-arrivals] a").first.click()
    expect(page.locator(".verdict.good")).to_be_visible()
    context.close()


def test_the_commands_on_a_proof_check_it_with_tools_of_any_machine(office: Office, page: Page, tmp_path: Path) -> None:
    office.book("55" * 16, "66" * 16, "77" * 16)
    page.goto(f"{office.url}/entries/{office.pen.unit}/{office.pen.boot}/5")
    with page.expect_download() as download:
        page.get_by_role("link", name="を保存").click()
    download.value.save_as(tmp_path / download.value.suggested_filename)
    commands = page.locator("pre.command").all_text_contents()
    prints = page.locator("pre.prints").all_text_contents()
    assert len(commands) == len(prints) == 3
    for command, expected in zip(commands, prints, strict=True):
        done = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.stdout.strip() == expected, done.stderr


def test_a_changed_byte_is_seen_on_the_proof(office: Office, page: Page) -> None:
    with office.centre.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE entry SET hash = zeroblob(32) WHERE seq = 2 AND writer = 'lib01'")
    page.goto(f"{office.url}/entries/{office.pen.unit}/{office.pen.boot}/2")
    expect(page.locator(".verdict.bad")).to_contain_text("たしかめられませんでした")
    expect(page.locator(".checks .no")).to_have_count(1)


@pytest.mark.threat("text that attacks a screen, a terminal or a log")
def test_whatever_comes_from_outside_is_shown_and_not_obeyed(office: Office, page: Page) -> None:
    office.centre.registrar.place(PlaceNamed("library", ATTACK, ATTACK, ATTACK))
    office.book("88" * 16)
    for path in ("/", "/units/lib01", f"/entries/lib01/{office.pen.boot}/4", f"/nothing/{ATTACK}"):
        page.goto(office.url + path)
        assert page.title() != "broken"
        assert page.locator("img[src=x]").count() == 0
    page.goto(office.url)
    expect(page.locator("#units")).to_contain_text(ATTACK)
    office.book("99" * 16)
    expect(page.locator("[data-arrivals] li").first).to_contain_text(ATTACK)
    hostile = "<img src=x onerror=title='broken'>"[:32]  # as much as a unit can write for a card or a place
    office.pen.send(office.pen.write(touch(card=hostile, place=hostile)))
    office.console.book()
    expect(page.locator("[data-arrivals] li").first).to_contain_text(hostile[:8])
    page.goto(f"{office.url}/entries/lib01/{office.pen.boot}/{office.pen.seq}")
    expect(page.locator("body")).to_contain_text(hostile)
    assert page.locator("img[src=x]").count() == 0


def test_an_incident_is_the_first_thing_that_is_seen_with_what_to_do(office: Office, page: Page) -> None:
    office.pen.send(office.pen.begin(touch(), fresh=True))
    office.console.book()
    page.goto(office.url)
    expect(page.locator(".finding.bad")).to_contain_text("人の手が要る")
    expect(page.locator(".incident .todo")).to_contain_text("すること")
    command = page.locator(".incident .settle code").inner_text()
    assert command.startswith("machi central settle ")
    expect(page.locator("#units tbody tr").first).to_contain_text("要確認")
    page.get_by_role("link", name="確かめること").first.click()
    expect(page.locator(".incident")).to_have_count(1)


@pytest.mark.parametrize("width", [1280, 390])
def test_a_unit_that_is_ill_is_seen_with_what_to_do(office: Office, page: Page, width: int) -> None:
    ill = (Symptom(What.HOT, Grade.ACT, 85), Symptom(What.WEAR, Grade.SEE, 91))
    office.centre.intake.holdings(office.pen.peer, Report(symptoms=spell(ill)), "0b")
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(office.url)
    expect(page.locator(".finding.bad")).to_contain_text("人の手が要る")
    expect(page.locator(".figures div").first).to_contain_text("1 / 1")
    page.locator("#units summary").click()
    row = page.locator("#units tbody tr").first
    expect(row).to_contain_text("要確認")
    expect(row.locator(".why.act")).to_contain_text("端末の中が熱くなっています(85 ℃)。")
    expect(row.locator(".why.see")).to_contain_text("91 % 使いました")
    fits(page)
    row.locator("th a").click()
    told = page.locator("#now .incident")
    expect(told).to_have_count(2)
    expect(told.first).to_contain_text("すぐに")
    expect(told.first.locator(".todo")).to_contain_text("通風口をふさぐものをどけてください")
    expect(told.last).to_contain_text("時間のあるときに")
    fits(page)


@pytest.mark.parametrize("width", [1280, 768, 390])
def test_no_page_is_wider_than_the_screen_and_no_link_leads_nowhere(office: Office, page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    seen, ahead = set[str](), [office.url + "/"]
    while ahead:
        url = ahead.pop()
        if url in seen or urlsplit(url).netloc != urlsplit(office.url).netloc:
            continue
        seen.add(url)
        if urlsplit(url).path.endswith(("/segment", ".json", ".csv")):
            assert httpx.get(url, cookies=office.console.cookies()).is_success, url
            continue
        answer = page.goto(url, wait_until="domcontentloaded")
        assert answer is not None
        assert answer.ok, f"{url}: {answer.status}"
        fits(page)
        links = page.locator("a").evaluate_all("all => all.map((one) => one.getAttribute('href'))")
        ahead += [urljoin(url, link).partition("#")[0] for link in links]
    assert len(seen) > 7


def test_a_console_called_by_another_name_does_not_answer(office: Office) -> None:
    answer = httpx.get(f"{office.url}/api/units", headers={"Host": "evil.example"})
    assert answer.status_code == 400


def test_the_api_gives_what_the_pages_show_and_refuses_what_it_cannot_read(office: Office) -> None:
    with httpx.Client(base_url=office.url, cookies=office.console.cookies()) as http:
        first = http.get("/api/entries?limit=1").json()
        rest = http.get("/api/entries", params={"after": first["next"]}).json()
        assert [one["card"] for one in first["entries"] + rest["entries"]] == ["0a" * 16, CARD]
        assert http.get(f"/api/entries/{first['entries'][0]['id']}").json()["holds"] is True
        for path, status in (("/api/entries?after=soon", 400), ("/api/entries?limit=0", 422), ("/api/units/x9", 404)):
            answer = http.get(path)
            assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


def test_the_description_of_the_api_names_only_what_answers(office: Office) -> None:
    with httpx.Client(base_url=office.url, cookies=office.console.cookies()) as http:
        document = http.get("/openapi/office.json").json()
        names = document["components"]["schemas"]
        for path, item in [(path, item) for path, item in document["paths"].items() if "get" in item]:
            schema = item["get"]["responses"]["200"].get("content", {}).get("application/json", {}).get("schema")
            if "{" in path or not schema:
                continue
            described = names[schema["$ref"].rpartition("/")[2]]["properties"]
            assert http.get(path).json().keys() == described.keys(), path


def test_it_says_when_the_books_were_backed_up_and_whether_that_can_be_put_back(office: Office, page: Page) -> None:
    page.goto(office.url)
    now = page.locator("#now")
    kept = page.locator("#kept")
    expect(kept).to_contain_text("まだありません。「machi central backup」で取ります。")
    expect(kept).to_contain_text("戻す練習 Drill: まだです。")
    hour_ago = office.centre.town.clock.wall_ms() - 3_600_000
    with office.centre.engine.begin() as connection:
        backup_notes.put(connection, backup_notes.Made(hour_ago, "todai-000001-20261130-021500"))
        backup_notes.put(connection, backup_notes.Drill(hour_ago, hour_ago, is_good=True))
    page.reload()
    expect(kept).to_contain_text("バックアップ Backup: 1時間前")
    expect(kept).to_contain_text("戻す練習 Drill: 1時間前")
    expect(now.locator(".finding.bad")).to_have_count(0)
    with office.centre.engine.begin() as connection:
        backup_notes.put(connection, backup_notes.Drill(hour_ago, hour_ago, is_good=False))
    page.reload()
    expect(now.locator(".finding.bad").first).to_contain_text("人の手が要ることがあります")
    expect(now.locator(".finding.bad").last).to_contain_text("バックアップを戻す練習が、うまくいきませんでした")
