"""How a unit stands, in one word that a person can act on: those that need somebody come first."""

from collections.abc import Iterator
from typing import Final

import msgspec

from central.console.books import UnitLine
from central.console.moment import Moment, Say
from sync.facts import UnitState
from sync.symptoms import Grade, meaning

LATE_MS: Final = 90_000  # several contacts in a row did not come
SILENT_MS: Final = 86_400_000  # a bus comes home in the evening; after a day somebody should look


class Standing(msgspec.Struct, frozen=True):
    """What is shown of a unit. `rank` sorts, the neediest first.

    Attributes:
        why: what to look at, in a sentence each.
        ill: what the unit itself says that it suffers from, with how soon it matters; a unit that works may say so too.
    """

    rank: int
    name: str
    symbol: str
    ja: str
    en: str
    why: tuple[Say, ...] = ()
    ill: tuple[tuple[Grade, Say], ...] = ()


def standing(unit: UnitLine, moment: Moment) -> Standing:
    """Judge a unit by what the centre knows of it. Being offline is no fault: a unit serves without a network."""
    if unit.state == UnitState.CLOSED:
        return Standing(5, "closed", "－", "終了", "Closed")
    why, ill = tuple(_needs(unit, moment)), tuple(_suffers(unit))
    if why or any(grade is Grade.ACT for grade, _ in ill):
        return Standing(0, "need", "×", "要確認", "Needs somebody", why, ill)
    if unit.contact_ms is None:
        return Standing(1, "new", "…", "連絡を待っています", "Not heard of yet", why, ill)
    if not is_near(unit, moment):
        return Standing(2, "late", "△", "オフライン(使えます)", "Offline, still serves", why, ill)
    if unit.unsent:
        return Standing(3, "sending", "↑", f"送信中 {unit.unsent:,}", f"Sending {unit.unsent:,}", why, ill)
    return Standing(4, "ok", "○", "つながっています", "Connected", why, ill)


def is_near(unit: UnitLine, moment: Moment) -> bool:
    """Whether a unit is connected, however ill it is."""
    is_open = unit.state != UnitState.CLOSED
    return is_open and unit.contact_ms is not None and moment.now_ms - unit.contact_ms <= LATE_MS


def _needs(unit: UnitLine, moment: Moment) -> list[Say]:
    why = []
    if unit.state == UnitState.SUSPENDED:
        why.append(Say("町がこの端末を止めています。", "The town has suspended this unit."))
    if unit.incidents:
        many = f"{unit.incidents} incidents are open." if unit.incidents > 1 else "An incident is open."
        why.append(Say(f"確かめることが{unit.incidents}件あります。", many))
    if unit.says:
        why.append(Say("端末が困っています。", f"It says: {unit.says}."))
    if unit.contact_ms is not None and moment.now_ms - unit.contact_ms > SILENT_MS:
        ago = moment.ago(unit.contact_ms)
        why.append(Say(f"最後の連絡は{ago.ja}です。", f"Last heard of {ago.en}."))
    return why


def _suffers(unit: UnitLine) -> Iterator[tuple[Grade, Say]]:
    for symptom in unit.symptoms:
        words = meaning(symptom)
        yield symptom.grade, Say(f"{words.ja}。", f"{words.en[0].upper()}{words.en[1:]}.")


def neediest_first(units: list[UnitLine], moment: Moment) -> list[tuple[UnitLine, Standing]]:
    """Return units with how they stand, those that need somebody first; of the same, those that will, then by name."""
    judged = [(unit, standing(unit, moment)) for unit in units]
    return sorted(judged, key=lambda one: (one[1].rank, not one[1].ill, one[0].name))
