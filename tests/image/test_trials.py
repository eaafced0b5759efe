"""Updates on an emulated Raspberry Pi: a system that stays, one that does not come up, and power that goes meanwhile.

The card is the one of the unit that was set up before, moved to another board. What asks the firmware for a trial is
the image's own driver, through its own kernel module.
"""

import filecmp
import json
import random
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bundle import SYSTEM
from sync.symptoms import Why
from tests.appliance.live import machi, wait_until
from tests.image import bundles, writelog
from tests.image.bundles import Bundles
from tests.image.card import Card
from tests.image.conftest import Say
from tests.image.emulated import BOOT_SECONDS, Machine, chosen
from tests.image.raspberry import Board
from tests.image.service import FOLDER, MACHI, status
from tests.image.writelog import Write

pytestmark = pytest.mark.image

INSTALL_S = TRIAL_S = 1_500
NOTED = "/var/lib/machi-update/update.json"
CUTS = 24  # and one before and after each write to what the firmware reads first


class Phases:
    """How long each phase took, in seconds."""

    def __init__(self) -> None:
        self.took: dict[str, float] = {}

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.took[name] = time.monotonic() - began

    def __str__(self) -> str:
        return ", ".join(f"{name} {seconds:.0f} s" for name, seconds in self.took.items())


@dataclass(frozen=True)
class Course:
    """An update that went well.

    Attributes:
        board: as it is afterwards, switched off.
        before: its card before.
        records: what was written to the card while the update was installed, and while it was on trial.
        seen: what was seen on the way, by name.
    """

    board: Board
    before: Card
    records: list[Path]
    seen: dict[str, Any]


@pytest.fixture(scope="session")
def offered(image: Path, tmp_path_factory: pytest.TempPathFactory) -> Bundles:
    return bundles.made(image, tmp_path_factory.mktemp("bundles"))


@pytest.fixture(scope="session")
def updated(resting: Card, offered: Bundles, tmp_path_factory: pytest.TempPathFactory, say: Say) -> Course:
    """Install the successor on a board, let it be tried, and take the power away as soon as it stays."""
    folder = tmp_path_factory.mktemp("board")
    board = Board(resting.copied(folder / "card.img"), folder)
    for bundle in (offered.good, offered.dead):
        board.card.keep(bundle, f"/kept/var/lib/machi-update/{bundle.name}")
    before = board.card.copied(folder / "before.img")
    records, seen, phases = [folder / "installed", folder / "tried"], dict[str, Any](), Phases()
    with phases.of("start of a"), board.started(records[0]) as machine:
        wait_until(lambda: len(status(machine).get("readers", ())), machine.said, BOOT_SECONDS, 2)
        seen["tag before"] = board.was_told()
        seen["installed"] = install(machine, offered.good, offered, phases)
        with phases.of("end of a"):
            seen["is trial"] = board.start_anew(machine)
    with phases.of("start of b, and until it is kept"), board.started(records[1]) as machine:
        wait_until(lambda: current(machine) != "", machine.said, BOOT_SECONDS, 2)  # udev has named the partitions
        seen["on trial"] = current(machine)
        wait_until(lambda: note(machine)["stage"] not in ("trying", "looking"), machine.said, TRIAL_S, 2)
        seen["noted"] = note(machine)
    say(f"an update on an emulated Raspberry Pi: {phases}")
    return Course(board, before, records, seen)


def install(machine: Machine, bundle: Path, offered: Bundles, phases: Phases) -> dict[str, Any]:
    """Install a bundle that was laid there; the image believes its keys until it is started anew."""
    machine.do("cat >/etc/rauc/keyring.pem", given=offered.keys.authority.read_bytes())
    with phases.of(f"installation of {bundle.stem}"):
        done = machine.run(f"{MACHI} unit update /var/lib/machi-update/{bundle.name} --json", seconds=INSTALL_S)
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def current(machine: Machine) -> str:
    """Return the slot that runs, or nothing yet."""
    return machine.run(f"{MACHI} unit boot-slot get-current").stdout.strip()


def note(machine: Machine) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(machine.do(f"cat {NOTED}"))
    return found


def says_why(machine: Machine, verb: str) -> bool:
    told = told_by(machine, verb)
    return "新しいシステムが起動しませんでした" in told and "the new system did not come up" in told


def told_by(machine: Machine, verb: str) -> str:
    return machine.run(f"{MACHI} unit {verb} {FOLDER}").stdout


def test_debians_kernel_asks_the_firmware_for_a_trial_and_only_then(updated: Course) -> None:
    assert not updated.seen["tag before"]
    assert updated.seen["is trial"], "the kernel told the firmware, through the mailbox"


def test_what_was_signed_is_tried_and_kept(updated: Course, offered: Bundles) -> None:
    installed, noted = updated.seen["installed"], updated.seen["noted"]
    assert (installed["stage"], installed["slot"], installed["version"]) == ("trying", "b", offered.version)
    assert installed["worked"]["readers"] == 1
    assert updated.board.starts[:2] == ["boot_a", "boot_b"]
    assert updated.seen["on trial"] == "b"
    assert (noted["stage"], noted["version"], noted["before"]) == ("kept", offered.version, offered.before), noted


def test_it_is_started_ever_after_and_one_that_does_not_come_up_is_left(
    updated: Course, offered: Bundles, say: Say
) -> None:
    board, phases = updated.board, Phases()
    with phases.of("start of b after a power cut"), board.started() as machine:
        assert board.starts[-1] == "boot_b"
        assert f"IMAGE_VERSION={offered.version}" in machine.do("cat /etc/os-release")
        wait_until(lambda: len(status(machine).get("readers", ())), machine.said, BOOT_SECONDS, 2)
        assert install(machine, offered.dead, offered, phases)["slot"] == "a"
        assert board.start_anew(machine)
    with phases.of("a gives up"):
        assert not board.ends()
    with phases.of("start of b"), board.started() as machine:
        assert board.starts[-2:] == ["boot_a", "boot_b"]
        wait_until(lambda: note(machine)["stage"] == "back", machine.said, BOOT_SECONDS, 2)
        assert note(machine)["why"] == Why.NOT_STARTED
        for verb in ("status", "doctor"):
            wait_until(lambda: says_why(machine, verb), lambda: told_by(machine, verb), BOOT_SECONDS, 2)  # noqa: B023
        assert not board.start_anew(machine), "a start for something else is no trial"
    say(f"one that does not come up: {phases}")


def test_whatever_moment_the_power_goes_a_whole_system_is_started(
    updated: Course, offered: Bundles, image: Path, tmp_path: Path, say: Say
) -> None:
    """A card keeps what it has answered; each write is there or is not. One of the cuts is started."""
    dice = random.Random("cuts")  # noqa: S311 - the same cuts every time
    card, began = updated.before.copied(tmp_path / "card.img"), time.monotonic()
    first = card.partitions()["bootcfg"]
    counts = [sum(1 for _ in writelog.read(record)) for record in updated.records]
    settings = [at for at, write in writes_of(updated) if first.start <= write.start < first.start + first.size]
    assert settings, "what the firmware reads was never written"
    cuts = {*dice.sample(range(sum(counts)), CUTS), *(at - 1 for at in settings), *settings}
    middle = min(cuts, key=lambda at: abs(at - counts[0] // 2))
    started, half = list[str](), Board(Card(tmp_path / "half.img"), tmp_path / "half")
    with card.path.open("r+b", buffering=0) as file:
        for at, write in writes_of(updated):
            file.seek(write.start)
            file.write(write.content)
            if at in cuts:
                started.append(whole(card, image, offered, tmp_path / f"cut-{at}"))
            if at == middle:
                card.copied(half.card.path)
    assert set(started) == {"boot_a", "boot_b"}
    assert started == sorted(started), "once the new one is the primary, nothing goes back"
    say(
        f"{len(cuts)} cuts in {sum(counts)} writes of an update, {2 * len(settings)} of them around what the firmware"
        f" reads: a whole system every time, {time.monotonic() - began:.0f} s"
    )
    with half.started() as machine:
        wait_until(lambda: len(status(machine).get("readers", ())), machine.said, BOOT_SECONDS, 2)
        wait_until(lambda: note(machine)["stage"] == "back", machine.said, BOOT_SECONDS, 2)
        assert (half.starts, note(machine)["why"]) == (["boot_a"], Why.INTERRUPTED)


def writes_of(updated: Course) -> Iterator[tuple[int, Write]]:
    return enumerate(write for record in updated.records for write in writelog.read(record))


def whole(card: Card, image: Path, offered: Bundles, folder: Path) -> str:
    """Return what a firmware starts now, which is whole, as is what the unit keeps."""
    slot = chosen(card)
    folder.mkdir()
    letter, old = slot[-1], image.with_suffix(SYSTEM)
    root = card.part(f"system_{letter}", folder / "root", old.stat().st_size)
    assert any(filecmp.cmp(root, one, shallow=False) for one in (old, offered.later)), slot
    assert f"root=PARTLABEL=system_{letter} " in card.read(slot, "cmdline.txt").decode()
    for name in ("vmlinuz", "initrd.img", "config.txt"):
        assert card.read(slot, name) == Card(image).read("boot_a", name), (slot, name)
    data = card.part("data", folder / "data")
    mended = subprocess.run(["e2fsck", "-p", data], capture_output=True, text=True, check=False)
    assert mended.returncode in (0, 1), mended.stdout
    for kept in ("machitap", "machi-update"):
        subprocess.run(["debugfs", "-R", f"rdump /kept/var/lib/{kept} {folder}", data], capture_output=True, check=True)
    if (noted := folder / "machi-update" / "update.json").exists():
        json.loads(noted.read_bytes())
    checked = machi("unit", "verify", folder / "machitap")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    shutil.rmtree(folder)
    return slot
