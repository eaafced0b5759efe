"""What must hold between units and centre after every step, whatever happened."""

from collections.abc import Sequence
from typing import Final

from simulation.model.sync.box import Moment, Tampering
from simulation.model.sync.centre import Held
from sync.messages import is_stream

WHOLE: Final = "no handler fails, and every journal is whole"
ONCE: Final = "nothing is stored twice"
WRITTEN: Final = "nothing is stored that no unit wrote, or with another hash"
VERIFIES: Final = "what is stored verifies"
HELD: Final = "what the centre says it holds it holds, and all before it"
NAMED: Final = "two journals of one unit are never held without an incident"
LIVES: Final = "nothing of a life gets in once that life is over"
CAUSE: Final = "no incident without a cause"
STOPS: Final = "no unit stops or freezes without a cause"
COUNTED: Final = "a unit with a counter knows when something it announced is gone"
LIVENESS: Final = "liveness: a calm day empties every backlog, and all that was written is stored"

LAWS: Final = (WHOLE, ONCE, WRITTEN, VERIFIES, HELD, NAMED, LIVES, CAUSE, STOPS, COUNTED, LIVENESS)

_MAY_BE_FOUND: Final = {
    Tampering.NONE: frozenset[str](),
    Tampering.PUT_BACK: frozenset(("rollback", "clone", "old fence")),
    Tampering.COPY: frozenset(("rollback", "clone", "old fence")),
    Tampering.TWIN: frozenset(("rollback", "clone", "old fence", "fork")),
}


def broken(boxes: Sequence[Moment], held: Held, *, looked_at: bool) -> str:
    """Return what is wrong, in words, or "".

    Args:
        looked_at: the office closed an incident; a unit is told so, and no longer stops by itself.
    """
    for box in boxes:
        if box.trouble:
            return box.trouble
    return held.trouble or _strangers(boxes, held) or _alarms(boxes, held) or _stops(boxes, held, looked_at=looked_at)


def _strangers(boxes: Sequence[Moment], held: Held) -> str:
    for (unit, boot, seq), entry_hash in held.stored.items():
        if not is_stream(unit):
            wrote = (box.written.get((boot, seq)) for box in boxes if box.owner.unit == unit)
            if entry_hash not in wrote:
                return f"{unit}/{boot}/{seq} is stored as nobody wrote it"
    return ""


def _alarms(boxes: Sequence[Moment], held: Held) -> str:
    for unit, kind in sorted(held.incidents):
        causes = {box.tampering for box in boxes if box.owner.unit == unit}
        if not any(kind in _MAY_BE_FOUND[cause] for cause in causes):
            return f"a false alarm: {unit}: {kind}"
    return ""


def _stops(boxes: Sequence[Moment], held: Held, *, looked_at: bool) -> str:
    for box in boxes:
        of_unit = [other for other in boxes if other.owner.unit == box.owner.unit]
        is_honest = all(other.tampering is Tampering.NONE for other in of_unit)
        is_over = (box.owner.unit, box.owner.life) in held.over
        if is_honest and box.frozen:
            return f"{box.owner.name} freezes, and nothing happened to its disk"
        if is_honest and box.closed and not is_over:
            return f"{box.owner.name} serves nobody, and nobody closed it"
        if box.lacks and box.counted is not None and not box.frozen and not looked_at:
            return f"{box.owner.name} serves on, and something that it announced is gone from its disk"
    return ""
