"""Text from outside that wants to be more than text: at a terminal, in a log, on a page."""

import io
import logging
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from appliance.care import Care
from appliance.daemon import Daemon, Devices
from appliance.screen.board import Board
from appliance.symptoms import Limits
from appliance.view import Viewer
from central.centre import open_centre
from central.cli.common import say
from central.found import Plan, found
from central.world import SystemClock, SystemEntropy
from drivers.power.none import Driver as NoPower
from drivers.reader.sim import Driver as Reader
from drivers.scanner.sim import Driver as Scanner
from drivers.watchdog.none import Driver as NoWatchdog
from machi import main
from sync.facts import PlaceNamed
from sync.messages import Report
from tests.central.pen import Pen, touch
from tests.security.conftest import WORDS, Hand, Place

# Wipes the screen, writes a line that looks like ours, runs backwards, rings, retitles the window.
NASTY = "\x1b[2J\x1b[1;1Hlib02        active\r\nincident 1: settled\u202e\a\x1b]0;title\x07\u2028\x9b31m"


def is_plain(line: str) -> bool:
    return all(sign.isprintable() for sign in line)


@pytest.mark.threat(
    "text that attacks a screen, a terminal or a log",
    control="Pages escape whatever they show and load nothing from elsewhere. Commands show no sign that could move a "
    "terminal's cursor. A unit's log holds numbers of messages and ids of entries, nothing that a card or code says.",
    residual="A place may be given a misleading name by whoever may name places.",
)
def test_what_a_unit_says_of_itself_moves_no_cursor(tmp_path: Path) -> None:
    found(tmp_path / "town", Plan("todai", "灯台町", "Todai", "00", 8443, ("localhost",), 8080), *_world())
    centre = open_centre(tmp_path / "town", *_world())
    pen = Pen.enrolled(centre)
    pen.send(pen.begin(touch()))
    centre.intake.holdings(pen.peer, Report(1, None, NASTY, NASTY, NASTY, symptoms=f"{NASTY},hot.act.85{NASTY}"), "07")
    out = io.StringIO()
    with redirect_stdout(out), pytest.raises(SystemExit):
        main(["central", "status", str(tmp_path / "town")])
    (line,) = out.getvalue().splitlines()
    assert line.startswith("lib01        active"), "one unit, one line, and it is ours"
    assert is_plain(line)


def _world() -> tuple[SystemClock, SystemEntropy]:
    return SystemClock(), SystemEntropy()


@pytest.mark.threat("text that attacks a screen, a terminal or a log")
def test_no_answer_of_a_command_moves_a_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    say({"schema": "x/1", "strange": NASTY, "refused": [NASTY], "place": "図書館"}, as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert all(is_plain(line) for line in lines)
    assert lines[-1] == "place: 図書館"


@pytest.mark.threat("text that attacks a screen, a terminal or a log")
def test_a_log_holds_nothing_that_a_card_or_a_code_says(
    town: Place, card: Hand, caplog: pytest.LogCaptureFixture
) -> None:
    town.centre.registrar.place(PlaceNamed("library", NASTY, NASTY, NASTY))
    unit = town.unit()
    unit.sync(town.road(unit.peer))
    reader, scanner = Reader(clock=town.clock), Scanner(clock=town.clock)
    devices, viewer = Devices(reader, scanner, NoWatchdog()), Viewer(Board(), WORDS, town.clock)
    care = Care(town.clock, NoPower(), unit.running.opened.journal, Limits(), lambda _: None)
    daemon = Daemon(unit.running, devices, viewer, care, town.clock, lambda: None)

    def people_come() -> None:
        scanner.scan(NASTY)
        scanner.scan("MACHI1:" + NASTY)
        scanner.unplug()
        reader.present(card(name="架空　\x1b[2J花子", address=NASTY))
        daemon.stop()

    with caplog.at_level(logging.DEBUG):
        daemon.run(people_come)
    said = [record.getMessage() for record in caplog.records]
    assert sum("touch result=" in line for line in said) >= 3, said
    assert [line for line in said if not is_plain(line) or "lib02" in line] == []
