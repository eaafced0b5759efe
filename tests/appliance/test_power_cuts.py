"""The power goes at every single disk operation, on a disk that tears and forgets: nothing that was told is lost."""

import re

import apsw
import pytest

from appliance.journal import JournalBrokenError
from appliance.opening import Opened, close_in_order
from drivers.disk.sim import Driver as Disk
from drivers.disk.sim import PowerCutError
from tests.appliance.conftest import Box

TOUCHES = 6


def live(box: Box, told: list[tuple[str, int, str]]) -> None:
    """Start, write, fold back, end in order; note what was told."""
    opened: Opened | None = None
    try:
        opened = box.start()
        for at in range(TOUCHES):
            box.write(opened)
            tip = opened.journal.tip
            assert tip is not None
            if not box.disk.dead:
                told.append((tip.boot, tip.seq, tip.hash))
            if at == TOUCHES // 2:
                opened.journal.checkpoint(at_least=1)
        close_in_order(opened.journal)
    except (PowerCutError, JournalBrokenError, apsw.Error):
        if not box.disk.dead:
            raise
    if box.disk.dead:
        if opened:
            opened.journal.connection.close(True)
        box.disk.crash()


@pytest.mark.fault(
    "power cut at any moment",
    people="No beep: the screen goes dark. After the restart a second touch says whether the first one was noted.",
    lost="nothing that was announced",
    found="The next start walks the journal to its last entry and begins a new boot behind it.",
)
@pytest.mark.usefixtures("power_cuts")
def test_at_every_operation_of_two_lives() -> None:
    cuts = operations = 0
    while True:
        operations += 1
        box = Box(disk=Disk(Disk.Options(seed=operations)))
        told: list[tuple[str, int, str]] = []
        box.disk.cut_after(operations)
        live(box, told)
        struck = box.disk.life > 0
        box.disk.cut_after(None)
        live(box, told)
        last = box.start()
        for boot, seq, entry_hash in told:
            found = last.journal.hash_at(boot, seq)
            assert found is not None, f"cut at operation {operations}: {boot}/{seq} was told and is gone"
            assert found.hex() == entry_hash
        assert last.missing == 0
        if not struck:
            break
        cuts += 1
    assert cuts > 60, "too few operations: this test tried nothing"


@pytest.mark.fault(
    "storage that lies about writing",
    people="Nothing at first. The screen serves on; the office sees an incident for this unit.",
    lost="What was noted after the last true write. A unit with a counter outside the disk knows how much that was.",
    found="By the counter outside the disk at the next start, and by the centre, which may hold more than the unit.",
)
@pytest.mark.usefixtures("power_cuts")
def test_a_lying_disk_is_noticed() -> None:
    """A disk that claims to have written and has not: entries may go, but never without being missed."""
    noticed = 0
    for seed in range(150):
        box = Box(disk=Disk(Disk.Options(seed=seed)))
        told: list[tuple[str, int, str]] = []
        live(box, told)
        box.disk.lies = 0.5
        box.disk.cut_after(10 + seed % 60)
        live(box, told)
        box.disk.lies = 0.0
        last = box.start()
        gone = [place for place in told if last.journal.hash_at(place[0], place[1]) is None]
        if gone:
            noticed += 1
            assert last.missing or last.lost, f"seed {seed}: {len(gone)} told entries are gone and nobody noticed"
    assert noticed > 10, "the disk never lost anything: this test tried nothing"


@pytest.mark.fault(
    "power cut while a damaged journal is saved",
    people="The start takes a little longer, and begins anew after the cut.",
    lost="The damaged entries, and no others; the journal itself declares which.",
    found="The next start throws a half-made copy away; the damaged file is moved only when the new one is whole.",
)
@pytest.mark.usefixtures("power_cuts")
def test_while_a_damaged_journal_is_being_saved() -> None:
    cuts = operations = 0
    while True:
        operations += 1
        box = Box(disk=Disk(Disk.Options(seed=operations)))
        told: list[tuple[str, int, str]] = []
        live(box, told)
        content = bytes(box.disk.files["/journal.db"].now)
        for found in re.finditer(b'"seq":3,', content):  # also where SQLite left an old copy of it
            box.disk.rot("journal.db", found.start() + 30)
        connection = box.disk.connect("journal.db")
        connection.execute("PRAGMA locking_mode = EXCLUSIVE; DELETE FROM note").fetchall()
        connection.close()
        box.disk.cut_after(operations)
        live(box, [])
        struck = box.disk.life > 0
        box.disk.cut_after(None)
        live(box, [])
        last = box.start()
        gone = [place for place in told if last.journal.hash_at(place[0], place[1]) is None]
        assert [seq for _, seq, _ in gone] == [3], f"cut at operation {operations}"
        assert last.journal.select('SELECT count(*) FROM entry WHERE body LIKE \'{"kind":"gap",%\'')[0][0] == 1
        if not struck:
            break
        cuts += 1
    assert cuts > 60, "too few operations: this test tried nothing"
