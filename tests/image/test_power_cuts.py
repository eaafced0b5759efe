"""The power goes, at fifty moments of a morning: every touch that was answered is in the journal that is left.

QEMU records every write of the card; each moment is a disk as it could have been. A unit's own tests cut the power of
a simulated disk; here kernel, file system and SQLite are those of the image.
"""

import random
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from drivers.card.sim.issue import make
from drivers.card.sim.pki import TestPki
from drivers.card.sim.plan import Plan
from tests.appliance.live import entries_of, machi, wait_until
from tests.image import writelog
from tests.image.card import Card
from tests.image.conftest import Say
from tests.image.emulated import Machine, started
from tests.image.service import PATIENCE_S, TAP, status
from tests.image.writelog import Write

pytestmark = pytest.mark.image

CUTS = 50
TOUCHES = 20
KEPT = "/kept/var/lib/machitap"


@dataclass(frozen=True)
class Morning:
    """What was written in a morning, and what was answered.

    Attributes:
        before: the data partition as it was when the power came.
        start: where it begins on the card.
        writes: all that was written to the card.
        answered: the last entry that the unit had told of, by how long the record was then.
    """

    before: Path
    start: int
    writes: list[Write]
    answered: list[tuple[int, str]]


@pytest.fixture(scope="session")
def morning(resting: Card, pki: TestPki, tmp_path_factory: pytest.TempPathFactory) -> Morning:
    """Switch the unit on again with its card's writes on record; hold cards there until the plug is pulled."""
    folder = tmp_path_factory.mktemp("morning")
    card = resting.copied(folder / "card.img")
    data = card.partitions()["data"]
    before, record = card.part("data", folder / "data"), folder / "record"
    record.touch()
    drive = [
        *("-blockdev", f"driver=file,node-name=plain,filename={card.path}"),
        *("-blockdev", f"driver=file,node-name=record,filename={record}"),
        *("-blockdev", "driver=blklogwrites,node-name=card,file=plain,log=record,log-sector-size=512"),
    ]
    with started(card, folder, drive) as machine:
        wait_until(lambda: status(machine).get("readers"), lambda: machine.said()[-2000:], PATIENCE_S, 1)
        answered = list(touches(machine, record, pki))
    return Morning(before, data.start, list(writelog.read(record)), answered)


def touches(machine: Machine, record: Path, pki: TestPki) -> Iterator[tuple[int, str]]:
    """Hold one card after the other there; yield what the unit has told of, and how long the record is by then."""
    tip = status(machine)["tip"]
    with machine.reader() as reader:
        for resident in range(TOUCHES):
            before = tip
            reader.present(make(Plan(serial=f"99{resident:013d}", pki=str(pki.folder)), pki))
            until = time.monotonic() + PATIENCE_S
            while (tip := status(machine)["tip"]) == before:
                assert machine.process.poll() is None, machine.said()[-2000:]
                assert time.monotonic() < until, machine.do(f"journalctl -b -u {TAP} --no-pager | tail -30")
            yield record.stat().st_size, tip
            reader.remove()


def test_every_touch_that_was_answered_survives_a_cut(morning: Morning, tmp_path: Path, say: Say) -> None:
    dice = random.Random("cuts")  # noqa: S311 - the same cuts every time
    first = next(at for at, write in enumerate(morning.writes) if write.end >= morning.answered[0][0])
    cuts = sorted(dice.sample(range(first, len(morning.writes)), CUTS))
    found = 0
    for number, at in enumerate(cuts):
        left = left_by(morning, at, dice, tmp_path / f"cut-{number}")
        written = entries_of(left / "journal.db", "lib01")
        promised = [f"lib01/{tip}" for end, tip in morning.answered if end <= morning.writes[at].end]
        assert [tip for tip in promised if tip not in written] == [], f"cut {number}, after write {at}"
        found += len(promised)
        checked = machi("unit", "verify", left)
        assert checked.returncode == 0, f"cut {number}, after write {at}: {checked.stdout}{checked.stderr}"
    say(f"{CUTS} cuts in {len(morning.writes)} writes: {found} answered touches looked for, all found")


def left_by(morning: Morning, at: int, dice: random.Random, folder: Path) -> Path:
    """Return what the unit finds in its folder after a cut, when its start has looked at the file system."""
    folder.mkdir()
    disk = folder / "data"
    subprocess.run(["cp", "--sparse=always", morning.before, disk], check=True)
    writelog.play(writelog.cut(morning.writes[: at + 1], dice), disk, morning.start)
    mended = subprocess.run(["e2fsck", "-p", disk], capture_output=True, text=True, check=False)
    assert mended.returncode in (0, 1), mended.stdout  # 1: mended by itself, as the first root of a start does
    subprocess.run(["debugfs", "-R", f"rdump {KEPT} {folder}", disk], capture_output=True, check=True)
    disk.unlink()
    return folder / "machitap"
