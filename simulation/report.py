"""Tells of a failing plan: what was done, and what people saw beside what the books say."""

from collections.abc import Sequence

from simulation import books
from simulation.books import Books
from simulation.people import Touch
from simulation.run import Outcome
from simulation.town import SimTown
from simulation.trace import clock

_LEFT = 58
_ROWS_MAX = 40


def failure(outcome: Outcome, town: SimTown | None, replay: str) -> str:
    """Return the story of a failing plan, for a person.

    Args:
        replay: the command that plays it again.
    """
    setting = outcome.setting
    out = [f"seed {setting.seed}, {setting.faults}: {len(outcome.findings)} broken promises"]
    out += [f"  {found.kind}: {found.text} {found.entry}".rstrip() for found in outcome.findings[:10]]
    out += ["", "what happened:", *(f"  {line}" for line in outcome.lines[-_ROWS_MAX:])]
    if outcome.crash:
        out += ["", outcome.crash.rstrip()]
    if town is not None and not outcome.crash:
        units = {found.unit for found in outcome.findings if found.unit} or {box.name for box in town.boxes}
        out += ["", *_side_by_side(town, sorted(units))]
    return "\n".join([*out, "", f"again: {replay}"])


def _side_by_side(town: SimTown, units: Sequence[str]) -> list[str]:
    written = books.read(town.centre.centre.engine)
    rows = ["what people saw".ljust(_LEFT) + "what the books say"]
    touches = [touch for touch in town.people.touches if touch.unit in units]
    rows += [_saw(touch).ljust(_LEFT) + _booked(touch, written) for touch in touches[-_ROWS_MAX:]]
    heard = {touch.said.entry for touch in touches if touch.said}
    for booked in written.touches.values():
        if booked.unit in units and booked.entry not in heard:
            rows.append("".ljust(_LEFT) + f"{booked.entry} card {booked.card[:8]}, which nobody heard")
    for unit in units:
        kinds = ", ".join(sorted(written.incidents.get(unit, {"none"})))
        mishaps = ", ".join(mishap for box in town.people.boxes if box.unit == unit for mishap in box.mishaps)
        rows.append(f"{unit}: {mishaps or 'no mishap'}".ljust(_LEFT) + f"incidents: {kinds}")
    return rows


def _saw(touch: Touch) -> str:
    what = touch.said.message if touch.said else "nothing" if touch.lit else "a dark unit"
    return f"{clock(touch.at)} card {touch.card} at {touch.unit}#{touch.box}: {what}"


def _booked(touch: Touch, written: Books) -> str:
    if touch.said is None or not touch.said.entry:
        return "-"
    hashes = written.held.get(touch.said.entry)
    if hashes is None:
        return f"{touch.said.entry} is not there"
    same = "the same bytes" if set(hashes) == {touch.said.hash} else "OTHER BYTES"
    return f"{touch.said.entry} {hashes.total()} time(s), {same}"
