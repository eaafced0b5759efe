"""Holds what people saw against the books, and finds what cannot be.

It is a model of its own, simple on purpose: it knows what a beep promises, and shares no line with the code that is
held against it. Every finding is a broken promise.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from appliance.checkup import DamageError, examine
from central.audit import audit
from programs.visits.entries import Touch as Visit
from programs.visits.rules import PROGRAM
from simulation import answers, books, purses
from simulation.books import Books
from simulation.people import Box, People, Touch
from sync import chain, installed
from sync.messages import is_stream

if TYPE_CHECKING:
    from simulation import box as town_box
    from simulation.town import SimTown

_DISK: Final = frozenset({"its disk lies", "its disk failed", "its disk rots", "its disk was put back"})
_NAMES: Final = {
    "its disk lies": {"rollback", "damage", "restart", "old fence", "clone"},  # it may come back to what it had lost
    "its disk failed": {"rollback", "damage", "restart", "old fence"},
    "its disk rots": {"rollback", "damage", "restart", "old fence"},
    "its disk was put back": {"rollback", "restart", "old fence"},
    "it has a double": {"clone", "fork", "rollback", "old fence"},
    "its key was stolen": {"clone", "fork", "rollback", "old fence"},
}
"""Which incidents may follow from what; any other is a false alarm."""


@dataclass(frozen=True)
class Finding:
    """A broken promise: of which kind, and in words; `entry` is what it is about, where it is about one."""

    kind: str
    text: str
    unit: str = ""
    entry: str = ""


def findings(town: "SimTown") -> list[Finding]:
    """Return everything that breaks a promise; nothing, if all is well."""
    written = books.read(town.centre.centre.engine)
    people = town.people
    judged = answers.match(people, written, town.name_of)
    return [
        *_kept(town, written),
        *_extra(people, written, judged),
        *(Finding("wrong answer", text, touch.unit) for touch, text in answers.wrong(people, judged)),
        *_words(town, written),
        *_alarms(people, written),
        *_unnamed(town, written),
        *_whole(town),
        *_in_step(town, written),
        *_added_up(town, written),
        *_at_rest(town),
        *(Finding(kind, text) for kind, text in purses.wrong(town, written, judged)),
    ]


def _kept(town: "SimTown", written: Books) -> Iterator[Finding]:
    """Nothing that was heard is lost, and nothing is booked with other bytes."""
    for touch in town.people.touches:
        said = touch.said
        if said is None or not touch.noted:
            continue
        if not said.entry:
            yield Finding("no receipt", f"{_who(touch)} heard {said.message}, and there is no entry", touch.unit)
            continue
        hashes = written.held.get(said.entry)
        if hashes is None:
            if not _is_excused(touch, town, written):
                yield Finding("lost", f"{_who(touch)} heard {said.message}; it is not booked", touch.unit, said.entry)
        elif set(hashes) != {said.hash} and touch.unit not in written.incidents:
            # Of a thief who was here first nobody knows until this box is heard of again; if it ever is.
            if hashes.keys() <= town.people.forged and _is_excused(touch, town, written):
                continue
            yield Finding("other bytes", f"{_who(touch)} heard of an entry with other bytes", touch.unit, said.entry)
    for entry, hashes in written.held.items():
        if hashes.total() > 1:
            yield Finding("twice", f"stored {hashes.total()} times", entry.partition("/")[0], entry)


def _is_excused(touch: Touch, town: "SimTown", written: Books) -> bool:
    """Whether a loss is one that is stated: a disk that failed and was found out, or a box that never came back."""
    box, unit = town.people.boxes[touch.box], town.boxes[touch.box].unit
    found_out = bool(unit.noticed or unit.declared or touch.unit in written.incidents)
    if found_out and not _DISK.isdisjoint(box.mishaps):
        return True
    if box.closed_at is None:
        return False
    came = [at for at in box.synced if at >= touch.at]
    restored = any(backup < at < restore for at in came for backup, restore in town.people.restored)
    return not came or restored or "it was let in after the backup" in box.mishaps


def _extra(people: People, written: Books, judged: answers.Matched) -> Iterator[Finding]:
    """Nothing is booked that nobody heard, but what a power cut kept from being heard."""
    for booked in judged.unexplained:
        if booked.hash not in people.forged:
            yield Finding(
                "unbeeped", f"{booked.card[:8]} at {booked.unit}: booked, and never heard", booked.unit, booked.entry
            )
    for touch in people.touches:
        closed_n = people.boxes[touch.box].closed_n
        entry = touch.said.entry if touch.said else ""
        if closed_n is not None and written.arrived.get(entry, 0) > closed_n and not people.restored:
            yield Finding("after closing", f"{entry} came in after that life had been closed", touch.unit, entry)


def _words(town: "SimTown", written: Books) -> Iterator[Finding]:
    """What a unit heard of the town is what the town has said; a closed life hears no more, a suspended one that."""
    for unit in town.people.deaf:
        yield Finding("deaf", f"{unit} was suspended, and serves on", unit)
    for box in town.boxes:
        if not box.is_on:
            continue
        words = box.words()
        if not box.is_retired and "its disk rots" not in box.seen.mishaps:
            strange = [word for word, hashed in words.items() if set(written.held.get(word, ())) != {hashed}]
            if strange:
                yield Finding(
                    "other words", f"{box.name} has heard what the centre does not hold", box.name, strange[0]
                )
        heard_then = box.seen.closed_words
        if heard_then is not None and len(words) > heard_then and not town.people.restored:
            yield Finding(
                "after closing", f"{box.name} (box {box.number}) goes on to hear what the town says", box.name
            )


def _alarms(people: People, written: Books) -> Iterator[Finding]:
    for unit, kinds in written.incidents.items():
        mishaps = {mishap for box in people.boxes if box.unit == unit for mishap in box.mishaps}
        allowed = set().union(*(_NAMES.get(mishap, set()) for mishap in mishaps))
        if people.listened:
            allowed.add("old fence")  # somebody who listens on the road may be the first to bring what was lost there
        if people.restored and is_stream(unit):
            allowed.add("rollback")  # the centre's own journals branch where it was put back
        for kind in sorted(kinds - allowed):
            yield Finding("false alarm", f"{unit}: {kind}, after {', '.join(sorted(mishaps)) or 'nothing'}", unit)


def _unnamed(town: "SimTown", written: Books) -> Iterator[Finding]:
    """What was done to a unit's history is named, once both sides of it have been seen."""
    people = town.people
    if any(people.restored):
        return  # what the office knew of it may be gone with the centre's disk
    for number, box in enumerate(people.boxes):
        told = written.incidents.get(box.unit, set())
        is_double = "it is a double" in box.mishaps
        if is_double and told.isdisjoint({"clone", "fork"}) and _took_turns(people, number, written):
            yield Finding("unnamed", f"{box.unit} and its double write in turns; something else was told", box.unit)
        if told:
            continue
        heard = {t.said.entry for t in people.touches if t.box == number and t.said and t.said.entry}
        if is_double and (heard - box.brought) & set(written.touches):
            twin = _own_touches(people, number)
            if twin & set(written.touches):
                yield Finding("unnamed", f"{box.unit} has a double, and nobody was told", box.unit)
        if "its key was stolen" in box.mishaps and box.closed_at is None and not _says_so(town.boxes[number]):
            yield Finding("unnamed", f"somebody signs with the key of {box.unit}, and nobody was told", box.unit)
        if "its disk was put back" in box.mishaps and box.closed_at is None and not town.boxes[number].unit.noticed:
            gone = heard & set(written.held) - set(town.boxes[number].hashes())
            if gone:
                yield Finding("unnamed", f"{box.unit} was put back in time, and nobody was told", box.unit, min(gone))


def _says_so(box: "town_box.Box") -> bool:
    """Whether a unit knows itself that somebody writes under its name, and reports it; its next touch proves it."""
    return box.is_on and bool(box.unit.running.hatch.standing.frozen)


def _took_turns(people: People, double: int, written: Books) -> bool:
    """Whether the centre has heard of one of two machines, then of the other, and then of the first again."""
    box = people.boxes[double]
    said = [(t.said.entry, t.box) for t in _touches_of_both(people, double) if t.said]
    own = [(entry, by) for entry, by in said if entry not in box.brought]  # what both hold may be told again by either
    came = sorted((written.arrived[entry], by) for entry, by in own if entry in written.arrived)
    turns = sum(one[1] != other[1] for one, other in itertools.pairwise(came))
    return turns > 1


def _own_touches(people: People, double: int) -> set[str]:
    """Return what a unit wrote by itself after it was copied, in that life of it."""
    touches = (t for t in _touches_of_both(people, double) if t.box != double)
    said = {t.said.entry for t in touches if t.said and t.said.entry}
    return said - people.boxes[double].brought  # what both hold may be told again by either


def _touches_of_both(people: People, double: int) -> list[Touch]:
    """Return the touches at a unit and at its double; who is let in after them is no third machine."""
    box = people.boxes[double]
    lives = [one.since for one in boxes_of(people, box.unit) if "it is a double" not in one.mishaps]
    over = min((since for since in lives if since > box.since), default=None)
    both = (t for t in people.touches if t.unit == box.unit and t.at > box.since)
    return [t for t in both if over is None or people.boxes[t.box].since < over]


def _whole(town: "SimTown") -> Iterator[Finding]:
    """Chains and signatures hold, at the centre and in every unit."""
    centre = town.centre.centre
    checked = audit(centre.engine, centre.town)
    for broken in (*checked.broken, *checked.unfounded):
        yield Finding("broken chain", f"the centre: {broken}")
    register = installed.register()
    for box in _in_service(town):
        if "its disk rots" in box.seen.mishaps:
            continue  # a bit that nobody has looked at yet
        every_seal = "its disk lies" not in box.seen.mishaps  # one that a later one covers is looked at when it is sent
        try:
            key = chain.PublicKey(box.unit.keystore.public, town.signatures.check)
            examine(box.unit.running.opened.journal.connection, register, key, every_seal=every_seal)
        except DamageError as error:
            yield Finding("broken chain", f"{box.name}: {error}", box.name)


def _in_step(town: "SimTown", written: Books) -> Iterator[Finding]:
    """A unit that had no mishap and the centre hold the very same entries."""
    for box in _in_service(town):
        if box.seen.mishaps or town.people.restored:
            continue
        own, theirs = box.hashes(), {e: h for e, h in written.held.items() if e.startswith(f"{box.name}/")}
        for entry, hashed in own.items():
            if set(theirs.get(entry, ())) != {hashed}:
                yield Finding("not in step", f"{box.name} holds {entry}, the centre does not", box.name, entry)
        boots = {entry.split("/")[1] for entry in own}
        for entry in theirs:
            if entry.split("/")[1] in boots and entry not in own:
                yield Finding("not in step", f"the centre holds {entry}, {box.name} does not", box.name, entry)


def _added_up(town: "SimTown", written: Books) -> Iterator[Finding]:
    """The programs' tables say what the entries say, live and replayed, at the units and at the centre."""
    touches = [booked.fact for booked in written.touches.values() if isinstance(booked.fact, Visit)]
    expected = {"visits": len({(t.card, t.day, t.place) for t in touches}), "touches": len(touches)}
    figures = town.reconciler.figures()[PROGRAM.name]
    if figures != expected:
        yield Finding("wrong total", f"the entries make {expected}, the centre says {figures}")
    for box in _in_service(town):
        if "its disk rots" in box.seen.mishaps:
            continue
        places: dict[str, set[str]] = {}
        for t in box.touches():
            places.setdefault(f"{t.card}/{t.day}", set()).add(t.place)
        shelf = {key: set(day.places) for key, day in box.unit.running.opened.shelf.states(PROGRAM)}
        if shelf != places:
            yield Finding("wrong total", f"{box.name}'s shelf differs from its journal", box.name)
    before = town.reconciler.digest()
    town.reconciler.wipe()
    town.reconciler.catch_up()
    if before != town.reconciler.digest():
        yield Finding("replay", "a replay of the stored segments gives other tables")


def _at_rest(town: "SimTown") -> Iterator[Finding]:
    for box in town.boxes:
        if waits := box.waits:
            yield Finding("queue", f"{box.name} (box {box.number}) {waits}", box.name)


def _in_service(town: "SimTown") -> list["town_box.Box"]:
    return [box for box in town.boxes if box.is_on and not box.is_retired]


def _who(touch: Touch) -> str:
    return f"card {touch.card} at {touch.unit}"


def boxes_of(people: People, unit: str) -> list[Box]:
    """Return every box that ever bore this name."""
    return [box for box in people.boxes if box.unit == unit]
