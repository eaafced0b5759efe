"""From what was seen of a unit to what it suffers from, and to what it gives up for that. Pure.

Nothing flaps: a figure has to fall well back before a symptom is over, what happens in a moment (a dip of the voltage,
a reader that hung) is told for a day, and a figure in words stays as it was until it has moved a step.

What is given up comes in one order, so that money is safe before the journal could suffer, and a touch that needs no
money goes on for as long as it can be committed: first what only pleases, then what practises, then money. The last
step, that nobody is served because there is no room for an entry, is `appliance.room`'s.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated, Final, NamedTuple

import msgspec

from drivers.board import Readings
from sync.symptoms import Grade, Symptom, What, Why

_MIB: Final = 1024 * 1024
_HOUR_S: Final = 3600.0
_SLOWED_S: Final = 600.0  # a kernel slows down and speeds up again all the time, to hold a limit
_GONE_S: Final = 60.0  # a cable that is put right at once is nobody's business
_TWIN_LATE_S: Final = 600.0  # a stick that is changed, a process that is started again
_UNVOUCHED_S: Final = 600.0  # a Pi without a battery has its time from the network by then, if there is one

_Figure = Annotated[int, msgspec.Meta(ge=0)]


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From where on a figure is a symptom: `…_see` for when there is time, `…_act` for now (`[limits]` in unit.toml).

    Attributes:
        hot_see, hot_act: degrees Celsius. A Pi 4 slows down at 80, and more at 85.
        room_see, room_act: MiB left for the journal. 64 are more entries than a busy unit writes in a month.
        wear_see, wear_act: percent of the card's life.
    """

    hot_see: _Figure = 72
    hot_act: _Figure = 80
    room_see: _Figure = 200
    room_act: _Figure = 64
    wear_see: _Figure = 80
    wear_act: _Figure = 100


class Reads(msgspec.Struct, frozen=True):
    """How reading cards went lately, in percent that failed, beside what is usual here; `lately` None: too few yet."""

    lately: int | None = None
    usual: int = 0


class Seen(msgspec.Struct, frozen=True):
    """Everything that is known of a unit at one moment.

    Attributes:
        board: the last look at it.
        dips_s: how long ago the supply voltage was too low, each time within a day, the latest last.
        slowed_s: how long ago heat kept the processor slow; None: never.
        hangs_s: the same as `dips_s` of a reader that hung; `is_hung`: it still does.
        gone_s: for how long there has been no reader; None: there is one.
        twin_lacks: how many entries are not in the journal's twin, and `twin_late_s`, how old the oldest of them is;
            None: there is to be no twin.
        unvouched_s: for how long nothing has vouched for the clock; None: something does.
        went_back: why the last update of the system came to nothing; None: it did not.
    """

    board: Readings = Readings()
    dips_s: tuple[float, ...] = ()
    slowed_s: float | None = None
    hangs_s: tuple[float, ...] = ()
    is_hung: bool = False
    gone_s: float | None = None
    twin_lacks: int = 0
    twin_late_s: float | None = None
    unvouched_s: float | None = None
    reads: Reads = Reads()
    went_back: Why | None = None


class Spared(StrEnum):
    """What a unit gives up, in this order."""

    VOICE = "voice"  # the words, never the sounds
    LIGHT = "light"  # its brightness, never its meaning
    PRACTICE = "practice"
    MONEY = "money"


_SPARES: Final[Mapping[tuple[str, Grade], tuple[Spared, ...]]] = {
    (What.POWER, Grade.SEE): (Spared.VOICE,),
    (What.POWER, Grade.ACT): (Spared.VOICE, Spared.LIGHT, Spared.PRACTICE),
    (What.HOT, Grade.ACT): (Spared.VOICE, Spared.LIGHT, Spared.PRACTICE),
    (What.ROOM, Grade.SEE): (Spared.PRACTICE,),  # it writes a journal of its own
    (What.ROOM, Grade.ACT): (Spared.PRACTICE, Spared.MONEY),
    (What.FILES, Grade.ACT): (Spared.PRACTICE, Spared.MONEY),
    (What.WEAR, Grade.ACT): (Spared.PRACTICE,),
}


def spared(symptoms: Iterable[Symptom]) -> tuple[Spared, ...]:
    """Return what is given up for these symptoms, in the order in which it goes."""
    given_up = {one for symptom in symptoms for one in _SPARES.get((symptom.what, symptom.grade), ())}
    return tuple(one for one in Spared if one in given_up)


def judge(before: Iterable[Symptom], seen: Seen, limits: Limits) -> tuple[Symptom, ...]:
    """Return what the unit suffers from now, the gravest first.

    Args:
        before: what it suffered from at the last look; a symptom that is there goes less easily than it came.
    """
    known = {symptom.what: symptom for symptom in before}
    found = (
        _reader_gone(seen.gone_s),
        _reader_hung(seen.hangs_s, is_hung=seen.is_hung),
        _files(seen.board.file_errors, known.get(What.FILES)),
        _room(seen.board.free_bytes, limits, known.get(What.ROOM)),
        _power(seen.dips_s),
        _hot(seen.board, seen.slowed_s, limits, known.get(What.HOT)),
        _wear(seen.board, limits, known.get(What.WEAR)),
        _reader_dirty(seen.reads, known.get(What.READER_DIRTY)),
        _twin(seen.twin_lacks, seen.twin_late_s),
        _update(seen.went_back),
        _clock(seen.unvouched_s),
    )
    return tuple(_steady(symptom, known.get(symptom.what)) for symptom in found if symptom)


# ---- each symptom


class _Limit(NamedTuple):
    """`at`: from this figure on; `over`: below this one, once it was there."""

    at: float
    over: float


_BACK_DEGREES: Final = 5
_BACK_SHARE: Final = 5 / 4  # so much room there must be again, of the limit
_STEPS: Final = {What.HOT: 5, What.ROOM: 8, What.READER_DIRTY: 10, What.TWIN: 100}  # in which a figure in words moves
_HANGS_ACT: Final = 3  # within a day
_FAIL_SEE, _FAIL_ACT = _Limit(30, 15), _Limit(60, 45)  # percent of the last touches
_ABOVE_USUAL: Final = 3


def _grade(figure: float, see: _Limit, act: _Limit, before: Symptom | None) -> Grade | None:
    """Grade a figure that is worse the higher it is."""
    if figure >= (act.over if before and before.grade is Grade.ACT else act.at):
        return Grade.ACT
    return Grade.SEE if figure >= (see.over if before else see.at) else None


def _steady(symptom: Symptom, before: Symptom | None) -> Symptom:
    """Let a figure stand until it has moved a step, so that not every look is news."""
    moved = abs(symptom.figure - before.figure) if before else 0
    is_news = before is None or before.grade is not symptom.grade or moved >= _STEPS.get(What(symptom.what), 1)
    return symptom if is_news else before or symptom


def _reader_gone(gone_s: float | None) -> Symptom | None:
    return Symptom(What.READER_GONE, Grade.ACT) if gone_s is not None and gone_s >= _GONE_S else None


def _reader_hung(hangs_s: tuple[float, ...], *, is_hung: bool) -> Symptom | None:
    if not hangs_s:
        return None
    is_bad = is_hung or len(hangs_s) >= _HANGS_ACT
    return Symptom(What.READER_HUNG, Grade.ACT if is_bad else Grade.SEE, len(hangs_s))


def _files(errors: int | None, before: Symptom | None) -> Symptom | None:
    if errors is None:
        return before
    return Symptom(What.FILES, Grade.ACT, errors) if errors > 0 else None


def _room(free_bytes: int | None, limits: Limits, before: Symptom | None) -> Symptom | None:
    if free_bytes is None:
        return before
    mib = free_bytes // _MIB
    see, act = (_Limit(-limit, -limit * _BACK_SHARE) for limit in (limits.room_see, limits.room_act))
    grade = _grade(-mib, see, act, before)
    return Symptom(What.ROOM, grade, mib) if grade else None


def _power(dips_s: tuple[float, ...]) -> Symptom | None:
    if not dips_s:
        return None
    return Symptom(What.POWER, Grade.ACT if dips_s[-1] < _HOUR_S else Grade.SEE, len(dips_s))


def _hot(board: Readings, slowed_s: float | None, limits: Limits, before: Symptom | None) -> Symptom | None:
    if board.celsius is None:
        return before
    see, act = (_Limit(limit, limit - _BACK_DEGREES) for limit in (limits.hot_see, limits.hot_act))
    grade = _grade(board.celsius, see, act, before)
    if slowed_s is not None and slowed_s < _SLOWED_S:
        grade = Grade.ACT
    return Symptom(What.HOT, grade, board.celsius) if grade else None


def _wear(board: Readings, limits: Limits, before: Symptom | None) -> Symptom | None:
    used = board.wear_percent
    if used is None and board.is_worn_out is None:
        return before
    used = used or 0
    if board.is_worn_out or used >= limits.wear_act:
        return Symptom(What.WEAR, Grade.ACT, used)
    return Symptom(What.WEAR, Grade.SEE, used) if used >= limits.wear_see else None


def _reader_dirty(reads: Reads, before: Symptom | None) -> Symptom | None:
    """Compare a reader with itself: in some places people lift their cards too early, and no cloth helps."""
    if reads.lately is None:
        return before
    see = _Limit(max(_FAIL_SEE.at, _ABOVE_USUAL * reads.usual), max(_FAIL_SEE.over, _ABOVE_USUAL * reads.usual / 2))
    grade = _grade(reads.lately, see, _FAIL_ACT, before)
    return Symptom(What.READER_DIRTY, grade, reads.lately) if grade else None


def _twin(lacks: int, late_s: float | None) -> Symptom | None:
    is_late = lacks > 0 and late_s is not None and late_s >= _TWIN_LATE_S
    return Symptom(What.TWIN, Grade.SEE, lacks) if is_late else None


def _update(went_back: Why | None) -> Symptom | None:
    return Symptom(What.UPDATE, Grade.SEE, went_back) if went_back else None


def _clock(unvouched_s: float | None) -> Symptom | None:
    return Symptom(What.CLOCK, Grade.SEE) if unvouched_s is not None and unvouched_s >= _UNVOUCHED_S else None
