"""Everything that can go wrong in a simulated town, one function a deed; each returns in words what became of it."""

import random
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from central.refusal import RefusedError
from drivers.clock import Confidence
from drivers.disk.sim import Driver as Disk
from drivers.monotonic.sim import Driver as Monotonic
from simulation import theft
from simulation.box import Box
from simulation.deeds import HOUR_MS, Deed, What
from simulation.stick import carry
from simulation.unit import Body
from sync.client import UnreachableError

if TYPE_CHECKING:
    from simulation.town import SimTown

OPERATIONS_MAX: Final = 40  # a power cut comes within so many disk operations
BOOT_OPERATIONS_MAX: Final = 150
STATEMENTS_MAX: Final = 40
FREE_BYTES_MAX: Final = 200_000
_DAY_S: Final = 86_400.0
_WHILE_MS: Final = (HOUR_MS // 4, 6 * HOUR_MS)
_JOURNAL: Final = "journal.db"

Mishap = Callable[["SimTown", Box, random.Random], str]


def strike(town: "SimTown", deed: Deed, box: Box | None, dice: random.Random) -> str:
    """Let something go wrong, with one unit or with the whole town."""
    if box is None:
        return _OF_THE_TOWN[deed.what](town, dice)
    box.catch_up()
    done = _OF_A_UNIT[deed.what](town, box, dice)
    box.look_after()
    return done


# ---- power and process


def _cut(_town: "SimTown", box: Box, dice: random.Random) -> str:
    operations = dice.randint(1, OPERATIONS_MAX)
    box.unit.disk.cut_after(operations)
    return f"after {operations} operations"


def _bad_boots(_town: "SimTown", box: Box, dice: random.Random) -> str:
    operations = dice.randint(1, BOOT_OPERATIONS_MAX)
    box.unit.crash()
    box.unit.disk.cut_after(operations)
    return f"and once more after {operations} operations"


def _restart(_town: "SimTown", box: Box, _dice: random.Random) -> str:
    box.stop()
    return "in order"


def _tidy(_town: "SimTown", box: Box, _dice: random.Random) -> str:
    box.unit.tidy()
    return "done" if box.is_on else "cut"


# ---- disks


def _lie(_town: "SimTown", box: Box, dice: random.Random) -> str:
    box.unit.disk.lies = dice.choice((0.05, 0.3, 1.0))
    box.seen.mishaps.append("its disk lies")
    return f"{box.unit.disk.lies:.0%} of syncs"


def _eio(town: "SimTown", box: Box, dice: random.Random) -> str:
    def replug() -> None:
        box.unit.disk.broken = False
        box.unit.crash()
        box.look_after()

    box.unit.disk.broken = True
    box.seen.mishaps.append("its disk failed")
    town.later(dice.randrange(*_WHILE_MS), replug)
    return "every sync fails"


def _full(town: "SimTown", box: Box, dice: random.Random) -> str:
    disk = box.unit.disk
    disk.size = disk.used_bytes + dice.randrange(FREE_BYTES_MAX)
    box.seen.mishaps.append("its disk was full")
    town.later(dice.randrange(*_WHILE_MS), lambda: setattr(disk, "size", Disk.Options().size))
    return f"{disk.free_bytes()} bytes left"


def _rot(_town: "SimTown", box: Box, dice: random.Random) -> str:
    if not box.unit.disk.exists(_JOURNAL):
        return "nothing there"
    box.unit.disk.rot(_JOURNAL, dice.getrandbits(32), dice.randrange(8))
    box.seen.mishaps.append("its disk rots")
    return "one bit"


# ---- clocks


def _jump(_town: "SimTown", box: Box, dice: random.Random) -> str:
    seconds = dice.choice((dice.uniform(-60, 60), dice.uniform(-11 * _DAY_S, 11 * _DAY_S)))
    box.clock.jump(seconds)
    return f"{seconds:+.0f} s"


def _seventy(town: "SimTown", box: Box, dice: random.Random) -> str:
    box.unit.crash()
    wrong = box.clock.wall_ms() / 1000 - dice.uniform(-_DAY_S, _DAY_S)
    box.clock.jump(-wrong, Confidence.UNKNOWN)
    town.later(dice.randrange(*_WHILE_MS), lambda: box.clock.jump(wrong, Confidence.HELD))
    return "without a battery"


def _stop_clock(town: "SimTown", box: Box, dice: random.Random) -> str:
    return _pace(town, box, dice, 0.0)


def _drift(town: "SimTown", box: Box, dice: random.Random) -> str:
    return _pace(town, box, dice, dice.uniform(0.8, 1.2))


def _pace(town: "SimTown", box: Box, dice: random.Random, pace: float) -> str:
    def right() -> None:
        box.catch_up()
        box.clock.drift(1.0)

    box.clock.drift(pace)
    town.later(dice.randrange(*_WHILE_MS), right)
    return f"{pace:.2f} seconds a second"


# ---- roads


def _close(town: "SimTown", box: Box, dice: random.Random) -> str:
    return _shut(town, [box], dice)


def _storm(town: "SimTown", dice: random.Random) -> str:
    return _shut(town, town.boxes, dice)


def _shut(town: "SimTown", boxes: list[Box], dice: random.Random) -> str:
    until = town.now + dice.randrange(*_WHILE_MS)

    def reopen() -> None:
        for box in boxes:
            if box.closed_until <= town.now:
                box.road.weather.closed = False

    for box in boxes:
        box.closed_until = max(box.closed_until, until)
        box.road.weather.closed = True
    town.later(until - town.now, reopen)
    return f"{len(boxes)} roads for {(until - town.now) // 60_000} min"


def _stick(town: "SimTown", box: Box, _dice: random.Random) -> str:
    return f"{carry(town.centre, box.unit)} segments were new" if box.is_on else "off"


# ---- copies and new boxes


def _backup(_town: "SimTown", box: Box, dice: random.Random) -> str:
    in_order = dice.random() < 0.5  # noqa: PLR2004
    if in_order:
        box.stop()
    box.copy = box.unit.disk.snapshot()
    return "taken of a stopped unit" if in_order else "taken"


def _rollback(_town: "SimTown", box: Box, _dice: random.Random) -> str:
    if box.copy is None:
        return "no copy"
    box.unit.crash()
    box.unit.disk.restore(box.copy)
    box.seen.mishaps.append("its disk was put back")
    return "put back"


def _clone(town: "SimTown", box: Box, dice: random.Random) -> str:
    if box.copy is None or box.seen.mishaps:
        return "no copy"
    disk = Disk(Disk.Options(seed=dice.getrandbits(32)))
    disk.restore(box.copy)
    body = Body(disk, box.unit.keystore, Monotonic())
    box.seen.mishaps.append("it has a double")
    double = Box(town, len(town.boxes), box.name, box.place, body=body, like=box.unit)
    double.seen.mishaps.append("it is a double")
    double.seen.brought = frozenset(double.hashes()) if double.is_on else frozenset()
    town.add(double)
    theft.live_on(town, double, dice)
    return f"box {double.number}"


def _replace(town: "SimTown", box: Box, _dice: random.Random) -> str:
    box.unit.crash()
    box.is_dead = True
    box.seen.mishaps.append("its disk died")
    return f"box {town.replace(box).number}"


def _steal(town: "SimTown", box: Box, dice: random.Random) -> str:
    box.seen.mishaps.append("it was stolen")
    theft.live_on(town, box, dice)
    town.later(dice.randrange(*_WHILE_MS), lambda: _close_stolen(town, box))
    return f"box {box.number}"


def _close_stolen(town: "SimTown", box: Box) -> None:
    if not box.is_retired:
        town.replace(box)


# ---- the centre


def _centre_cut(town: "SimTown", dice: random.Random) -> str:
    statements = dice.randint(1, STATEMENTS_MAX)
    town.centre.cut_after(statements)
    return f"after {statements} statements"


def _centre_jump(town: "SimTown", dice: random.Random) -> str:
    seconds = dice.uniform(-2 * _DAY_S, 2 * _DAY_S)
    town.clock.jump(seconds)
    return f"{seconds:+.0f} s"


def _centre_backup(town: "SimTown", _dice: random.Random) -> str:
    town.centre.back_up()
    town.backup_at = town.now
    return "taken"


def _centre_restore(town: "SimTown", _dice: random.Random) -> str:
    if town.backup_at is None:
        return "no copy"
    town.centre.cut_after(None)
    town.centre.restore()
    town.people.restored.append((town.backup_at, town.now))
    for box in list(town.slots):
        if box.seen.since > town.backup_at:  # this centre has never heard of it: as the manual says, let it in again
            box.seen.mishaps.append("it was let in after the backup")
            town.replace(box)
    return f"as of {(town.now - town.backup_at) // HOUR_MS} h ago"


# ---- mischief


def _mischief(town: "SimTown", box: Box, dice: random.Random) -> str:
    way = dice.randrange(4)
    if way == 0:
        return theft.sign_as_another(town, box, dice)
    if way == 1:
        return theft.overtake(town, box, dice)
    others = [packed for one in town.boxes for packed in one.road.carried]
    if not others:
        return "nothing was heard on the road"
    town.people.listened = True
    what, packed = theft.alter(dice.choice(others), dice)
    try:
        town.centre.receive(box.unit.peer, packed, "", "")
    except (RefusedError, UnreachableError) as error:
        why = error.problem.type if isinstance(error, RefusedError) else "died"
        town.reached[f"mischief refused: {why}"] += 1
        return f"{what}: {why}"
    return f"{what}: taken"


def _key_theft(town: "SimTown", box: Box, dice: random.Random) -> str:
    return theft.sign_elsewhere(town, box, dice)


_OF_A_UNIT: Final[Mapping[What, Mishap]] = {
    What.CUT: _cut,
    What.BAD_BOOTS: _bad_boots,
    What.RESTART: _restart,
    What.TIDY: _tidy,
    What.LIE: _lie,
    What.EIO: _eio,
    What.FULL: _full,
    What.ROT: _rot,
    What.JUMP: _jump,
    What.SEVENTY: _seventy,
    What.STOP_CLOCK: _stop_clock,
    What.DRIFT: _drift,
    What.CLOSE: _close,
    What.STICK: _stick,
    What.BACKUP: _backup,
    What.ROLLBACK: _rollback,
    What.CLONE: _clone,
    What.REPLACE: _replace,
    What.STEAL: _steal,
    What.MISCHIEF: _mischief,
    What.KEY_THEFT: _key_theft,
}

_OF_THE_TOWN: Final[Mapping[What, Callable[["SimTown", random.Random], str]]] = {
    What.STORM: _storm,
    What.CENTRE_CUT: _centre_cut,
    What.CENTRE_JUMP: _centre_jump,
    What.CENTRE_BACKUP: _centre_backup,
    What.CENTRE_RESTORE: _centre_restore,
}
