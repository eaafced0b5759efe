"""A bundle as the build makes it, and the RAUC that Debian has: what is ours is installed, and nothing else is."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

import bundle
from bundle import About
from drivers.boot import Boots, Slot
from machine import BuildError
from tests.updates import keys
from tests.updates.board import FLOOR, NAME, NEXT, Board, built, inside
from tests.updates.keys import Keys

A, B = Slot.A, Slot.B
BOTH = pytest.mark.parametrize("board", ["pi", "sim"], indirect=True)


@BOTH
def test_what_the_build_signed_goes_into_the_other_slot_and_is_tried(board: Board, update: Path) -> None:
    done = board.install(update)
    assert done.returncode == 0, done.stderr + board.said()
    assert board.holds(B) == (b"the new system", f"new {NEXT}".encode())
    assert board.holds(A) == (b"system of a", b"old a")
    assert board.boot.look() == Boots(A, A, B, is_armed=True)
    if board.make == "pi":
        assert b"root=PARTLABEL=system_b " in inside(board.folder / "boot_b", "cmdline.txt"), (
            "its own root, not the other's"
        )
        expected = b"[all]\ntryboot_a_b=1\nboot_partition=2\n[tryboot]\nboot_partition=3\n"
        assert inside(board.folder / "bootcfg", "autoboot.txt") == expected
        assert (board.folder / "reboot").read_text() == "0 tryboot"


@BOTH
def test_a_slot_is_called_good_by_whoever_runs_it(board: Board, update: Path) -> None:
    assert board.install(update).returncode == 0
    if board.make == "pi":
        (board.folder / "reboot").unlink()
        (board.folder / "cmdline").write_text("root=PARTLABEL=system_b ro\n")
    else:
        assert board.sim.start() is B
    said = json.loads(board.unit("boot-slot", "get-current", "--json").stdout)
    assert said == {"schema": "machi.unit.boot-slot/1", "said": "b"}
    assert board.unit("boot-slot", "get-primary").stdout == "a\n"
    assert board.unit("boot-slot", "set-state", "b", "good").returncode == 0
    assert board.unit("boot-slot", "get-primary").stdout == "b\n"
    assert board.boot.look() == Boots(B, B, A, is_armed=False)
    refused = board.unit("boot-slot", "set-state", "b", "bad")
    assert (refused.returncode, "the only one that is known to run" in refused.stderr) == (6, True)
    assert board.unit("boot-slot", "set-state", "b").returncode == 3


def spoilt(update: Path, into: Path, at: int) -> Path:
    raw = bytearray(update.read_bytes())
    raw[at] ^= 1
    into.write_bytes(raw)
    return into


@pytest.mark.threat("poisoned update")
@pytest.mark.parametrize("board", ["pi"], indirect=True)
def test_what_is_not_ours_is_refused_before_anything_is_written(
    board: Board, signer: Keys, update: Path, tmp_path: Path
) -> None:
    stranger = keys.made(tmp_path / "stranger", "Somebody else")
    size = update.stat().st_size
    wrong = {
        "a byte at the beginning": spoilt(update, tmp_path / "1.raucb", 100_000),
        "a byte in its signature": spoilt(update, tmp_path / "2.raucb", size - 300),
        "cut off": tmp_path / "3.raucb",
        "signed by somebody else": built(tmp_path / "4", stranger),
        "of another board": built(tmp_path / "5", signer, name="machitap-pi-3b-plus-tap"),
        "of another kind of unit": built(tmp_path / "6", signer, name="machitap-pi-4-kiosk"),
        "no bundle": tmp_path / "7.raucb",
    }
    wrong["cut off"].write_bytes(update.read_bytes()[: size // 2])
    wrong["no bundle"].write_bytes(b"#!/bin/sh\n" * 1000)
    before = {slot: board.holds(slot) for slot in Slot}
    for why, path in wrong.items():
        done = board.install(path)
        assert done.returncode != 0, why
        assert "LastError: " in done.stdout + done.stderr, why
        assert ({slot: board.holds(slot) for slot in Slot}, board.boot.look()) == (
            before,
            Boots(A, A, A, is_armed=False),
        )
    assert board.install(update).returncode == 0, "and what is ours still is"


@pytest.mark.parametrize("board", ["pi"], indirect=True)
def test_a_board_that_cannot_try_installs_nothing_that_starts(board: Board, update: Path) -> None:
    (board.folder / "vcio").unlink()
    done = board.install(update)
    assert done.returncode != 0
    assert board.boot.look() == Boots(A, A, A, is_armed=False)


# ---------------------------------------------------------------------------------------------- the build's side


def test_units_get_a_bundle_that_is_checked_as_it_is_read(signer: Keys, tmp_path: Path) -> None:
    made = built(tmp_path / "out", signer, is_plain=False)
    command = ["rauc", "--keyring", str(signer.authority), "info", "--no-verify", "--output-format=shell", str(made)]
    found = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert f"RAUC_MF_COMPATIBLE='{NAME}'" in found
    assert f"RAUC_MF_VERSION='{NEXT}'" in found
    assert "format=verity" in bundle.manifest(About(NAME, NEXT, FLOOR))


def test_the_build_does_not_hand_out_what_no_unit_would_take(signer: Keys, tmp_path: Path) -> None:
    stranger = keys.made(tmp_path / "stranger")
    mixed = Keys(tmp_path / "mixed")
    shutil.copytree(signer.folder, mixed.folder)
    shutil.copyfile(stranger.authority, mixed.authority)
    with pytest.raises(BuildError, match="no unit that believes"):
        built(tmp_path / "out", mixed)
    assert not list((tmp_path / "out").glob("*.raucb"))
    with pytest.raises(BuildError, match="build the image first"):
        bundle.read_about(tmp_path / "out", "machitap-pi-5-tap")
