"""`machi unit update`: a real unit, a real RAUC, and everything for which it says no."""

import fcntl
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from appliance.installing import Bundle, Machine, busy, hindered, no_room, unfit
from appliance.updates import Kept, Stage
from central import shelves
from central.centre import Centre
from drivers.boot import Boots, Slot
from drivers.boot.sim import Fault
from sync.messages import ONE_UNIT, TOWN_STREAM
from sync.pins import keep
from sync.segment import join
from sync.staff import Person, StaffSet
from tests.appliance.live import Done, LiveUnit, said
from tests.updates import keys
from tests.updates.board import FLOOR, NAME, NEXT, VERSION, Board, built

A, B = Slot.A, Slot.B
BEFORE = b"system of a"


def update_of(board: Board, unit: LiveUnit, bundle: Path, *words: str) -> Done:
    return board.unit("update", bundle, "--folder", unit.folder, *words)


def refused(done: Done) -> set[str]:
    """Return why an update was refused, for programs; whoever reads has it in both languages."""
    assert done.returncode == 6, done.stdout + done.stderr
    document = said(done)
    assert document["stage"] == "refused"
    lines = done.stderr.splitlines()
    for one in document["refused"]:
        at = lines.index(f"Error: {one['ja']}")
        assert lines[at + 1] == f"       {one['en']}"
    return {one["about"] for one in document["refused"]}


def test_a_new_system_is_written_and_tried_at_the_next_start(board: Board, unit: LiveUnit, update: Path) -> None:
    done = update_of(board, unit, update, "--json")
    assert done.returncode == 0, done.stderr + board.said()
    document = said(done)
    assert (document["stage"], document["slot"], document["version"]) == ("trying", "b", NEXT)
    assert board.holds(B) == (b"the new system", f"new {NEXT}".encode())
    assert board.holds(A)[0] == BEFORE
    note = Kept(board.kept).note()
    assert note is not None
    assert (note.stage, note.slot, note.before) == (Stage.TRYING, B, VERSION)
    assert (note.worked.serves, note.worked.readers, note.worked.answers) == (True, 1, True)
    assert {"disk", "keystore"} <= set(note.worked.parts)
    assert sorted(path.name for path in board.kept.iterdir()) == ["lock", "rauc.status", "update.json"], (
        "no copy is left"
    )
    assert board.sim.start() is B
    again = update_of(board, unit, update, "--json")
    assert refused(again) == {"in-trial"}


@pytest.mark.threat("poisoned update")
def test_what_is_old_foreign_or_for_another_unit_never_reaches_a_slot(
    board: Board, unit: LiveUnit, update: Path, bundle_of: Callable[[str], Path], tmp_path: Path
) -> None:
    Kept(board.kept).raise_floor("0.1.5")
    stranger = built(tmp_path / "stranger", keys.made(tmp_path / "keys", "Somebody else"))
    other = built(tmp_path / "other", board.keys, name="machitap-pi-4-kiosk")
    cut = tmp_path / "cut.raucb"
    cut.write_bytes(update.read_bytes()[:-1000])
    older = bundle_of("0.1.0+202601010000.abc")
    strange = bundle_of("2026-11-29")
    for bundle, why in (
        (stranger, "signature"),
        (cut, "signature"),
        (other, "compatible"),
        (older, "floor"),
        (strange, "version"),
    ):
        assert refused(update_of(board, unit, bundle, "--older", "--json")) == {why}
        assert (board.holds(B)[0], board.boot.look()) == (b"system of b", Boots(A, A, A, is_armed=False))
        assert (Kept(board.kept).note(), Kept(board.kept).bundle.exists()) == (None, False)
    assert update_of(board, unit, tmp_path / "nothing").returncode == 4


def test_an_older_one_above_the_floor_is_for_whoever_means_it(
    board: Board, unit: LiveUnit, bundle_of: Callable[[str], Path]
) -> None:
    older = bundle_of("0.1.0+202610010000.abc")
    assert refused(update_of(board, unit, older, "--json")) == {"older"}
    done = update_of(board, unit, older, "--older")
    assert done.returncode == 0, done.stderr
    assert "版 0.1.0+202610010000.abc を b に書きました" in done.stdout
    assert "is in slot b; the next start tries it, once." in done.stdout
    assert "without unplugging it: systemctl reboot" in done.stdout


def test_a_unit_that_cannot_be_asked_may_have_money(board: Board, unit: LiveUnit, update: Path) -> None:
    unit.stop()
    assert refused(update_of(board, unit, update, "--json")) == {"daemon"}
    enrolment = unit.folder / "enrolment.json"
    enrolment.rename(unit.folder / "aside")
    assert update_of(board, unit, update).returncode == 0, "a box that no town has let in has none"
    (unit.folder / "aside").rename(enrolment)
    unit.start()


def test_nobody_is_interrupted_behind_a_counter(
    board: Board, unit: LiveUnit, update: Path, town: Centre, tmp_path: Path
) -> None:
    people = (Person(3, "はる", pin=keep("2580", bytes(16))),)
    town.staffing.change("library", lambda said: StaffSet(said.of, people, needed=True))
    with town.engine.begin() as connection:
        streams = (TOWN_STREAM, ONE_UNIT + unit.folder.name)
        news = [one for name in streams for one in shelves.take(connection, name, [], shelves.EVERYTHING)]
    (tmp_path / "stick").write_bytes(join(news))
    assert unit.command("import", tmp_path / "stick").returncode == 0
    with httpx.Client(base_url=f"http://127.0.0.1:{unit.port}", trust_env=False) as http:
        http.post("/sign-in", json={"number": 3, "pin": "2580"})
        assert unit.status()["operator"] == 3
        done = update_of(board, unit, update, "--json")
        assert refused(done) == {"shift"}
        assert "係員 3 番" in done.stderr
        http.post("/sign-in", json={"number": 0, "pin": ""})
        assert unit.status()["operator"] == 0


def test_a_board_that_cannot_try_is_left_alone(board: Board, unit: LiveUnit, update: Path) -> None:
    board.sim.fail(Fault.NO_TRIAL)
    assert refused(update_of(board, unit, update, "--json")) == {"trial"}
    board.settings.write_text(f'name = "{NAME}"\nfolder = "{board.kept}"\n')
    assert refused(update_of(board, unit, update, "--json")) == {"slots"}
    assert board.holds(B)[0] == b"system of b"


def test_a_slot_that_was_not_written_to_its_end_is_started_by_nobody(
    board: Board, unit: LiveUnit, update: Path
) -> None:
    """The power goes as the last thing is set: RAUC is told, and what ran before goes on."""
    board.sim.fail(Fault.CUT_BEFORE_ARM)
    done = update_of(board, unit, update)
    assert done.returncode == 8, done.stderr
    assert "the other slot was not written" in done.stderr
    assert (board.boot.look(), Kept(board.kept).note()) == (Boots(A, A, A, is_armed=False), None)


def test_two_at_once_do_not_mix(board: Board, unit: LiveUnit, update: Path) -> None:
    with (board.kept / "lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert update_of(board, unit, update).returncode == 5
    shutil.rmtree(board.kept)
    assert update_of(board, unit, update).returncode == 0, "the first time there is no such folder"


# ---------------------------------------------------------------------------------------------- what is decided

STATUS: dict[str, Any] = {"unsent_money": 0, "operator": 0}
WELL = Machine(
    NAME, VERSION, FLOOR, Boots(A, A, A, is_armed=False), tries=True, is_enrolled=True, status=STATUS, free_bytes=0
)
MIB = 1024 * 1024


def test_a_unit_at_rest_may_be_updated() -> None:
    assert hindered(WELL) == busy(is_enrolled=True, status=STATUS) == []
    assert unfit(WELL, Bundle(NAME, NEXT), may_be_older=False) == []
    assert unfit(WELL, Bundle(NAME, VERSION), may_be_older=False) == [], "the same once more"


def test_everything_in_the_way_is_said_at_once() -> None:
    (unsent, shift) = busy(is_enrolled=True, status={"unsent_money": 12, "operator": 7})
    assert (unsent.about, "12 件" in unsent.ja, "12 entries" in unsent.en) == ("unsent", True, True)
    assert (shift.about, "7 番" in shift.ja) == ("shift", True)
    assert all(one.do_ja and one.do_en for one in (unsent, shift))


@pytest.mark.parametrize(("size", "free", "lacks"), [(100, 300, 0), (100, 299, 1), (0, 200, 0), (500, 0, 700)])
def test_a_bundle_that_is_copied_leaves_room_for_the_journal(size: int, free: int, lacks: int) -> None:
    found = no_room(size * MIB, free * MIB)
    assert [f"{lacks:,} MiB" in one.en for one in found] == ([True] if lacks else [])
