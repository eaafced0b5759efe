"""A treasurer closes a period at a terminal: what is printed, what is refused, and what lies in the folder then."""

import stat
from pathlib import Path

import pytest

from central.centre import Centre, open_centre
from central.world import SystemClock, SystemEntropy
from programs.coin.entries import Charge, Pay
from programs.coin.settlement.calendar import closing_before, is_working, iso
from programs.coin.terms import Settling
from programs.coin.zengin import reading
from sync.program import town_day
from tests.central.pen import Pen
from tests.central.test_commands import (
    CHECK_FAILED,
    NAMES,
    NOT_FOUND,
    OK,
    REFUSED,
    UNREACHABLE,
    USAGE,
    document,
    machi,
)

CARD = "0a" * 16
ACCOUNT = ("--bank", "0005", "--branch", "123", "--account", "7654321")
PAYER = (
    "--code",
    "1234567890",
    "--bank",
    "0001",
    "--branch",
    "001",
    "--account",
    "0123456",
    "--name",
    "トウダイチョウ",
)
TODAY = town_day(SystemClock().wall_ms(), 540)
UPTO = closing_before(Settling(), TODAY)
PAY_ON = next(day for day in range(TODAY + 2, TODAY + 20) if is_working(Settling(), day))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A town with a fish shop and a bakery that have sold something in the last period."""
    town = tmp_path / "town"
    machi("init", town, *NAMES)
    centre: Centre = open_centre(town, SystemClock(), SystemEntropy())
    for place, yen in (("fish", 3780), ("bakery", 2000)):
        machi("place", town, place, "--name", place, "--kana", place, "--name-en", place)
        pen = Pen.enrolled(centre, f"{place}01", place)
        pen.send(pen.begin(Charge(1, CARD, 5000, place, UPTO, "card"), Pay(1, CARD, yen, place, UPTO, "card")))
    centre.engine.dispose()
    (tmp_path / "bank").mkdir()
    return town


def settle(folder: Path, *words: object, ends: int = OK) -> dict[str, object]:
    days = ("--upto", iso(UPTO), "--pay-on", iso(PAY_ON))
    return document("coin", "settle", folder, *days, "--output", folder.parent / "bank", *words, ends=ends)


def entered(folder: Path, *places: str) -> Path:
    machi("coin", "payer", folder, *PAYER)
    for place in places:
        machi("coin", "shop", folder, place, *ACCOUNT, "--name", "サカナヤ")
    return folder


def test_a_period_is_closed_and_the_files_are_for_the_treasurer_alone(folder: Path) -> None:
    done = settle(entered(folder, "fish", "bakery"))
    assert (done["batch"], done["transfers"], done["yen"], done["waits"]) == (1, 2, 5780, {})
    bank = folder.parent / "bank"
    assert sorted(path.name for path in bank.iterdir()) == ["batch-0001.csv", "batch-0001.segments", "batch-0001.txt"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in bank.iterdir()} == {0o600}
    assert reading.read((bank / "batch-0001.txt").read_bytes()).total_yen == 5780
    assert (bank / "batch-0001.csv").read_text().count("ｻｶﾅﾔ") == 2
    told = document("coin", "statement", folder, "fish", "--batch", 1)["statements"][0]
    assert (told["paid"], told["closing"], told["pay_on"]) == (3780, 0, iso(PAY_ON))
    assert "3,780円" in machi("coin", "statement", folder, "fish", "--batch", 1)
    assert machi("coin", "statement", folder, "all", "--batch", 1, "--csv").count("payments") == 2


def test_a_shop_without_an_account_is_listed_and_the_rest_goes_on(folder: Path) -> None:
    done = settle(entered(folder, "fish"), ends=CHECK_FAILED)
    assert (done["transfers"], done["waits"]) == (1, {"bakery": {"owed": 2000, "why": "no-account"}})


def test_the_power_goes_between_what_is_said_and_the_file(folder: Path) -> None:
    """The folder cannot be written to, at that very moment: nothing is lost, and nobody is paid twice."""
    bank = folder.parent / "bank"
    (bank / "batch-0001.txt").mkdir()
    days = ("--upto", iso(UPTO), "--pay-on", iso(PAY_ON), "--output", bank)
    complaint = machi("coin", "settle", entered(folder, "fish", "bakery"), *days, ends=UNREACHABLE)
    assert "Batch 1 is made and nothing is lost; write its files with: machi central coin batch FOLDER 1" in complaint
    assert "settled by batch 1" in machi("coin", "settle", folder, *days, ends=REFUSED)
    (bank / "batch-0001.txt").rmdir()
    written = document("coin", "batch", folder, 1, "--output", bank)
    first = (bank / "batch-0001.txt").read_bytes()
    assert written["yen"] == reading.read(first).total_yen == 5780
    document("coin", "batch", folder, 1, "--output", bank)
    assert (bank / "batch-0001.txt").read_bytes() == first


def test_what_became_of_a_batch_is_said_step_by_step(folder: Path) -> None:
    settle(entered(folder, "fish", "bakery"))
    assert "cannot be accepted now: it is made" in machi("coin", "mark", folder, 1, "accepted", ends=REFUSED)
    assert document("coin", "mark", folder, 1, "sent")["state"] == "sent"
    machi("coin", "mark", folder, 1, "bounced", "--shop", "fish", ends=USAGE)
    machi("coin", "mark", folder, 1, "void", ends=USAGE)
    machi("coin", "mark", folder, 1, "sent", "--shop", "fish", ends=USAGE)
    done = document("coin", "mark", folder, 1, "bounced", "--shop", "fish", "--because", "口座なし")
    assert done["returned"] == {"fish": "口座なし"}
    assert "fish came back: 口座なし" in machi("coin", "batches", folder)
    assert document("coin", "batches", folder)["batches"] == [done]
    assert document("coin", "statement", folder, "fish")["statements"][0]["closing"] == 3780


def test_of_a_void_batch_no_file_is_written(folder: Path) -> None:
    settle(entered(folder, "fish", "bakery"))
    machi("coin", "mark", folder, 1, "void", "--because", "wrong account")
    bank = folder.parent / "bank"
    assert "do not send it" in machi("coin", "batch", folder, 1, "--output", bank, ends=REFUSED)
    assert "it settled nothing" in machi("coin", "statement", folder, "fish", "--batch", 1, ends=REFUSED)
    assert settle(folder)["batch"] == 2


@pytest.mark.parametrize(
    ("account", "why"),
    [
        (("--bank", "5", "--branch", "123", "--account", "7654321", "--name", "サカナヤ"), "1 digits, not 4"),
        (("--bank", "0005", "--branch", "12x", "--account", "7654321", "--name", "サカナヤ"), "12x"),
        (("--bank", "0005", "--branch", "123", "--account", "54321", "--name", "サカナヤ"), "zeros at the beginning"),
        ((*ACCOUNT, "--name", "魚屋"), "banks do not take"),
        ((*ACCOUNT, "--name", "サカナヤ・ハナ"), "banks do not take"),
        ((*ACCOUNT, "--name", "サカナヤ" * 8), "room for 30"),
        ((*ACCOUNT, "--name", ""), "is missing"),
        ((*ACCOUNT, "--name", "サカナヤ", "--bank-name", "みずほ銀行"), "banks do not take"),
    ],
)
def test_an_account_that_no_bank_would_take_is_refused_and_not_stored(
    folder: Path, account: tuple[str, ...], why: str
) -> None:
    machi("coin", "payer", folder, *PAYER)
    complaint = machi("coin", "shop", folder, "fish", *account, ends=USAGE)
    assert why in complaint
    assert "Nothing was stored" in complaint
    assert settle(folder, ends=CHECK_FAILED)["transfers"] == 0


def test_names_that_nobody_has_said_are_refused(folder: Path) -> None:
    machi("coin", "shop", folder, "butcher", *ACCOUNT, "--name", "ニクヤ", ends=NOT_FOUND)
    machi("coin", "statement", folder, "butcher", ends=NOT_FOUND)
    machi("coin", "batch", folder, 7, "--output", folder, ends=REFUSED)
    assert "coin payer" in machi("coin", "settle", folder, "--upto", iso(UPTO), "--output", folder, ends=REFUSED)
    assert "2026-12-15" in machi("coin", "settle", folder, "--upto", "tomorrow", "--output", folder, ends=USAGE)


def test_pay_days_are_shown_and_set_one_by_one(folder: Path) -> None:
    assert document("coin", "paydays", folder)["closes"] == [15, 31]
    assert document("coin", "paydays", folder, "--closes", 31, "--holiday", "2030-05-01")["minimum_yen"] == 1000
    later = document("coin", "paydays", folder, "--minimum", 500, "--if-closed", "before", "--holiday", "2030-05-02")
    assert later["holidays"] == ["2030-05-01", "2030-05-02"]
    assert (later["closes"], later["if_closed"], later["minimum_yen"]) == ([31], "before", 500)
    assert document("coin", "paydays", folder, "--no-holiday", "2030-05-01")["holidays"] == ["2030-05-02"]
    assert document("coin", "terms", folder)["step_yen"] == 1000, "the other terms are as they were"


def test_a_dispute_is_answered_from_the_signed_entry(folder: Path) -> None:
    line = machi("coin", "statement", folder, "fish", "--csv").splitlines()[1]
    entry = line.rsplit(",", 1)[1]
    opened = document("coin", "dispute", "open", folder, entry, "--because", "paid twice")
    assert (opened["dispute"], opened["entry"], opened["outcome"]) == (1, entry, "")
    assert '"yen":3780' in opened["proof"]["body"]
    assert opened["proof"]["holds"]
    assert "dispute 1 about" in machi("coin", "dispute", "open", folder, entry, "--because", "again", ends=REFUSED)
    listed = machi("coin", "dispute", "list", folder)
    assert f"dispute 1: {entry}: paid twice (its proof holds)" in listed
    assert '"yen":3780' in listed
    assert document("coin", "dispute", "close", folder, 1, "--outcome", "two sales")["outcome"] == "two sales"
    assert document("coin", "dispute", "list", folder)["disputes"] == []
    assert len(document("coin", "dispute", "list", folder, "--all")["disputes"]) == 1
    machi("coin", "dispute", "close", folder, 1, "--outcome", "once more", ends=REFUSED)
    assert document("coin", "dispute", "open", folder, entry, "--because", "after all")["dispute"] == 2


def test_a_dispute_about_nothing_is_refused(folder: Path) -> None:
    nowhere = "fish01/9f3c0a1b22d4e5f6/7"
    assert "not held here" in machi("coin", "dispute", "open", folder, nowhere, "--because", "x", ends=REFUSED)
    machi("coin", "dispute", "open", folder, "no entry", "--because", "x", ends=USAGE)
    assert "no open dispute 9" in machi("coin", "dispute", "close", folder, 9, "--outcome", "x", ends=REFUSED)


def test_what_an_earlier_version_had_added_up_is_added_up_anew(folder: Path) -> None:
    settle(entered(folder, "fish", "bakery"))
    centre = open_centre(folder, SystemClock(), SystemEntropy())
    with centre.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE coin_shop_line")
        connection.exec_driver_sql("UPDATE setting SET value = 'coin:1' WHERE name = 'added up by'")
    centre.engine.dispose()
    assert "3,780円" in machi("coin", "statement", folder, "fish", "--batch", 1)
