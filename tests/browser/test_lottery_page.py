"""Two officers draw at the console, from the closing to the winners; whoever checks the files finds the same ones."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from drivers.clock.sim import Driver as Clock
from programs.lottery.giving import Wanted, give
from programs.lottery.running import APART_S, announce
from simulation.centre import open_sim_centre
from sync.accounts import Role
from tests.browser.looking import fits
from tests.browser.serving import ConsoleServing
from tests.central.visiting import signed_in
from tests.programs.lottery.spring import BEFORE_S, CLOSE_S, PLAN, ROUND, SIGNATURES, WANTED, clock_at

CHECKER = Path(__file__).parents[2] / "docs" / "verify_draw.py"
NAMES = ("rules.json", "tickets.csv", "frozen.json", "transcript.json")


@pytest.fixture
def clock() -> Clock:
    return clock_at(BEFORE_S)


@pytest.fixture
def console(clock: Clock, tmp_path: Path) -> Iterator[ConsoleServing]:
    centre = open_sim_centre(clock, "lottery", f"sqlite:///{tmp_path / 'town.db'}")
    announce(centre, PLAN)
    give(centre, PLAN.draw, [Wanted("paper-77", 3), *WANTED])
    centre.reconciler.catch_up()
    serving = ConsoleServing(centre).open()
    yield serving
    serving.close()
    centre.engine.dispose()


def sit_down(console: ConsoleServing, page: Page, name: str) -> None:
    """Let another officer sit down before the browser."""
    assert console.gate
    page.context.clear_cookies()
    cookies = signed_in(console.gate, (Role.OFFICER,), name)
    page.context.add_cookies([{"name": key, "value": value, "url": console.url} for key, value in cookies.items()])


def test_two_officers_draw_and_anybody_comes_to_the_same_winners(
    console: ConsoleServing, clock: Clock, page: Page, tmp_path: Path
) -> None:
    clock.advance(CLOSE_S - BEFORE_S)
    sit_down(console, page, "hanako")
    page.goto(f"{console.url}/lottery")
    page.get_by_role("link", name="春の抽選会").click()
    page.get_by_role("button", name="名簿を確定する").click()
    expect(page.locator("[role=status]")).to_contain_text("名簿を確定しました(76口)")
    root = page.locator("[data-root]").inner_text()
    clock.advance(APART_S)
    sit_down(console, page, "hanako")
    page.reload()
    signature = page.get_by_label("ラウンド 1000 の署名")
    signature.fill(SIGNATURES[ROUND][:-1] + "8")
    page.get_by_role("button", name="この署名で引く").click()
    expect(page.locator("[role=alert].bad")).to_contain_text("まだ何もしていません")
    signature.fill(" ".join(SIGNATURES[ROUND][at : at + 8] for at in range(0, 96, 8)).upper())
    page.get_by_role("button", name="この署名で引く").click()
    expect(page.locator("main")).to_contain_text("あなたが引いたので")
    expect(page.get_by_role("button", name="確認した")).to_have_count(0)
    sit_down(console, page, "jiro")
    page.set_viewport_size({"width": 390, "height": 844})
    page.reload()
    fits(page)
    expect(page.locator(".compare")).to_have_text(root)
    page.get_by_label("掲示したルートと同じです").check()
    page.get_by_role("button", name="確認した").click()
    expect(page.locator("[role=status]")).to_contain_text("当せん者が決まりました(5人)")
    fits(page)
    for name in NAMES:
        with page.expect_download() as saved:
            page.get_by_role("link", name=name).click()
        saved.value.save_as(tmp_path / "public" / name)
    done = subprocess.run(
        [sys.executable, str(CHECKER), str(tmp_path / "public")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    shown = page.locator("#winners tbody th").all_inner_texts()
    assert [line.rpartition(" ")[2] for line in done.stdout.splitlines()[2:7]] == shown[:5]
    assert json.loads((tmp_path / "public" / "transcript.json").read_text())["alternates"] == shown[5:]
    page.get_by_role("link", name="当せん番号のお知らせ").click()
    page.emulate_media(media="print")
    expect(page.locator(".sheet")).to_contain_text(shown[0])
    expect(page.locator(".top")).to_be_hidden()
