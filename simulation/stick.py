"""A technician carries a journal to the centre on a USB stick: the whole of it, whatever the centre holds already."""

from appliance.outbox import Outbox
from central.refusal import RefusedError
from simulation.centre import SimCentre
from simulation.unit import SimUnit
from sync.client import UnreachableError
from sync.segment import Segment, pack, to_text


def carry(centre: SimCentre, unit: SimUnit) -> int:
    """Carry a running unit's journal to the centre; return how many segments had something new."""
    new = 0
    for segment in whole_journal(unit):
        packed = pack(to_text(segment))
        try:
            new += centre.run(lambda packed=packed: centre.centre.intake.carry_in(packed))  # type: ignore[misc]
        except (RefusedError, UnreachableError):
            break
    return new


def whole_journal(unit: SimUnit) -> list[Segment]:
    """Return a running unit's journal as segments, as if the centre held nothing of it."""
    return list(Outbox(unit.running.opened.journal, unit.running.opened.history).rest())
