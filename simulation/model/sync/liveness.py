"""Where a calm day leads from any state: every unit makes its rounds, and nothing goes wrong any more.

The rounds are those of the real courier. What is left afterwards would be left for ever. Whatever was on its way either
arrives before the first round or never.
"""

import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from appliance.inbox import StrangeError
from appliance.uplink.courier import go
from central.refusal import RefusedError
from simulation.model.sync.box import Running, Tampering
from simulation.model.sync.boxes import Boxes
from simulation.model.sync.centre import Held, judge, look
from simulation.model.sync.centres import Centres
from simulation.model.sync.messages import Ask, Message, Post
from simulation.road import STREAM_ENTRIES, Door, Road, Weather
from simulation.unit import SimHatch
from sync.facts import UnitState
from sync.messages import ONE_UNIT, TOWN_STREAM
from sync.tree import ends_from_text

_ROUNDS_MAX: Final = 6
_MESSAGES_MAX: Final = 60  # of one round


@dataclass(frozen=True)
class _Reached:
    """What a road leads to while nothing goes wrong."""

    intake: Door


def left_behind(boxes: Boxes, numbers: tuple[int, ...], centres: Centres, centre: int, bag: list[Message]) -> str:
    """Let everything become calm; return what is wrong then, in words, or ""."""
    return _calm_day(boxes, numbers, centres, centre, []) or _calm_day(boxes, numbers, centres, centre, bag)


def _calm_day(boxes: Boxes, numbers: tuple[int, ...], centres: Centres, centre: int, arriving: list[Message]) -> str:
    running = [boxes.run(number) for number in numbers]
    try:
        opened = centres.run(centre)
        door = centres.door(opened)
        for message in arriving:
            _deliver(door, message)
        for _ in range(_ROUNDS_MAX):
            moved = [_go_round(one, door) for one in running]
            if not any(moved):
                break
        held = look(opened)
        if trouble := judge(held):
            return trouble
        found = (_missing(boxes, number, one, held, door) for number, one in zip(numbers, running, strict=True))
        return next((one for one in found if one), "")
    except Exception as error:  # noqa: BLE001 - whatever is raised on a calm day is what the search looks for
        return f"a calm day fails: {error!r}"
    finally:
        for one in running:
            one.off()


def _deliver(door: Door, message: Message) -> None:
    try:
        if isinstance(message, Ask):
            door.holdings(message.peer, message.report, message.nonce)
        elif isinstance(message, Post):
            door.receive(message.peer, message.packed, message.fence, message.nonce)
    except RefusedError:
        return


def _go_round(running: Running, door: Door) -> bool:
    """Make one round; return whether it moved anything."""
    road = Road(_Reached(door), running.peer, Weather(), random.Random(0))  # noqa: S311 - fair weather throws no dice
    try:
        done = go(SimHatch(running.unit), road, _patience())
    except StrangeError:
        return False
    return bool(done.delivered or done.fetched or done.given_back)


def _patience() -> Callable[[], bool]:
    """Return what the courier asks between two messages."""
    asked = itertools.count()

    def stop() -> bool:
        if next(asked) > _MESSAGES_MAX:
            raise AssertionError("a round to the centre never ends")
        return False

    return stop


def _missing(boxes: Boxes, number: int, running: Running, held: Held, door: Door) -> str:
    moment = boxes.moments[number]
    name, unit = moment.owner.name, moment.owner.unit
    life, state = held.lives[unit]
    if life != moment.owner.life or state == UnitState.CLOSED:
        return ""
    for stream in (TOWN_STREAM, ONE_UNIT + unit):
        ends = ends_from_text(running.unit.hatch.since()[stream])
        if door.stream(running.peer, stream.removeprefix(ONE_UNIT), ends, STREAM_ENTRIES):
            return f"{name} never hears all that the centre said to {stream}"
    if state == UnitState.SUSPENDED:
        return ""  # it may listen; an incident says why nothing of it is taken
    for (boot, seq), entry_hash in running.entries().items():
        if held.stored.get((unit, boot, seq)) != entry_hash:
            return f"{name} keeps {boot}/{seq} for ever"
    if running.unit.hatch.backlog().unsent and moment.tampering is Tampering.NONE:
        return f"{name} believes for ever that something is unsent"  # a machine that was copied cannot always know
    return ""
