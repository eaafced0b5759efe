"""Two machines with one name: an SD card that was copied, or a key that was taken out of a running unit."""

import shutil
from collections import Counter
from pathlib import Path

import pytest

from central.audit import audit
from central.incidents import open_ones
from central.refusal import RefusedError
from central.store import reading
from sync.facts import Place as At
from sync.facts import UnitState
from sync.messages import Why
from tests.central.pen import Pen, touch
from tests.security.conftest import FolderUnit, Hand, Place
from tests.security.test_stolen_unit import stored


def incidents(town: Place) -> Counter[str]:
    with reading(town.centre.engine) as connection:
        return Counter(row["kind"] for row in open_ones(connection))


def visits(town: Place) -> int:
    town.centre.reconciler.catch_up()
    return town.centre.reconciler.figures()["visits"]["visits"]


@pytest.mark.threat(
    "copied SD card",
    control="Two machines that write under one name are found out when the second of them delivers: nothing of "
    "either is lost, both are suspended, and the office is told. A counter outside the disk tells a disk that was "
    "put back in time at once, without a network.",
    residual="Until the second one delivers, what the copy writes counts. Without a counter outside the disk, what "
    "was not delivered yet can be undone by putting an older copy back.",
)
def test_a_copied_card_is_found_out_when_both_deliver(town: Place, card: Hand, tmp_path: Path) -> None:
    unit = FolderUnit.enrolled(tmp_path / "lib01", town.centre, town.trust)
    unit.start()
    unit.tap(card())
    unit.sync(town.centre)
    unit.stop()
    shutil.copytree(unit.folder, tmp_path / "elsewhere" / "lib01")
    copy = FolderUnit(tmp_path / "elsewhere" / "lib01")
    for one in (unit, copy):
        one.start()
        one.clock.advance(60)
        one.tap(card())
        one.sync(town.centre)
    assert incidents(town)["rollback"] == 1, "two boots behind one entry"
    unit.tap(card())
    unit.sync(town.centre)
    assert incidents(town)["clone"] == 1
    assert visits(town) == 4, "whoever of them was real: each of these people was somewhere"
    before = stored(town.centre)
    for one in (unit, copy):
        one.clock.advance(60)
        one.tap(card())
        done = one.sync(town.centre)
        assert done.delivered == 0
        one.sync(town.centre)
        assert one.running.tap.closed() == "TAP-044", "and it says so on its screen"
    assert stored(town.centre) == before
    checked = audit(town.centre.engine, town.centre.town)
    assert (checked.broken, checked.unfounded) == ((), ())


@pytest.mark.threat("copied SD card")
def test_a_disk_that_was_put_back_is_told_by_the_counter_outside_it(town: Place, card: Hand, tmp_path: Path) -> None:
    unit = FolderUnit.enrolled(tmp_path / "lib01", town.centre, town.trust)
    unit.start()
    unit.tap(card())
    unit.stop()
    shutil.copytree(unit.folder, tmp_path / "image")
    unit.start()
    unit.tap(card())
    unit.tap(card())
    unit.stop()
    shutil.rmtree(unit.folder)
    shutil.copytree(tmp_path / "image", unit.folder)
    unit.start()
    assert unit.running.opened.missing >= 2
    assert "are not on this disk" in unit.running.hatch.standing.frozen


@pytest.mark.threat(
    "key stolen from a running unit",
    control="The process that has the network has no key, and the one with the key has no network. A key that is "
    "used elsewhere shows when the unit itself delivers next: two ends grow, or two entries have one number; the "
    "unit is suspended, and both sides are kept.",
    residual="Until then what the thief writes counts as the unit's. A key in a file can be copied by whoever "
    "becomes that user; a board with a secure element does better, and none has been tried yet.",
)
@pytest.mark.parametrize("how", ["beside it", "behind it"])
def test_a_key_that_is_used_elsewhere_shows_at_the_units_next_delivery(town: Place, card: Hand, how: str) -> None:
    unit = town.unit()
    unit.tap(card())
    unit.sync(town.road(unit.peer))
    tip = unit.running.opened.journal.tip
    assert tip
    thief = Pen(town.centre, "lib01", unit.keystore, boots=80)
    if how == "beside it":  # a boot of his own, behind the unit's last entry
        thief.send(thief.begin(touch(1), touch(2), after=At(tip.boot, tip.seq, tip.hash)))
    else:  # the unit's next entry, before it writes one itself
        thief.boot, thief.seq, thief.head = tip.boot, tip.seq, bytes.fromhex(tip.hash)
        thief.send(thief.write(touch(1), touch(2)))
    counted = visits(town)
    assert counted == 3, "nobody can know yet"
    town.clock.advance(60)
    unit.tap(card())
    unit.sync(town.road(unit.peer))
    if how == "beside it":
        assert incidents(town)["clone"] == 1
        assert visits(town) == counted + 1
    else:
        assert incidents(town)["fork"] == 1, "the unit brings what it has under that number itself, at once"
        assert "other entries under this unit's numbers" in unit.running.hatch.standing.frozen
    before = stored(town.centre)
    assert _refused(thief) == Why.SUSPENDED
    unit.sync(town.road(unit.peer))
    assert unit.running.hatch.standing.state is UnitState.SUSPENDED
    assert stored(town.centre) == before


def _refused(thief: Pen) -> str:
    with pytest.raises(RefusedError) as error:
        thief.send(thief.write(touch(3)))
    return error.value.problem.type
