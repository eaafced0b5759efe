"""A unit's box is copied, and both are switched on: the town finds it out and stops the name.

With a new key the real one goes on, by the commands that the office and a technician use.
"""

import shutil
from collections.abc import Callable
from typing import Final

import msgspec

from central.cli.common import CHECK_FAILED
from demo.processes import machi, machi_says, wait_for
from demo.town import DemoTown, DemoUnit

FIND_S: Final = 30.0
Touch = Callable[[DemoUnit, str, int], str]


class Doubled(msgspec.Struct, frozen=True):
    """What came of it.

    Attributes:
        named: what the town's incidents call it: first it looks like a disk that was put back, then like what it is.
        heard: what somebody hears at the unit once it is stopped.
        again: what somebody hears there after it was let in with a new key.
    """

    named: tuple[str, ...]
    heard: str
    again: str

    @property
    def is_good(self) -> bool:
        return "clone" in self.named and self.heard == "help" and self.again in ("ok_points", "already")


def copy_and_find(town: DemoTown, unit: DemoUnit, spare: DemoUnit, touch: Touch) -> Doubled:
    """Run a copy of a unit's box at the reader, the screen and on the road of another that is gone."""
    unit.uplink.stop()
    unit.daemon.stop()
    copy = _copy(town, unit, spare)
    for box, resident in ((copy, "hanako"), (unit, "fumi")):
        box.start_daemon()
        touch(box, resident, 2)
    for box in (copy, unit):
        box.uplink.start()
        wait_for(lambda box=box: box.status().get("unsent") == 0, "an entry was not sent", FIND_S)  # type: ignore[misc]
    if not _is_stopped(copy):
        touch(copy, "fumi", 2)  # two ends of one journal are there by now; a disk that was put back would grow one only
    for box in (copy, unit):
        wait_for(lambda box=box: _is_stopped(box), "the town did not stop a unit that was copied", FIND_S)  # type: ignore[misc]
    heard = touch(unit, "hanako", 1)
    copy.uplink.stop()
    copy.daemon.stop()
    named = _explain(town, unit)
    _let_in_anew(town, unit)
    return Doubled(named, heard, touch(unit, "hanako", 2))


def _copy(town: DemoTown, unit: DemoUnit, spare: DemoUnit) -> DemoUnit:
    folder = town.folder / "copies" / unit.stand.unit
    shutil.copytree(unit.folder, folder, ignore=shutil.ignore_patterns("*.sock", "heard.jsonl"))
    config = folder / "unit.toml"
    text = config.read_text()
    for ours, theirs in (
        (town.pcscd.names[unit.stand.reader], town.pcscd.names[spare.stand.reader]),
        (str(unit.screen), str(spare.screen)),
        (str(unit.road.port), str(spare.road.port)),
    ):
        text = text.replace(ours, theirs)
    config.write_text(text)
    spare.road.mend()
    stand = msgspec.structs.replace(unit.stand, reader=spare.stand.reader)
    return DemoUnit(stand, folder, spare.road, spare.screen, town.pcscd.environment)


def _explain(town: DemoTown, unit: DemoUnit) -> tuple[str, ...]:
    """Let the office say of each incident what was found out; return what they were called."""
    said = machi_says("central", "status", town.central, ends=(0, CHECK_FAILED))
    found = [one for one in said["incidents"] if one["unit"] == unit.stand.unit]
    for one in found:
        machi("central", "settle", town.central, str(one["n"]), "--because", "the copy was found in a drawer")
    return tuple(sorted({one["kind"] for one in found}))


def _let_in_anew(town: DemoTown, unit: DemoUnit) -> None:
    """Give the real box a new life with a new key; the old one is good for nothing any more, wherever it is."""
    unit.uplink.stop()
    unit.daemon.stop()
    ticket = machi(
        "central",
        "unit",
        "add",
        town.central,
        unit.stand.unit,
        "--place",
        unit.stand.place,
        "--counter",
        unit.stand.counter,
    )
    machi("unit", "enrol", unit.folder, "-", "--again", stdin=ticket)
    unit.start_daemon()
    unit.uplink.start()
    wait_for(lambda: unit.status()["state"] == "active", "a unit that was let in anew does not serve", FIND_S)


def _is_stopped(unit: DemoUnit) -> bool:
    return bool(unit.status().get("state") == "suspended")
