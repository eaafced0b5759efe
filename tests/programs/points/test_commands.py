"""`machi central points …` as the office types it, in a town in a folder."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from central.calendar import day_at
from central.centre import Centre, open_centre
from central.world import SystemClock, SystemEntropy
from programs.coin.entries import Pay
from programs.visits.entries import Touch
from sync.days import written
from sync.facts import PlaceNamed
from tests.central.pen import Pen
from tests.central.test_commands import NAMES, NOT_FOUND, REFUSED, USAGE, document, machi

CARD = "0a" * 16


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    machi("init", tmp_path / "town", *NAMES)
    return tmp_path / "town"


@pytest.fixture
def town(folder: Path) -> Iterator[Centre]:
    opened = open_centre(folder, SystemClock(), SystemEntropy())
    opened.registrar.place(PlaceNamed("library", "図書館", "としょかん", "the library"))
    yield opened
    opened.engine.dispose()


@pytest.fixture
def today(town: Centre) -> int:
    with town.reconciler.counted() as connection:
        return day_at(connection, town.town.clock.wall_ms())


@pytest.fixture
def rules(tmp_path: Path, today: int) -> Path:
    path = tmp_path / "rules.toml"
    path.write_text(
        f"starts = {written(today + 1)}\n"
        '[[rule]]\nid = "library"\npoints = 10\nplaces = ["library"]\nbudget = 15\n'
        '[[rule]]\nid = "visitors"\npoints = 50\nfirst_visit = true\n'
    )
    return path


def points(folder: Path, command: str, *words: object, **how: Any) -> dict[str, Any]:
    return document("points", command, folder, *words, **how)


def test_two_officers_decide_and_everybody_can_read_what(folder: Path, rules: Path, today: int) -> None:
    trial = points(folder, "propose", rules, "--by", "山田", "--dry-run")
    assert (trial["written"], points(folder, "rules")["waiting"]) == (False, [])
    made = points(folder, "propose", rules, "--by", "山田")
    assert made["rules"][0]["ja"] == "図書館で タッチすると 10ポイント、1人 1日1回、予算 15。"
    assert "another officer" in machi("points", "activate", folder, made["proposal"], "--by", "山田", ends=REFUSED)
    assert [one["proposed_by"] for one in points(folder, "rules")["waiting"]] == ["山田"]
    assert points(folder, "activate", made["proposal"], "--by", "佐藤", "--dry-run")["written"] is False
    points(folder, "activate", made["proposal"], "--by", "佐藤")
    found = points(folder, "rules")
    assert found["waiting"] == []
    (active,) = found["active"]
    assert (active["proposed_by"], active["activated_by"]) == ("山田", "佐藤")
    assert active["starts"] == written(today + 1)
    assert "A touch at the library gives 10 points" in machi("points", "rules", folder)


def test_a_plan_is_tried_and_an_entry_explained(folder: Path, town: Centre, rules: Path, today: int) -> None:
    pen = Pen.enrolled(town)
    pen.send(pen.begin(*(Touch(CARD, "library", today + day, "card") for day in (1, 1, 2))))
    period = ("--from", written(today), "--to", written(today + 9), "--yen-per-point", 2)
    found = points(folder, "preview", rules, *period)
    assert (found["people"], found["points"], found["points_now"], found["cost_yen"]) == (1, 70, None, 140)
    assert [one["points"] for one in found["rules"]] == [20, 50]
    assert ["予算" in one["ja"] for one in found["warnings"]] == [True]
    assert points(folder, "preview", rules)["touches"] == 0, "last month"
    made = points(folder, "propose", rules, "--by", "山田")
    points(folder, "activate", made["proposal"], "--by", "佐藤")
    entry = f"lib01/{pen.boot}/3"
    explained = points(folder, "explain", entry)
    assert (explained["points"], explained["plan"]) == (0, made["proposal"])
    assert [(one["rule"], one["why"], one["fits"]) for one in explained["rules"]] == [
        ("library", "once", False),
        ("visitors", "once", False),
    ]
    assert "この日はもう付いています" in machi("points", "explain", folder, entry)
    assert points(folder, "explain", f"lib01/{pen.boot}/2")["points"] == 60
    machi("points", "explain", folder, f"lib01/{pen.boot}/9", ends=NOT_FOUND)
    machi("points", "explain", folder, "lib01", ends=USAGE)


def test_nothing_is_booked_before_its_day(folder: Path, town: Centre, rules: Path, today: int) -> None:
    made = points(folder, "propose", rules, "--by", "山田")
    points(folder, "activate", made["proposal"], "--by", "佐藤")
    pen = Pen.enrolled(town)
    pen.send(pen.begin(Touch(CARD, "library", today, "card"), Touch(CARD, "library", today + 1, "card")))
    for words in (("--dry-run",), ()):
        assert points(folder, "settle", *words)["given"] == 0


def test_what_is_wrong_with_a_plan_is_said_line_by_line(folder: Path, rules: Path) -> None:
    rules.write_text('starts = "soon"\n[[rule]]\nid = "r"\npoints = 0\n')
    said = machi("points", "propose", folder, rules, "--by", "山田", ends=USAGE)
    assert "starts: 日付は" in said
    assert "[[rule]] 1 (r): points:" in said
    rules.write_text("starts = 2026-01-01\n")
    assert "明日" in machi("points", "propose", folder, rules, "--by", "山田", ends=REFUSED)
    period = ("--from", "2026-02-01", "--to", "2026-01-01")
    assert "after" in machi("points", "preview", folder, rules, *period, ends=USAGE)


def test_two_officers_make_a_payment_void_by_commands(folder: Path, town: Centre, tmp_path: Path, today: int) -> None:
    rules = tmp_path / "amounts.toml"
    rules.write_text(
        f"starts = {written(today + 1)}\n"
        '[[rule]]\nid = "fish"\npoints = 2\nplaces = ["library"]\nper_yen = 100\nperson_day = 50\n'
        '[[rule]]\nid = "walk"\npoints = 10\nsteps = 8_000\n'
    )
    pen = Pen.enrolled(town)
    pen.send(pen.begin(*(Pay(1, CARD, yen, "library", today + 1, "card") for yen in (1_000, 250))))
    entry, other = f"lib01/{pen.boot}/2", f"lib01/{pen.boot}/3"
    tried = points(folder, "preview", rules, "--from", written(today), "--to", written(today + 9))
    assert (tried["points"], tried["people"], [one["points"] for one in tried["rules"]]) == (20, 1, [20, 0])
    made = points(folder, "propose", rules, "--by", "山田")
    assert "支払いそのもののポイントに加えて" in made["rules"][0]["ja"]
    points(folder, "activate", made["proposal"], "--by", "佐藤")
    explained = points(folder, "explain", entry)
    assert (explained["of"], explained["amount"], explained["points"], explained["void"]) == (
        "payment",
        1_000,
        20,
        False,
    )
    assert [one["why"] for one in points(folder, "explain", other)["rules"]] == ["once", "kind"]
    why = ("--because", "試験")
    assert points(folder, "void", entry, *why, "--by", "山田", "--dry-run")["written"] is False
    assert points(folder, "voids")["voids"] == []
    machi("points", "void", folder, entry, "--because", " ", "--by", "山田", ends=REFUSED)
    points(folder, "void", entry, *why, "--by", "山田")
    assert "another officer" in machi("points", "confirm-void", folder, entry, "--by", "山田", ends=REFUSED)
    assert points(folder, "confirm-void", entry, "--by", "佐藤", "--refuse")["state"] == "refused"
    assert [one["state"] for one in points(folder, "voids")["voids"]] == ["refused"]
    points(folder, "void", entry, *why, "--by", "佐藤")
    assert points(folder, "confirm-void", entry, "--by", "山田")["written"] is True
    explained = points(folder, "explain", entry)
    assert (explained["points"], explained["void"], [one["why"] for one in explained["rules"]]) == (
        0,
        True,
        ["void", "kind"],
    )
    assert points(folder, "explain", other)["points"] == 4, "the other payment of that day is its first now"
    assert points(folder, "settle", "--dry-run")["lacking"] == 0
