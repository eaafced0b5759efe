"""`machi central coin …` after a loss, as a person runs it: what is said before it is done, and what the answer is."""

from pathlib import Path
from typing import Any

import pytest

from central.centre import Centre
from central.incidents import Incidents
from programs.coin.entries import Charge, Pay
from sync.entries import Entry, encode
from sync.facts import CardState, PlaceNamed
from sync.segment import Segment, to_text
from tests.central.pen import Pen, touch
from tests.central.test_commands import CHECK_FAILED, REFUSED, USAGE, document, machi

OLD, NEW = "0a" * 16, "0b" * 16
DAY = 20_780
CHARGED = Charge(1, OLD, 3000, "hall", DAY, "card")
PAID = Pay(1, OLD, 700, "hall", DAY, "card", 70)
INTERRUPTED = 130


@pytest.fixture
def centre(town: Centre) -> Centre:
    """The centre, with places and cards."""
    town.registrar.place(PlaceNamed("hall", "役場", "やくば", "Town hall"))
    for card in (OLD, NEW):
        town.registrar.set_card(card, CardState.ACTIVE)
    return town


@pytest.fixture
def desk(centre: Centre) -> Pen:
    """A desk that has sent a charge, and has written a payment since."""
    pen = Pen.enrolled(centre, "desk01")
    pen.send(pen.begin(CHARGED))
    return pen


def stick(folder: Path, segment: Segment) -> Path:
    file = folder / "desk01.segments"
    file.write_bytes(to_text(segment))
    return file


def coin(folder: Path, command: str, *words: object, **how: Any) -> dict[str, Any]:
    return document("coin", command, folder, *words, **how)


def test_a_lost_desk_from_the_report_to_the_last_yen(folder: Path, desk: Pen) -> None:
    found = stick(folder, desk.write(PAID))
    complaint = machi("coin", "lost", folder, "desk01", given=b"n\n", ends=INTERRUPTED)
    assert "この端末で使えたお金は 3,000円です" in complaint
    assert "the fund can lose no more than that" in complaint
    assert coin(folder, "case", "desk01")["state"] == "active", "nothing is done before the person says yes"
    lost = coin(folder, "lost", "desk01", "--yes", "--reason", "flooded")
    assert (lost["state"], lost["at_most"], lost["lost"], lost["stolen"]) == ("closed", 3000, True, False)
    assert "make-whole" in lost["next"][1]
    assert "7 more days" in machi("coin", "make-whole", folder, "desk01", "--yes", ends=REFUSED)
    assert "given up before" in machi("coin", "lost", folder, "desk01", "--yes", ends=REFUSED)
    assert coin(folder, "after-loss", "--wait-days", 0) == {"wait_days": 0}
    assert coin(folder, "make-whole", "desk01", "--yes")["cards"] == {OLD: 3000}
    assert "nobody is due" in machi("coin", "make-whole", folder, "desk01", "--yes", ends=REFUSED)
    machi("import", folder, found, ends=REFUSED)
    assert document("import", folder, "--found", found)["new"] == 1
    (cleared,) = coin(folder, "clear", "desk01", "--found", "--yes")["moved"]
    assert (cleared["to_card"], cleared["to_fund"]) == (0, 2300), "700 were spent: the fund bears them"
    assert coin(folder, "case", "desk01")["next"] == []
    assert document("replay", folder)["match"]
    assert document("verify", folder)["unfounded"] == []


@pytest.mark.usefixtures("desk")
def test_a_shop_is_compensated_with_a_reason_and_no_more_than_can_be(folder: Path) -> None:
    coin(folder, "lost", "desk01", "--yes", "--stolen")
    machi("coin", "compensate", folder, "desk01", "hall", 700, "--yes", ends=USAGE)
    too_much = machi("coin", "compensate", folder, "desk01", "hall", 3001, "--because", "so", "--yes", ends=REFUSED)
    assert "no more than 3000 yen" in too_much
    paid = coin(folder, "compensate", "desk01", "hall", 700, "--because", "receipts", "--yes")
    assert paid == {"unit": "desk01", "life": 1, "place": "hall", "yen": 700, "because": "receipts"}
    text = machi("coin", "case", folder, "desk01")
    assert "補償 / compensated 700円" in text
    assert f"{OLD}: 保留 / in suspense 3,000円" in text
    (shop,) = coin(folder, "case", "desk01")["shops"]
    assert (shop["found"], shop["done"]["compensated"]) == (0, 700)


@pytest.mark.usefixtures("desk")
def test_a_receipt_for_cash_is_believed_with_its_reason(folder: Path) -> None:
    coin(folder, "lost", "desk01", "--yes")
    machi("coin", "make-whole", folder, "desk01", "--card", OLD, "--receipt", 2000, "--yes", ends=USAGE)
    given = "--card", OLD, "--receipt", 2000, "--because", "receipt 12"
    assert coin(folder, "make-whole", "desk01", *given, "--yes")["cards"] == {OLD: 2000}


@pytest.mark.usefixtures("desk")
def test_a_suspended_unit_is_shown_with_what_can_be_lost_and_what_to_do(folder: Path, centre: Centre) -> None:
    with centre.engine.begin() as connection:
        incidents = Incidents(connection, centre.streams, 0)
        incidents.note("desk01", "clone", {"at": "desk01"})
        incidents.suspend("desk01", 1, "two machines write under one name")
    shown = coin(folder, "case", "desk01")
    assert (shown["state"], shown["rights"], shown["at_most"]) == ("suspended", {f"coin/{OLD}": 3000}, 3000)
    assert [step.split(" FOLDER ")[0] for step in shown["next"]] == [
        "machi central settle",
        "machi central unit add",
        "machi central coin lost",
    ]
    text = machi("coin", "case", folder, "desk01")
    assert "新しい鍵で入れ直す" in text
    assert f"coin/{OLD}: 3,000円" in text
    Pen.enrolled(centre, "desk01", seed="new keys")
    assert coin(folder, "case", "desk01")["rights"] == {}, "the new life begins with nothing"
    over = coin(folder, "case", "desk01", "--life", 1)
    assert (over["state"], over["rights"]) == ("over", {f"coin/{OLD}": 3000})
    assert coin(folder, "lost", "desk01", "--life", 1, "--yes")["at_most"] == 3000
    assert coin(folder, "case", "desk01")["state"] == "active", "the new life goes on"


@pytest.mark.usefixtures("desk")
def test_a_lost_card_is_moved_once_it_is_agreed(folder: Path) -> None:
    complaint = machi("coin", "move-card", folder, OLD, NEW, given=b"n\n", ends=INTERRUPTED)
    assert "古いカードが使われる恐れは多くて 3,000円です" in complaint
    moved = coin(folder, "move-card", OLD, NEW, "--yes")
    assert (moved["free"], moved["at_most"]) == (0, 3000)
    assert [(at["unit"], at["yen"]) for at in moved["at_units"]] == [("desk01", 3000)]
    assert "stopped card gets nothing" in machi("coin", "move-card", folder, NEW, OLD, "--yes", ends=REFUSED)


@pytest.mark.usefixtures("desk")
def test_a_restored_centre_says_whom_it_waits_for(folder: Path) -> None:
    assert document("status", folder)["unheard"] == []
    assert document("restored", folder)["unheard"] == ["desk01"]
    assert document("status", folder, ends=CHECK_FAILED)["unheard"] == ["desk01"]
    assert "nothing is granted before these were heard: desk01" in machi("status", folder, ends=CHECK_FAILED)


def test_a_clock_that_is_fast_or_was_set_back_is_seen(folder: Path, centre: Centre) -> None:
    now = centre.town.clock.wall_ms()
    for name, times in {"fast01": [now + 3_600_000], "back01": [now, now - 7_200_000], "good01": [now]}.items():
        pen = Pen.enrolled(centre, name, seed=name)
        pen.send(pen.begin())
        for at in times:
            pen.send(pen.seal([encode(Entry(name, pen.boot, pen.seq + 1, at, touch()))]))
    seen = {line["unit"]: line for line in document("clocks", folder, ends=CHECK_FAILED)["units"]}
    assert 3_500 < seen["fast01"]["ahead_s"] <= 3_600
    assert (seen["back01"]["ahead_s"], seen["back01"]["back_s"] // 60) == (0, 120)
    assert (seen["good01"]["ahead_s"], seen["good01"]["back_s"]) == (0, 0)
    assert document("clocks", folder, ends=CHECK_FAILED)["wrong"] == ["back01", "fast01"]
    assert "s fast" in machi("clocks", folder, ends=CHECK_FAILED)


def test_the_law_is_said_and_what_is_unused_added_up(folder: Path) -> None:
    assert coin(folder, "law")["reports"] is False
    assert coin(folder, "law", "--regime", "third-party")["may_give_cash"] is False
    found = coin(folder, "unused", "--on", "2026-03-31", ends=CHECK_FAILED)
    assert found["due_by"] == "2026-05-31"
    assert (found["unused"], found["must_report"], found["since"]) == (0, True, "2025-09-30")
    assert "that is over" in machi("coin", "unused", folder, "--on", "2199-03-31", ends=REFUSED)
