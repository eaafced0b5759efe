"""The page that checks a draw, opened as a file: it talks to nobody, believes a true draw, and finds every change."""

import base64
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, expect

from simulation.centre import open_sim_centre
from tests.programs.lottery import tampering
from tests.programs.lottery.spring import BEFORE_S, clock_at, drawn, publish

NAMES = ("rules.json", "tickets.csv", "frozen.json", "transcript.json")


@pytest.fixture(scope="module")
def draw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    clock = clock_at(BEFORE_S)
    centre = open_sim_centre(clock, "lottery")
    drawn(centre, clock)
    folder = publish(centre, tmp_path_factory.mktemp("draw") / "public")
    centre.engine.dispose()
    return folder


@pytest.fixture
def checker(draw: Path, page: Page) -> Iterator[Page]:
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    page.on("request", note)
    page.goto((draw / "verify.html").as_uri())
    yield page
    assert len(asked) == 1, "it fetches nothing but itself"


def choose(page: Page, folder: Path) -> None:
    page.get_by_label("ファイル").set_input_files([folder / name for name in NAMES])


def test_a_true_draw_is_right_and_says_what_became_of_a_ticket(draw: Path, checker: Page) -> None:
    choose(checker, draw)
    expect(checker.locator("#verdict")).to_have_text("合っています / all of it is right")
    transcript = tampering.read(draw)["transcript.json"]
    expect(checker.locator("#winners li")).to_have_count(5)
    expect(checker.locator("#winners li").first).to_contain_text(transcript["winners"][0]["ticket"])
    expect(checker.locator("#checks")).to_contain_text("署名そのものはここでは確かめません")
    mine, ticket = checker.locator("#mine"), checker.get_by_label("あなたの券")
    for number, said in (
        (transcript["winners"][0]["ticket"], "ます寿し"),
        (transcript["alternates"][1], "alternate 2"),
        ("D00001.0004", "not in the list"),
    ):
        ticket.fill(number)
        expect(mine).to_contain_text(said)


def test_every_change_is_found(draw: Path, checker: Page, tmp_path: Path) -> None:
    for name in tampering.CHANGES:
        tampering.change(draw, tmp_path / "changed", name)
        choose(checker, draw)
        expect(checker.locator("#verdict")).to_have_class("good")
        choose(checker, tmp_path / "changed")
        expect(checker.locator("#verdict"), name).to_have_class("bad")
        expect(checker.locator("#checks li.bad").first, name).to_be_visible()


def test_what_is_no_draw_is_not_called_right(draw: Path, checker: Page, tmp_path: Path) -> None:
    checker.get_by_label("ファイル").set_input_files([draw / name for name in NAMES[:3]])
    expect(checker.locator("#verdict")).to_contain_text("transcript.json がありません")
    tampering.write(tampering.read(draw) | {"rules.json": "{"}, tmp_path)
    choose(checker, tmp_path)
    expect(checker.locator("#verdict")).to_contain_text("cannot be read")


def test_its_policy_names_its_own_script_and_nothing_else(draw: Path) -> None:
    page = (draw / "verify.html").read_text()
    for tag in ("script", "style"):
        (inside,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        assert f"{tag}-src 'sha256-{base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()}'" in page
    assert "default-src 'none'" in page
    assert not re.search(r"https?:|<img|<link|fetch\(|XMLHttpRequest|import\(", page)
