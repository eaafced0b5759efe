"""How a unit stands, in one word that a person can act on: those that need somebody come first."""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from central.console.books import UnitLine
from central.console.moment import Moment, Say
from central.console.troubles import Trouble
from sync.facts import UnitState
from sync.symptoms import Grade

LATE_MS: Final = 90_000  # several contacts in a row did not come


class Standing(msgspec.Struct, frozen=True):
    """What is shown of a unit. `rank` sorts, the neediest first.

    Attributes:
        ill: what is wrong with it, a sentence each, with how soon it matters; also of one that works.
    """

    rank: int
    name: str
    symbol: str
    ja: str
    en: str
    ill: tuple[tuple[Grade, Say], ...] = ()


def standing(unit: UnitLine, moment: Moment, troubles: Iterable[Trouble]) -> Standing:
    """Judge a unit by its troubles. Being offline is none: a unit serves without a network."""
    if unit.state == UnitState.CLOSED:
        return Standing(5, "closed", "－", "終了", "Closed")
    ill = tuple((one.grade, one.say) for one in troubles if one.unit == unit.name)
    if any(grade is Grade.ACT for grade, _ in ill):
        return Standing(0, "need", "×", "要確認", "Needs somebody", ill)
    if unit.contact_ms is None:
        return Standing(1, "new", "…", "連絡を待っています", "Not heard of yet", ill)
    if not is_near(unit, moment):
        return Standing(2, "late", "△", "オフライン(使えます)", "Offline, still serves", ill)
    if unit.unsent:
        return Standing(3, "sending", "↑", f"送信中 {unit.unsent:,}", f"Sending {unit.unsent:,}", ill)
    return Standing(4, "ok", "○", "つながっています", "Connected", ill)


def is_near(unit: UnitLine, moment: Moment) -> bool:
    """Whether a unit is connected, however ill it is."""
    is_open = unit.state != UnitState.CLOSED
    return is_open and unit.contact_ms is not None and moment.now_ms - unit.contact_ms <= LATE_MS


def neediest_first(
    units: Iterable[UnitLine], moment: Moment, troubles: Sequence[Trouble]
) -> list[tuple[UnitLine, Standing]]:
    """Return units with how they stand, those that need somebody first; of the same, those that will, then by name."""
    judged = [(unit, standing(unit, moment, troubles)) for unit in units]
    return sorted(judged, key=lambda one: (one[1].rank, not one[1].ill, one[0].name))
