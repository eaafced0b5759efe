"""`machi central coin …` as the office types it: cash for coin, shops among each other, circulation, and the fund."""

import csv
from pathlib import Path
from typing import Any

import pytest

from central.calendar import day_at
from central.centre import Centre
from programs.coin.entries import Charge, Insured, Pay
from sync.facts import CardState, PlaceNamed
from sync.months import month_of, written
from sync.program import JAPAN_MINUTES, town_day
from sync.rights import Returned
from tests.central.pen import AT, Pen
from tests.central.test_commands import CHECK_FAILED, REFUSED, USAGE, document, machi

CARD, SHOPS = "0a" * 16, "0b" * 16


@pytest.fixture
def centre(town: Centre) -> Centre:
    """The centre, with places and cards."""
    for place in ("fish", "bakery"):
        town.registrar.place(PlaceNamed(place, place, place, place))
    for card in (CARD, SHOPS):
        town.registrar.set_card(card, CardState.ACTIVE)
    return town


@pytest.fixture
def day(centre: Centre) -> int:
    with centre.reconciler.counted() as connection:
        return day_at(connection, centre.town.clock.wall_ms())


@pytest.fixture
def pen(centre: Centre, day: int) -> Pen:
    """A counter at which 9,000 yen were charged and 4,000 paid the day before, and the rest given back."""
    pen = Pen.enrolled(centre, "fish01")
    sold = (Charge(1, CARD, 9000, "fish", day - 1, "card"), Pay(1, CARD, 4000, "fish", day - 1, "card"))
    pen.send(pen.begin(*sold, Returned(1, f"coin/{CARD}", 5000)))
    return pen


def coin(folder: Path, command: str, *words: object, **how: Any) -> dict[str, Any]:
    return document("coin", command, folder, *words, **how)


@pytest.mark.usefixtures("pen")
def test_cash_for_coin_is_asked_about_and_refused_with_a_reason(folder: Path) -> None:
    wanted = ("coin", "cash-out", folder, CARD, 1200, "--cause", "asked", "--because", "wants it")
    assert "--cash-out" in machi(*wanted, "--yes", ends=REFUSED)
    coin(folder, "terms", "--cash-out")
    assert coin(folder, "cash-out", CARD, 1200, "--cause", "asked", "--because", "wants it", "--yes")["yen"] == 1200
    coin(folder, "law", "--regime", "own-shop")
    assert "20条5項" in machi(*wanted, "--yes", ends=REFUSED)
    assert coin(folder, "cash-out", CARD, 800, "--cause", "moved", "--because", "転出届", "--yes")["cause"] == "moved"
    assert "3000 yen are on cards" in machi("coin", "law", folder, "--regime", "six-months", ends=REFUSED)


def test_who_charged_too_much_in_a_month_is_listed(folder: Path, centre: Centre, pen: Pen, day: int) -> None:
    assert coin(folder, "month-limit")["over"] == []
    coin(folder, "terms", "--month", 10_000)
    pen.send(pen.write(Charge(1, CARD, 2000, "fish", day, "card")))
    other = Pen.enrolled(centre, "fish02", "fish02")
    other.send(other.begin(Charge(1, CARD, 9000, "fish", day, "card")))
    found = coin(folder, "month-limit", ends=CHECK_FAILED)
    assert [(one["card"], one["desks"]) for one in found["over"]] == [(CARD, ["fish01", "fish02"])]
    assert "too much, at fish01, fish02" in machi("coin", "month-limit", folder, ends=CHECK_FAILED)


@pytest.mark.usefixtures("pen")
def test_shops_pay_each_other_and_every_yen_of_it_is_in_the_circulation(folder: Path) -> None:
    assert coin(folder, "shop-card", "fish", SHOPS)["card"] == SHOPS
    assert coin(folder, "draw", "fish", 1500)["yen"] == 1500
    assert coin(folder, "put-back", "fish", 500)["yen"] == 500
    assert coin(folder, "shop-pay", "fish", "bakery", 700, "--because", "invoice 12")["to"] == "bakery"
    assert "can spend 2300 yen" in machi("coin", "draw", folder, "fish", 2301, ends=REFUSED)
    assert "name a card" in machi("coin", "shop-card", folder, "fish", ends=USAGE)
    (month,) = coin(folder, "circulation")["months"]
    assert (month["charged"], month["paid"], month["between"], month["circulating"]) == (9000, 4000, 700, 9000)
    (row,) = csv.DictReader(machi("coin", "circulation", folder, "--csv").splitlines())
    assert row["month"] == month["month"]
    assert float(row["velocity"]) == month["velocity"] == round(4700 / 4500, 2)
    assert "how often a yen was used" in machi("coin", "circulation", folder)
    assert coin(folder, "local-banks", "--branch", "0005-123")["branches"] == ["0005-123"]
    assert "four digits" in machi("coin", "local-banks", folder, "--branch", "5-123", ends=USAGE)


def test_the_fund_is_shown_to_the_yen_and_a_promise_without_a_right_is_found(folder: Path, pen: Pen, day: int) -> None:
    assert "--because" in machi("coin", "insured", folder, "--put", 5000, ends=USAGE)
    found = coin(folder, "insured", "--put", 5000, "--because", "budget", "--on", "--card", 1500)
    assert (found["is_on"], found["card_yen"], found["worth"], found["free"]) == (True, 1500, 5000, 5000)
    assert "5000 yen of the fund are free" in machi(
        *("coin", "insured", folder, "--put", -5001, "--because", "less"), ends=REFUSED
    )
    pen.send(pen.write(Insured(1, CARD, 900, "fish", day, "card")))
    found = coin(folder, "insured", ends=CHECK_FAILED)
    assert (found["owed_by"], found["short"], found["worth"]) == ({CARD: 900}, 900, 5000)
    assert coin(folder, "write-off", CARD, "--because", "moved", "--yes")["yen"] == 900
    assert "owes the fund nothing" in machi("coin", "write-off", folder, CARD, "--because", "x", "--yes", ends=REFUSED)
    found = coin(folder, "insured", ends=CHECK_FAILED)
    assert (found["worth"], found["unbacked"]) == (4100, {"fish01": 900})


@pytest.mark.usefixtures("pen")
def test_a_month_of_payments_is_shown_published_once_and_laid_out(folder: Path, tmp_path: Path) -> None:
    wrote = written(month_of(town_day(AT, JAPAN_MINUTES)))
    found = coin(folder, "turnover", "--month", wrote)
    assert (found["month"], found["payments"], found["yen"], found["shops"], found["all_shops"]) == (
        wrote, None, None, [], 1
    )  # fmt: skip
    assert "5人未満" in machi("coin", "turnover", folder, "--month", wrote)
    rows = list(csv.DictReader(machi("coin", "turnover", folder, "--month", wrote, "--csv").splitlines()))
    assert {row["value"] for row in rows if row["figure"] in ("yen", "payments", "payments_at")} == {"*"}
    assert "Write a month as 2026-11" in machi("coin", "turnover", folder, "--month", "11/2026", ends=USAGE)
    assert "公開" in machi("coin", "publish", folder, "2999-01", ends=REFUSED)
    empty = coin(folder, "publish", "2020-01")
    assert (empty["month"], empty["units"], empty["complete"]) == ("2020-01", 0, 0)
    assert "公開ずみ" in machi("coin", "publish", folder, "2020-01", ends=REFUSED)
    assert (coin(folder, "held")["yen"], coin(folder, "held")["since"]) == (None, [])
    assert "5人未満" in machi("coin", "held", folder)
    assert coin(folder, "feed", tmp_path / "www")["files"] == 2
    table = list(csv.DictReader((tmp_path / "www" / "turnover-2020-01.csv").read_text().splitlines()))
    assert {row["figure"]: row["value"] for row in table if not row["weekday"]}["yen"] == "0"
