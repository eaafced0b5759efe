"""What people cannot do, or soon will not be able to, by all that the centre knows: symptoms, never causes.

One list, for the pages, the metrics and the alarms. Being offline is no fault, and neither is silence at an hour at
which a unit is usually silent. Many that fall silent together are one trouble: the road to them, or the centre.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Final

import msgspec

from central.console.books import IncidentLine, UnitLine
from central.console.moment import Moment, Say, length
from central.console.words import Advice, Words
from central.heard import Rhythm
from central.world import Room
from sync.facts import UnitState
from sync.symptoms import Grade, What, meaning

_MINUTE_MS: Final = 60_000
DAY_MS: Final = 86_400_000
SILENT_MS: Final = 15 * _MINUTE_MS  # sixty contacts did not come
AWAY_MS: Final = 14 * DAY_MS  # whatever its habits were
TOGETHER_MS: Final = 10 * _MINUTE_MS  # units that were last heard within this fell silent together
TOGETHER: Final = 3
UNSENT_MS: Final = 3 * DAY_MS
CERTIFICATE_SEE_MS, CERTIFICATE_ACT_MS = 7 * DAY_MS, 3 * DAY_MS  # a unit renews ten days before
AHEAD_S: Final = 60
ROOM_SEE, ROOM_ACT = 0.10, 0.05
NAMED: Final = 5
GIB: Final = 1 << 30
_NOWHERE: Final = Say("", "")
_NOTHING: Final[Mapping[str, object]] = {}


class Kind(StrEnum):
    """The kinds of trouble, the gravest first."""

    ROAD = "road"
    NO_TAP = "no-tap"
    STOPPED = "stopped"
    SILENT = "silent"
    FROZEN = "frozen"
    UNIT = "unit"  # what else a unit says that it suffers from
    INCIDENT = "incident"
    UNSENT = "unsent"
    RUN_OUT = "run-out"
    CERTIFICATE = "certificate"
    ROOM = "room"
    RESTORED = "restored"
    CLOCK = "clock"


class Trouble(msgspec.Struct, frozen=True):
    """Something that a person should see to.

    Attributes:
        key: the same for as long as it is the same trouble.
        say, do: what it is, and what a person can do about it, a sentence each.
        unit, where: at which, and what it and its place are called; empty for what is about more than one.
        covers: keys of what is told in this one's place.
    """

    key: str
    kind: Kind
    grade: Grade
    say: Say
    do: Say
    unit: str = ""
    where: Say = _NOWHERE
    since_ms: int | None = None
    covers: tuple[str, ...] = ()

    @property
    def whole(self) -> Say:
        """What is said of it where nothing else says at which unit it is."""
        if not self.unit:
            return self.say
        return Say(f"{self.where.ja}: {self.say.ja}", f"{self.where.en}: {self.say.en}")


class Seen(msgspec.Struct, frozen=True):
    """All that the centre knows and troubles follow from.

    Attributes:
        rhythms: when units are usually heard.
        rough: units whose connection breaks off day by day; short gaps say nothing of them.
        drained: units that are being put away.
        paying: units at which things that have a value were used.
        since_ms: from when on this centre listens without a break; who could not be heard before was not silent.
        unheard: units that were not heard since the centre was restored.
    """

    units: Sequence[UnitLine]
    incidents: Sequence[tuple[IncidentLine, Advice]] = ()
    rhythms: Mapping[str, Rhythm] = {}
    rough: frozenset[str] = frozenset()
    drained: frozenset[str] = frozenset()
    paying: frozenset[str] = frozenset()
    since_ms: int = 0
    unheard: Sequence[str] = ()
    room: Room | None = None


def troubles(seen: Seen, moment: Moment, words: Words) -> list[Trouble]:
    """Return what there is, the gravest first; of one kind, what has been so for longest."""
    used = [unit for unit in seen.units if unit.state != UnitState.CLOSED]
    found = [*_silences(seen, used, moment, words), *_incidents(seen), *_centre(seen, words)]
    missed = {one.unit for one in found if one.kind is Kind.SILENT}
    for unit in used:
        found += [*_suffered(unit, words), *_found(unit, moment, words)]
        found += _unsent(unit, moment, words, is_paying=unit.name in seen.paying, is_missed=unit.name in missed)
    order = list(Kind)
    return sorted(found, key=lambda one: (one.grade != Grade.ACT, order.index(one.kind), one.since_ms or 0, one.key))


def is_silent(unit: UnitLine, seen: Seen, now_ms: int) -> bool:
    """Tell whether a unit should have been heard by now; one that nobody has ever heard is only new."""
    if unit.contact_ms is None or unit.name in seen.drained or unit.state == UnitState.CLOSED:
        return False
    gone_ms = now_ms - unit.contact_ms
    if now_ms - max(unit.contact_ms, seen.since_ms) < SILENT_MS:
        return False
    rhythm = seen.rhythms.get(unit.name)
    if rhythm is None or not rhythm.is_learned:
        return gone_ms > DAY_MS
    return gone_ms > AWAY_MS or rhythm.missed(now_ms, is_steady=unit.name not in seen.rough)


def _silences(seen: Seen, used: Sequence[UnitLine], moment: Moment, words: Words) -> Iterator[Trouble]:
    silent = [unit for unit in used if is_silent(unit, seen, moment.now_ms)]
    at_ms = {unit.name: unit.contact_ms for unit in used if unit.contact_ms is not None}
    together = _together({unit.name: at_ms[unit.name] for unit in silent}, at_ms)
    for unit in silent:
        if unit.name not in together:
            said = {"at": moment.minute(unit.contact_ms or 0)}
            yield _about(words, Kind.SILENT, unit, said, since_ms=unit.contact_ms)
    if together:
        gone = [unit for unit in silent if unit.name in together]
        since_ms = min(at_ms[unit.name] for unit in gone)
        told = words.trouble(
            Kind.ROAD,
            {
                "count": len(gone),
                "at": moment.minute(since_ms),
                "names": _named([unit.place_name for unit in gone]),
                "names_en": _named([unit.place_name_en for unit in gone]),
            },
        )
        covers = tuple(f"{Kind.SILENT}/{unit.name}" for unit in gone)
        yield _trouble(str(Kind.ROAD), Kind.ROAD, Grade.ACT, told, since_ms=since_ms, covers=covers)


def _together(silent: Mapping[str, int], at_ms: Mapping[str, int]) -> frozenset[str]:
    """Return the units that fell silent with most of those that were heard then: theirs is one trouble."""
    found: set[str] = set()
    for first_ms in silent.values():
        some = {unit for unit, last_ms in silent.items() if 0 <= last_ms - first_ms <= TOGETHER_MS}
        there = sum(last_ms >= first_ms for last_ms in at_ms.values())
        if len(some) >= TOGETHER and len(some) * 2 > there:
            found |= some
    return frozenset(found)


def _suffered(unit: UnitLine, words: Words) -> Iterator[Trouble]:
    """Return what a unit says of itself."""
    for symptom in unit.symptoms:
        if symptom.what == What.READER_GONE and symptom.grade is Grade.ACT:
            yield _about(words, Kind.NO_TAP, unit)
            continue
        means = meaning(symptom)
        said = {"ja": means.ja, "en": _begun(means.en), "do_ja": means.do_ja, "do_en": _begun(means.do_en)}
        yield _about(words, Kind.UNIT, unit, said, symptom.grade, of=f"/{symptom.what}")
    if unit.says:
        yield _about(words, Kind.FROZEN, unit, {"says": unit.says})


def _found(unit: UnitLine, moment: Moment, words: Words) -> Iterator[Trouble]:
    """Return what the centre itself finds about a unit."""
    if unit.state == UnitState.SUSPENDED:
        yield _about(words, Kind.STOPPED, unit)
    if unit.certificate_ms is not None and (left_ms := unit.certificate_ms - moment.now_ms) < CERTIFICATE_SEE_MS:
        grade = Grade.ACT if left_ms < CERTIFICATE_ACT_MS else Grade.SEE
        if left_ms < 0:
            yield _about(words, Kind.RUN_OUT, unit)
        else:
            days = max(1, -(-left_ms // DAY_MS))
            yield _about(words, Kind.CERTIFICATE, unit, {"days": days, "s": "" if days == 1 else "s"}, grade)
    if unit.ahead_s > AHEAD_S:
        by = length(unit.ahead_s * 1_000)
        yield _about(words, Kind.CLOCK, unit, {"by": by.ja, "by_en": by.en}, Grade.SEE)


def _unsent(unit: UnitLine, moment: Moment, words: Words, *, is_paying: bool, is_missed: bool) -> Iterator[Trouble]:
    """Return what has not arrived for days: as the unit said, or, of one that is missed, whatever it may have taken."""
    late_ms = moment.now_ms - unit.oldest_ms if unit.unsent and unit.oldest_ms is not None else 0
    if late_ms > UNSENT_MS:
        what = ("お金の記録", "Entries of money") if is_paying else ("記録", "Entries")
        said = {"what": what[0], "what_en": what[1], "days": late_ms // DAY_MS, "count": f"{unit.unsent:,}"}
        yield _about(words, Kind.UNSENT, unit, said)
    elif is_paying and is_missed:
        gone_ms = moment.now_ms - (unit.contact_ms or 0)
        if gone_ms > UNSENT_MS:
            yield _about(words, Kind.UNSENT, unit, {"days": gone_ms // DAY_MS}, how="-silent")


def _incidents(seen: Seen) -> Iterator[Trouble]:
    called = {unit.name: _where(unit) for unit in seen.units}
    for one, advice in seen.incidents:
        where = called.get(one.unit, Say(one.unit, one.unit))
        key = f"{Kind.INCIDENT}/{one.n}"
        yield _trouble(key, Kind.INCIDENT, Grade.ACT, advice, one.unit, where, since_ms=one.opened_ms)


def _centre(seen: Seen, words: Words) -> Iterator[Trouble]:
    """Return what is wrong with the centre itself."""
    room = seen.room
    if room and room.free_bytes < room.size_bytes * ROOM_SEE:
        grade = Grade.ACT if room.free_bytes < room.size_bytes * ROOM_ACT else Grade.SEE
        said = {"free": f"{room.free_bytes / GIB:.1f}", "percent": room.free_bytes * 100 // room.size_bytes}
        yield _trouble(str(Kind.ROOM), Kind.ROOM, grade, words.trouble(Kind.ROOM, said))
    if seen.unheard:
        told = words.trouble(Kind.RESTORED, {"names": _named(seen.unheard)})
        yield _trouble(str(Kind.RESTORED), Kind.RESTORED, Grade.ACT, told)


def _about(
    words: Words,
    kind: Kind,
    unit: UnitLine,
    said: Mapping[str, object] = _NOTHING,
    grade: Grade = Grade.ACT,
    *,
    since_ms: int | None = None,
    of: str = "",
    how: str = "",
) -> Trouble:
    """Return the trouble of one unit.

    Args:
        said: what its words ask for.
        of: which of several of its kind it is; `how`: which of several ways to say it.
    """
    told = words.trouble(f"{kind}{how}", said)
    return _trouble(f"{kind}/{unit.name}{of}", kind, grade, told, unit.name, _where(unit), since_ms=since_ms)


def _trouble(
    key: str,
    kind: Kind,
    grade: Grade,
    told: Advice,
    unit: str = "",
    where: Say = _NOWHERE,
    *,
    since_ms: int | None = None,
    covers: tuple[str, ...] = (),
) -> Trouble:
    say, do = Say(told.ja, told.en), Say(told.do_ja, told.do_en)
    return Trouble(key, kind, grade, say, do, unit, where, since_ms, covers)


def _where(unit: UnitLine) -> Say:
    return Say(f"{unit.place_name} {unit.name}", f"{unit.place_name_en} {unit.name}")


def of_unit(found: Iterable[Trouble], unit: str) -> list[Trouble]:
    """Return the troubles of one unit."""
    return [one for one in found if one.unit == unit]


def _named(names: Iterable[str]) -> str:
    distinct = list(dict.fromkeys(names))
    return ", ".join(distinct[:NAMED]) + (" …" if len(distinct) > NAMED else "")


def _begun(text: str) -> str:
    return text[:1].upper() + text[1:]
