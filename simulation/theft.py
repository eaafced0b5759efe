"""What thieves, doubles and forgers do in a simulated town."""

import random
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from central.refusal import RefusedError
from programs.visits.entries import Touch
from simulation.deeds import HOUR_MS
from sync import chain
from sync.client import UnreachableError
from sync.entries import Entry, encode
from sync.segment import Segment, from_text, pack, to_text, unpack

if TYPE_CHECKING:
    from simulation.box import Box
    from simulation.town import SimTown

_TOUCHES: Final = 6
_WITHIN_MS: Final = 10 * HOUR_MS


def live_on(town: "SimTown", box: "Box", dice: random.Random) -> None:
    """Let a box that should not be used any more be used: cards are held to it, and it calls the centre."""

    def touch() -> None:
        number = box.dice.randrange(len(town.cards))
        town.note(box.touch(town.cards[number], number))

    def journey() -> None:
        box.journey(box.dice)

    for _ in range(_TOUCHES):
        town.later(dice.randrange(_WITHIN_MS), touch)
        town.later(dice.randrange(_WITHIN_MS), journey)


def sign_elsewhere(town: "SimTown", box: "Box", dice: random.Random) -> str:
    """Sign one more entry with a stolen key, behind what was last heard on the road, and send it."""
    if not box.road.carried:
        return "nothing was heard on the road"
    heard = from_text(unpack(box.road.carried[-1]))
    head = heard.hashes()[-1]
    fact = Touch(card=dice.getrandbits(128).to_bytes(16, "big").hex(), place=box.place, day=0, proof="card")
    body = encode(Entry(heard.unit, heard.boot, heard.last + 1, box.clock.wall_ms(), fact))
    linked = chain.link(head, body)
    seal = chain.seal(box.unit.keystore, linked)
    forged = Segment(heard.unit, heard.boot, heard.last + 1, head, (body,), seal)
    town.people.forged.add(linked.hex())
    try:
        town.centre.receive(box.unit.peer, pack(to_text(forged)), "", "")
    except (RefusedError, UnreachableError) as error:
        if isinstance(error, RefusedError):
            return error.problem.type
        return "died"
    box.seen.mishaps.append("its key was stolen")
    return "taken"


def alter(packed: bytes, dice: random.Random) -> tuple[str, bytes]:
    """Return what somebody without the key makes of a segment, and in a word what it is."""
    name, do = _WAYS[dice.randrange(len(_WAYS))]
    return name, do(packed, dice)


def _repeat(packed: bytes, _dice: random.Random) -> bytes:
    return packed


def _flip(packed: bytes, dice: random.Random) -> bytes:
    text = bytearray(unpack(packed))
    text[dice.randrange(len(text))] ^= 1 << dice.randrange(8)
    return pack(bytes(text))


def _cut_short(packed: bytes, dice: random.Random) -> bytes:
    return packed[: dice.randrange(len(packed))]


def _without_first(packed: bytes, _dice: random.Random) -> bytes:
    segment = from_text(unpack(packed))
    if len(segment.bodies) == 1:
        return packed
    return pack(to_text(segment.after(segment.first, segment.hashes()[0])))


def _without_last(packed: bytes, _dice: random.Random) -> bytes:
    segment = from_text(unpack(packed))
    bodies = segment.bodies[:-1] or segment.bodies
    return pack(to_text(Segment(segment.unit, segment.boot, segment.first, segment.prev, bodies, segment.seal)))


def _of_another(packed: bytes, _dice: random.Random) -> bytes:
    return pack(unpack(packed).replace(b'"unit":"unit0', b'"unit":"unit1'))


_WAYS: Final[Sequence[tuple[str, Callable[[bytes, random.Random], bytes]]]] = (
    ("repeated", _repeat),
    ("one bit flipped", _flip),
    ("cut short", _cut_short),
    ("without its first entry", _without_first),
    ("without its last entry", _without_last),
    ("under another name", _of_another),
)
