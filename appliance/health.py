"""Whether a system that is tried may stay: does all that worked before still work? Pure.

What worked is noted before an update, so nobody has to say what a unit ought to have. What comes and goes by itself,
whatever system runs, is left out: how sure the clock is, and whether satellites are seen. A journal that the new system
calls damaged or shorter ends the trial at once; anything else may take its time to come up.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Final

import msgspec

from sync.symptoms import Why

PATIENCE_S: Final = 600.0  # a Pi 3 looks through a long journal for minutes after an unclean end
WELL_S: Final = 60.0  # a daemon that falls over and comes back is well in between
_BY_ORDER: Final = "TAP-044"  # what the office has ordered says nothing about a system
_LEFT_OUT: Final = frozenset({"clock", "gps", "daemon", "reader"})  # the last two are asked by themselves


class Verdict(StrEnum):
    KEEP = "keep"
    WAIT = "wait"
    GIVE_UP = "give-up"


class Seen(msgspec.Struct, frozen=True):
    """How a unit is at one moment.

    Attributes:
        answers: its daemon can be asked; if not, nothing below is known.
        serves: it turns nobody away.
        readers, screens: how many readers are there, how many pages of its screen are open.
        parts: which of its devices, and whether the centre, `machi unit doctor` found well.
        frozen: why its money functions are frozen, or "".
        gaps: how many holes its journal has declared.
        is_whole: the journal, looked through from its first entry; None: nobody has looked.
    """

    answers: bool = False
    serves: bool = False
    readers: int = 0
    screens: int = 0
    parts: tuple[str, ...] = ()
    frozen: str = ""
    gaps: int = 0
    is_whole: bool | None = None


NOTHING: Final = Seen()


_NEAR_MS: Final = 120_000
_CENTRE: Final = "centre"


def with_centre(worked: Seen, status: Mapping[str, Any] | None, wall_ms: int) -> Seen:
    """Add that the centre could be reached, if the uplink has just been there: whoever looks may have no network.

    Args:
        wall_ms: by this unit's clock; one that is wrong leaves it open.
    """
    contact_ms = status["contact_ms"] if status else None
    if contact_ms is None or abs(wall_ms - contact_ms) > _NEAR_MS:
        return worked
    return msgspec.structs.replace(worked, parts=tuple(sorted({*worked.parts, _CENTRE})))


class Judgement(msgspec.Struct, frozen=True):
    """What to do, and what is missing for it: the gravest first."""

    verdict: Verdict
    missing: tuple[str, ...] = ()


def seen(status: Mapping[str, Any] | None, well: Iterable[str], *, is_whole: bool | None = None) -> Seen:
    """Put together how a unit is.

    Args:
        status: what the running unit says (`machi.unit.status/1`); None or empty if it cannot be asked.
        well: the devices that the doctor found well.
    """
    if not status:
        return NOTHING
    return Seen(
        answers=True,
        serves=status["closed"] in (None, _BY_ORDER) and not status["frozen"],
        readers=len(status["readers"]),
        screens=status["screens"],
        parts=tuple(sorted(set(well) - _LEFT_OUT)),
        frozen=status["frozen"],
        gaps=len(status["lost"]),
        is_whole=is_whole,
    )


_DAEMON, _JOURNAL, _SERVICE, _READER, _SCREEN = "daemon", "journal", "service", "reader", "screen"
_WHY: Final[Mapping[str, Why]] = {
    _DAEMON: Why.DAEMON,
    _JOURNAL: Why.JOURNAL,
    _SERVICE: Why.SERVICE,
    _READER: Why.READER,
    _SCREEN: Why.SCREEN,
    "display": Why.SCREEN,
    "printer": Why.PRINTER,
    _CENTRE: Why.CENTRE,
}


def missing(before: Seen, now: Seen) -> tuple[str, ...]:
    """Return what worked before and does not now, the gravest first."""
    if not now.answers:
        return (_DAEMON,) if before.answers else ()  # a box that no town has let in has no daemon
    is_shorter = now.is_whole is False or now.gaps > before.gaps or bool(now.frozen and not before.frozen)
    found = {
        _JOURNAL: is_shorter,
        _SERVICE: before.serves and not now.serves,
        _READER: now.readers < before.readers,
        _SCREEN: now.screens < min(before.screens, 1),
    }
    gone = tuple(part for part in before.parts if part not in now.parts)
    return (*(name for name, is_missing in found.items() if is_missing), *gone)


class Times(msgspec.Struct, frozen=True):
    """How long it may take until everything is up, and for how long everything has to be well (seconds)."""

    patience_s: float = PATIENCE_S
    well_s: float = WELL_S


USUAL: Final = Times()


def judge(before: Seen, now: Seen, up_s: float, well_s: float, times: Times = USUAL) -> Judgement:
    """Say whether a system that is tried may stay.

    Args:
        before: how the unit was before the update.
        now: how it is; its journal has to have been looked through before it may stay.
        up_s: for how long this system has been looked at.
        well_s: for how long nothing has been missing.
    """
    lacks = missing(before, now)
    if _JOURNAL in lacks:
        return Judgement(Verdict.GIVE_UP, lacks)
    if lacks:
        return Judgement(Verdict.GIVE_UP if up_s >= times.patience_s else Verdict.WAIT, lacks)
    is_known = now.is_whole is True or not (before.answers or now.answers)
    return Judgement(Verdict.KEEP if is_known and well_s >= times.well_s else Verdict.WAIT)


def why(lacks: tuple[str, ...]) -> Why:
    """Return the reason that a person is told, by what was missing."""
    return _WHY.get(lacks[0], Why.DEVICE) if lacks else Why.CUT_OFF
