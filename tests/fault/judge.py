"""Holds what people heard at a unit against its journal, after whatever happened to it."""

from collections.abc import Sequence
from pathlib import Path

from tests.fault.desk import Desk


def judge(desk: Desk, residents: Sequence[int], what: str, place: Path) -> int:
    """Start the unit again, let everybody who heard nothing yet come back, and look for every promise.

    Everybody touches once and is told once, in the order of `residents`; whoever was told is not asked to come again.

    Args:
        what: what had happened, for the words of a failure.
        place: where copies may lie.

    Returns:
        How many came back and were told that their first touch had counted.
    """
    before = desk.about()
    wrong = desk.check(place / "copy")
    assert not wrong or not before, f"{what}: {wrong}"
    assert desk.begin(), f"{what}: {desk.unit.said()}"
    written = desk.unit.entries()
    told_later = 0
    for resident in residents[len(before) :]:
        heard = desk.tap(resident)
        assert heard is not None, f"{what}: {desk.unit.said()}"
        assert heard[0] == "ok_points", f"{what}: {heard}"
        told_later += heard[1].split()[0] in written
    assert before.items() <= desk.about().items()
    entries = desk.unit.entries()
    for entry, entry_hash in desk.about().items():
        assert entry in entries, f"{what}: {entry} was heard and is gone"
        assert entries[entry][0] == entry_hash, f"{what}: {entry} was heard with other bytes"
    cards = [body["card"] for _, body in entries.values() if body["kind"] == "visits.touch"]
    assert len(set(cards)) == len(residents), f"{what}: somebody's touch is not there"
    assert len(cards) == len(residents), f"{what}: somebody's touch is there twice"
    assert not desk.unit.status()["frozen"], what
    assert desk.end() == 0, f"{what}: {desk.unit.said()}"
    return told_later
