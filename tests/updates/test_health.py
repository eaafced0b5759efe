"""`machi unit health` after a start: a real unit on a board whose firmware can fail; kept, given up, never come up."""

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from appliance.health import Seen
from appliance.updates import Kept, Note, Stage
from drivers.boot import Boots, Slot
from drivers.boot.sim import Fault
from sync.symptoms import Why
from tests.appliance.live import LiveUnit, said, wait_until
from tests.updates.board import FLOOR, NEXT, VERSION, Board
from tests.updates.keys import Keys

A, B = Slot.A, Slot.B
QUICK = ("--patience", "3", "--well", "0.2")


@pytest.fixture(scope="module")
def noted(unit: LiveUnit, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which this unit's daemon looks how its last update went."""
    folder = tmp_path_factory.mktemp("noted") / "machi-update"
    folder.mkdir()
    unit.stop()
    config = unit.folder / "unit.toml"
    config.write_text(f'updates = "{folder}"\n{config.read_text()}')
    unit.start()
    return folder


@pytest.fixture
def board(signer: Keys, noted: Path, tmp_path: Path) -> Board:
    """A board in whose other slot something was installed, which the next start tries; RAUC does not run."""
    board = Board(tmp_path / "board", signer)
    settings = board.settings.read_text().replace(str(board.kept), str(noted))
    board.settings.write_text(settings)
    board.slots.start_next(B)
    worked = Seen(answers=True, serves=True, readers=1, parts=("disk", "keystore"))
    Kept(noted).set_note(Note(Stage.TRYING, B, NEXT, VERSION, 1, worked=worked))
    return board


def health(board: Board, unit: LiveUnit, *words: str) -> dict[str, Any]:
    done = board.unit("health", "--folder", unit.folder, *QUICK, "--json", *words)
    assert done.returncode == 0, done.stderr
    return said(done)


def note(noted: Path) -> Note:
    found = Kept(noted).note()
    assert found is not None
    return found


def says(unit: LiveUnit, why: Why | None) -> None:
    """Wait until a unit tells the town that it went back for this reason, or that it did not.

    It looks after itself when nobody asks it anything for a second.
    """
    expected = f"update.see.{why:d}" if why else ""
    wait_until(lambda: told(unit) == expected, unit.said, every_s=1.5)


def told(unit: LiveUnit) -> str:
    """Return what the unit says to the town that it suffers from."""
    symptoms: str = json.loads(unit._ask("/question"))["report"]["symptoms"]
    return symptoms


def test_a_new_system_in_which_all_works_stays(board: Board, unit: LiveUnit, noted: Path) -> None:
    assert health(board, unit)["found"] == "no-trial", "it waits for its start, and nothing is decided"
    assert (note(noted).stage, board.boot.look()) == (Stage.TRYING, Boots(A, A, B, is_armed=True))
    assert board.sim.start() is B
    assert health(board, unit)["found"] == "kept"
    assert (note(noted).stage, board.boot.look()) == (Stage.KEPT, Boots(B, B, A, is_armed=False))
    assert (noted / "floor").read_text() == f"{FLOOR}\n", "from now on nobody goes back below its floor"
    assert (board.sim.start(), board.asked) == (B, [])
    assert health(board, unit)["found"] == "no-trial"
    says(unit, None)


def test_a_new_system_without_a_reader_is_given_up_and_everybody_hears_why(
    board: Board, unit: LiveUnit, noted: Path
) -> None:
    Kept(noted).set_note(_with(note(noted), readers=2))  # there were two before, and one is seen now
    assert board.sim.start() is B
    found = health(board, unit)
    assert (found["found"], found["update"]["missing"]) == ("given-up", ["reader"])
    assert board.asked == ["--no-block reboot"]
    assert board.boot.look() == Boots(B, A, A, is_armed=False)
    assert board.sim.start() is A
    assert health(board, unit)["update"]["why"] == Why.READER, "the start after it does not say something else"
    says(unit, Why.READER)
    findings = {one["part"]: one for one in said(unit.command("doctor", "--json"))["findings"]}
    assert findings["update"]["state"] == "WARN"
    assert findings["update"]["ja"] == "更新は取りやめ、前のシステムに戻りました: カードリーダーが使えませんでした"


@pytest.mark.parametrize("fault", [Fault.FLAG_LOST, Fault.B_DEAD])
def test_a_new_system_that_never_came_up_is_no_secret(board: Board, unit: LiveUnit, fault: Fault) -> None:
    board.sim.fail(fault)
    assert board.sim.start() is A
    found = health(board, unit)
    assert (found["found"], found["update"]["why"]) == ("no-trial", Why.NOT_STARTED)
    says(unit, Why.NOT_STARTED)
    for verb in ("status", "doctor"):
        told_by = unit.command(verb).stdout
        assert "新しいシステムが起動しませんでした" in told_by
        assert "the new system did not come up" in told_by
    board.sim.fail(fault, on=False)
    assert board.boot.look() == Boots(A, A, A, is_armed=False), "and nobody tries it once more by itself"
    assert board.asked == []


def test_a_plug_that_is_pulled_before_the_trial_is_told_as_that(board: Board, unit: LiveUnit, noted: Path) -> None:
    board.sim.lose_power()
    assert board.sim.start() is A
    assert health(board, unit)["update"]["why"] == Why.NOT_STARTED
    Kept(noted).set_note(_at(note(noted), Stage.LOOKING))
    assert health(board, unit)["update"]["why"] == Why.CUT_OFF
    Kept(noted).set_note(_at(note(noted), Stage.WRITING))
    assert health(board, unit)["update"]["why"] == Why.INTERRUPTED


def test_a_power_cut_as_it_is_kept_changes_nothing(board: Board, unit: LiveUnit, noted: Path) -> None:
    assert board.sim.start() is B
    board.sim.fail(Fault.CUT_BEFORE_SET)
    assert board.unit("health", "--folder", unit.folder, *QUICK).returncode == 1, "whoever was at work is no more"
    board.sim.fail(Fault.CUT_BEFORE_SET, on=False)
    assert note(noted).stage is Stage.LOOKING
    assert board.sim.start() is A
    assert health(board, unit)["update"]["why"] == Why.CUT_OFF


def test_a_daemon_that_does_not_come_up_is_given_up(board: Board, unit: LiveUnit) -> None:
    unit.stop()
    assert board.sim.start() is B
    assert health(board, unit)["update"]["why"] == Why.DAEMON
    assert board.sim.start() is A
    unit.start()


def test_what_is_no_image_has_nothing_to_look_after(board: Board, unit: LiveUnit) -> None:
    board.settings.unlink()
    assert health(board, unit)["found"] == "no-slots"


def _with(note: Note, readers: int) -> Note:
    return replace(note, worked=replace(note.worked, readers=readers))


def _at(note: Note, stage: Stage) -> Note:
    return replace(note, stage=stage, why=None)
