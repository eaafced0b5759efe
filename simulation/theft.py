"""What thieves, doubles and forgers do in a simulated town."""

import random
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from central.refusal import RefusedError
from programs.visits.entries import Touch
from simulation.deeds import HOUR_MS
from simulation.stick import carry, whole_journal
from sync import chain
from sync.client import UnreachableError
from sync.entries import Entry, encode
from sync.facts import Boot, Key
from sync.messages import Why, text
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

    def stick() -> None:
        if box.is_on:
            carry(town.centre, box.unit)

    town.later(_WITHIN_MS, stick)
    for _ in range(_TOUCHES):
        town.later(dice.randrange(_WITHIN_MS), touch)
        town.later(dice.randrange(_WITHIN_MS), journey)


def sign_elsewhere(town: "SimTown", box: "Box", dice: random.Random) -> str:
    """Sign with a stolen key what was never touched: one more entry behind the last that was heard, or in its place."""
    if not box.road.carried:
        return "nothing was heard on the road"
    heard = from_text(unpack(box.road.carried[-1]))
    hashes = [heard.prev, *heard.hashes()]
    in_its_place = bool(dice.randrange(2)) and heard.last > 1
    seq, before = (heard.last, hashes[-2]) if in_its_place else (heard.last + 1, hashes[-1])
    forged = _forge(heard.unit, heard.boot, seq, before, box, dice)
    town.people.forged.add(forged.hashes()[-1].hex())
    what = "in the place of the last" if in_its_place else "behind the last"
    return f"{what}: {_bring(town, box, forged, 'its key was stolen')}"


def sign_as_another(town: "SimTown", box: "Box", dice: random.Random) -> str:
    """Begin a journal under another unit's name, with the good key of one's own."""
    others = [one for one in town.slots if one.name != box.name]
    if not others:
        return "there is no other"
    name = dice.choice(others).name
    key = Key(box.unit.keystore.alg, text(box.unit.keystore.public))
    boot = dice.getrandbits(64).to_bytes(8, "big").hex()
    begins = encode(
        Entry(name, boot, 1, box.clock.wall_ms(), Boot(None, key, None, clean=True, clock="held", software="somebody"))
    )
    touched = _forge(name, boot, 2, chain.link(chain.ORIGIN, begins), box, dice)
    hashed = chain.links(chain.ORIGIN, [begins, *touched.bodies])[-1]
    forged = Segment(name, boot, 1, chain.ORIGIN, (begins, *touched.bodies), chain.seal(box.unit.keystore, hashed))
    return f"as {name}: {_bring(town, box, forged, '')}"


def overtake(town: "SimTown", box: "Box", _dice: random.Random) -> str:
    """Bring the newest segment of a journal before those that still wait."""
    if not box.is_on:
        return "off"
    town.people.listened = True
    return f"the newest first: {_bring(town, box, whole_journal(box.unit)[-1], '')}"


def _forge(unit: str, boot: str, seq: int, before: bytes, box: "Box", dice: random.Random) -> Segment:
    fact = Touch(card=dice.getrandbits(128).to_bytes(16, "big").hex(), place=box.place, day=0, proof="card")
    body = encode(Entry(unit, boot, seq, box.clock.wall_ms(), fact))
    return Segment(unit, boot, seq, before, (body,), chain.seal(box.unit.keystore, chain.link(before, body)))


def _bring(town: "SimTown", box: "Box", segment: Segment, mishap: str) -> str:
    """Send a segment as this box; if it left a trace at the centre, that is a `mishap` of the box."""
    said = "taken"
    try:
        town.centre.receive(box.unit.peer, pack(to_text(segment)), "", "")
    except UnreachableError:
        return "died"
    except RefusedError as error:
        said = error.problem.type
        town.reached[f"mischief refused: {said}"] += 1
    if mishap and said in {"taken", Why.FORK}:
        box.seen.mishaps.append(mishap)
    return said


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
