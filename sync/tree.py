"""The tree of boots: a chain goes on from boot to boot, and branches when a disk was put back in time.

Who holds the end of a branch holds everything before it. So two sides can compare any history by naming a few ends.
Arithmetic only.
"""

from collections.abc import Iterable, Mapping

from sync.facts import Place

After = Mapping[str, Place | None]
"""For each boot the entry that it continues, or None for the first ever (or one whose beginning was lost)."""


def held_upto(after: After, ends: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Return, for each boot, the last entry that somebody holds who holds these ends; unknown boots are left out."""
    upto: dict[str, int] = {}
    for end_boot, end_seq in ends:
        boot, seq = end_boot, end_seq
        while boot in after and upto.get(boot, 0) < seq:
            upto[boot] = seq
            before = after[boot]
            if before is None:
                break
            boot, seq = before.boot, before.seq
    return upto


def ends(after: After, last: Mapping[str, int]) -> list[tuple[str, int]]:
    """Return the ends of the branches: the last entry of every boot that no other boot continues, by boot."""
    continued = {(place.boot, place.seq) for boot, place in after.items() if place and boot in last}
    return sorted((boot, seq) for boot, seq in last.items() if (boot, seq) not in continued)


def ends_text(places: Iterable[tuple[str, int]]) -> str:
    """Write ends as `boot/seq,boot/seq`."""
    return ",".join(f"{boot}/{seq}" for boot, seq in places)


def ends_from_text(text: str) -> list[tuple[str, int]]:
    """Undo `ends_text`.

    Raises:
        ValueError: it is not of that form.
    """
    pairs = [part.split("/") for part in text.split(",") if part]
    return [(boot, int(seq)) for boot, seq in pairs]
