"""The units as those who look after them see them: who needs somebody, who is late, who is well. Pure."""

from collections.abc import Sequence
from typing import Final

import msgspec

from central.console.books import UnitLine
from central.console.moment import Moment, Say
from central.console.standing import Standing, is_near, neediest_first
from central.console.troubles import DAY_MS, Seen, Trouble, of_unit
from central.heard import HOUR_MS
from sync.symptoms import What

_LATE: Final = ("late", "new")


class FleetLine(msgspec.Struct, frozen=True):
    """One unit.

    Attributes:
        usual: what is to be thought of its silence, by its habits; None while it is connected.
        certificate_days: whole days until its certificate ends, negative when it has; None if none was seen.
        hot, failed_reads: °C inside, percent of reads that failed, as it says them while it suffers from them.
    """

    unit: UnitLine
    standing: Standing
    troubles: tuple[Trouble, ...]
    usual: Say | None
    certificate_days: int | None
    hot: int | None
    failed_reads: int | None


class Fleet(msgspec.Struct, frozen=True):
    """All units, the neediest first in each part. `common`: what needs somebody and is about no single unit."""

    common: tuple[Trouble, ...]
    needs: tuple[FleetLine, ...]
    late: tuple[FleetLine, ...]
    well: tuple[FleetLine, ...]
    closed: tuple[FleetLine, ...]


def fleet(seen: Seen, found: Sequence[Trouble], moment: Moment) -> Fleet:
    """Sort the units by who needs somebody."""
    parts: dict[str, list[FleetLine]] = {"needs": [], "late": [], "well": [], "closed": []}
    for unit, standing in neediest_first(seen.units, moment, found):
        name = standing.name
        part = "needs" if name == "need" else "late" if name in _LATE else "closed" if name == "closed" else "well"
        parts[part].append(_line(unit, standing, seen, found, moment))
    common = tuple(one for one in found if not one.unit)
    return Fleet(common, *(tuple(some) for some in parts.values()))


def _line(unit: UnitLine, standing: Standing, seen: Seen, found: Sequence[Trouble], moment: Moment) -> FleetLine:
    ends_ms = unit.certificate_ms
    said = {one.what: one.figure for one in unit.symptoms}
    return FleetLine(
        unit,
        standing,
        tuple(of_unit(found, unit.name)),
        usual(unit, seen, moment),
        None if ends_ms is None else (ends_ms - moment.now_ms) // DAY_MS,
        said.get(What.HOT),
        said.get(What.READER_DIRTY),
    )


def usual(unit: UnitLine, seen: Seen, moment: Moment) -> Say | None:
    """Say what its habits make of a unit's silence."""
    if unit.contact_ms is None or is_near(unit, moment):
        return None
    if unit.name in seen.drained:
        return Say("片づけている端末です。", "It is being put away.")
    rhythm = seen.rhythms.get(unit.name)
    if rhythm is None or not rhythm.is_learned:
        return Say("ふだんの時間は、まだ覚えているところです。", "Its usual hours are still being learned.")
    if rhythm.expects(moment.now_ms // HOUR_MS):
        return Say("ふだんは、この時間につながっています。", "It is usually heard at this hour.")
    at_ms = rhythm.next_ms(moment.now_ms)
    if at_ms is None:
        return Say("決まった時間はありません。", "It has no usual hours.")
    at = moment.weekly(at_ms)
    return Say(
        f"ふだん、この時間は休みです。次は{at.ja}ごろ。", f"Usually silent at this hour; expected about {at.en}."
    )
