"""A unit as a process over a board made of files: what it suffers from is in its status, its doctor, its contact."""

import json
from pathlib import Path
from typing import Any

import pytest

from central.centre import Centre
from drivers.card.sim.pki import TestPki
from sync.symptoms import What
from tests.appliance.live import LiveUnit, change, said, settle_in, wait_until


class Board:
    """What the kernel shows: a temperature and a supply voltage."""

    def __init__(self, sys: Path) -> None:
        self.sys = sys
        self._temp = sys / "class/thermal/thermal_zone0/temp"
        self._alarm = sys / "class/hwmon/hwmon0/in0_lcrit_alarm"
        for file in (self._temp, self._alarm):
            file.parent.mkdir(parents=True)
        self._alarm.with_name("name").write_text("rpi_volt\n")
        self.be(celsius=50, low=False)

    def be(self, *, celsius: int, low: bool) -> None:
        self._temp.write_text(f"{celsius}000\n")
        self._alarm.write_text(f"{low:d}\n")


@pytest.fixture
def board(tmp_path: Path) -> Board:
    return Board(tmp_path / "sys")


def on(board: Board, unit: LiveUnit) -> LiveUnit:
    look = f'make = "linux"\nevery_s = 0.1\nsysfs = "{board.sys}"'
    change(unit.folder, ('[drivers.board]\nmake = "none"', f"[drivers.board]\n{look}"))
    return unit


def symptoms(unit: LiveUnit) -> list[tuple[str, str]]:
    return [(one["what"], one["grade"]) for one in unit.status()["symptoms"]]


def doctor(unit: LiveUnit) -> dict[str, Any]:
    done = unit.command("doctor", "--json")
    return {finding["part"]: finding for finding in said(done)["findings"]}


@pytest.mark.fault(
    "a unit is too hot, or its supply voltage is too low",
    people="Nothing but a silent voice and a dimmer light; results are shown and heard as ever.",
    lost="nothing",
    found="The board is looked at every half minute, and a Pi's voltage alarm wakes whoever looks. Unit, doctor and "
    "console say it, the counter's page too.",
)
def test_heat_is_told_to_the_technician_and_to_the_town_and_is_over_again(unit: LiveUnit, board: Board) -> None:
    on(board, unit).start()
    findings = doctor(unit)
    assert "50 ℃" in findings["board"]["ja"]
    assert What.HOT not in findings

    board.be(celsius=84, low=False)
    wait_until(lambda: symptoms(unit) == [("hot", "act")], unit.said)
    assert unit.status()["spares"] == ["voice", "light", "practice"]
    assert (unit.closed(), unit.status()["closed"]) == ("", None), "it serves on"
    findings = doctor(unit)
    assert findings["hot"]["state"] == "FAIL"
    assert findings["hot"]["ja"] == "端末の中が熱くなっています(84 ℃)"
    assert findings["hot"]["do_ja"] == "日なたや暖房から離し、通風口をふさぐものをどけてください"
    assert json.loads(unit._ask("/question"))["report"]["symptoms"] == "hot.act.84"
    assert "symptoms: hot.act.84" in unit.said()

    board.be(celsius=60, low=False)
    wait_until(lambda: symptoms(unit) == [], unit.said)
    assert unit.status()["spares"] == []
    assert unit.stop() == 0


def test_a_counter_says_to_its_staff_what_they_can_put_right(
    tmp_path: Path, town: Centre, pki: TestPki, board: Board
) -> None:
    shop = settle_in(tmp_path / "shop01", town, pki.trust(("pass",)), counter="shop")
    try:
        on(board, shop).start()
        assert shop.view()["notice"] is None
        board.be(celsius=50, low=True)
        wait_until(lambda: shop.view()["notice"], shop.said)
        assert shop.view()["notice"]["ja"].startswith("電源の電圧が足りません。")
        assert symptoms(shop) == [("power", "act")]
        board.be(celsius=50, low=False)
        wait_until(lambda: "symptoms: power.act" in shop.said(), shop.said)
        assert shop.view()["notice"], "a dip is told for an hour, or nobody would see it"
    finally:
        shop.clean_up()


def test_limits_are_the_technicians_to_set(unit: LiveUnit, board: Board) -> None:
    config = on(board, unit).folder / "unit.toml"
    config.write_text(config.read_text() + "\n[limits]\nhot_see = 40\n")
    unit.start()
    wait_until(lambda: symptoms(unit) == [("hot", "see")], unit.said)
    findings = doctor(unit)
    assert findings["hot"]["state"] == "WARN"
