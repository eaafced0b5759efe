"""A bundle as the build makes it, and the RAUC that Debian has: what is ours is installed, and nothing else is."""

import json
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import bundle
from bundle import About, Signer
from drivers.boot import Boots, Slot
from machine import BuildError
from tests.fault.machine import need
from tests.updates import keys
from tests.updates.board import FLOOR, MIB, NAME, VERSION, Board, boot_partition, inside, lacks_rauc
from tests.updates.keys import Keys

NEXT = "0.2.0+20261129.8e20d7f"
A, B = Slot.A, Slot.B


def built(
    folder: Path,
    keys: Keys,
    version: str = NEXT,
    name: str = NAME,
    content: bytes = b"the new system",
    *,
    plain: bool = True,
) -> Path:
    """Make a bundle of two small images; plain, where it goes into files."""
    folder.mkdir(parents=True)
    about = About(name, version, FLOOR)
    noise = random.Random(version).randbytes(MIB // 4)  # noqa: S311 - what cannot be packed any smaller, as in an image
    (folder / "new.erofs").write_bytes(content.ljust(32, b"\0") + noise)
    bundle.leave(folder, about, folder / "new.erofs", boot_partition(folder / "new.vfat", f"new {version}"))
    into = folder / "update.raucb"
    bundle.make(
        bundle.read_about(folder, name),
        folder,
        Signer(keys.certificate, keys.key, keys.authority),
        into,
        is_plain=plain,
    )
    return into


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    need(lacks_rauc())
    return keys.made(tmp_path_factory.mktemp("keys") / "town")


@pytest.fixture(scope="module")
def update(town: Keys, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("built") / "out", town)


@pytest.fixture(params=["pi", "sim"])
def board(request: pytest.FixtureRequest, town: Keys, tmp_path: Path) -> Iterator[Board]:
    with Board(tmp_path / "board", town, request.param).serving() as board:
        yield board


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
    board: Board, town: Keys, update: Path, tmp_path: Path
) -> None:
    stranger = keys.made(tmp_path / "stranger", "Somebody else")
    size = update.stat().st_size
    wrong = {
        "a byte at the beginning": spoilt(update, tmp_path / "1.raucb", 100_000),
        "a byte in its signature": spoilt(update, tmp_path / "2.raucb", size - 300),
        "cut off": tmp_path / "3.raucb",
        "signed by somebody else": built(tmp_path / "4", stranger),
        "of another board": built(tmp_path / "5", town, name="machitap-pi-3b-plus-tap"),
        "of another kind of unit": built(tmp_path / "6", town, name="machitap-pi-4-kiosk"),
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


def test_units_get_a_bundle_that_is_checked_as_it_is_read(town: Keys, tmp_path: Path) -> None:
    made = built(tmp_path / "out", town, plain=False)
    command = ["rauc", "--keyring", str(town.authority), "info", "--no-verify", "--output-format=shell", str(made)]
    found = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert f"RAUC_MF_COMPATIBLE='{NAME}'" in found
    assert f"RAUC_MF_VERSION='{NEXT}'" in found
    assert "format=verity" in bundle.manifest(About(NAME, NEXT, FLOOR))


def test_the_build_does_not_hand_out_what_no_unit_would_take(town: Keys, tmp_path: Path) -> None:
    stranger = keys.made(tmp_path / "stranger")
    mixed = Keys(tmp_path / "mixed")
    shutil.copytree(town.folder, mixed.folder)
    shutil.copyfile(stranger.authority, mixed.authority)
    with pytest.raises(BuildError, match="no unit that believes"):
        built(tmp_path / "out", mixed)
    assert not list((tmp_path / "out").glob("*.raucb"))
    with pytest.raises(BuildError, match="build the image first"):
        bundle.read_about(tmp_path / "out", "machitap-pi-5-tap")
    assert VERSION < NEXT
