"""The trace of a run: a line a deed, the same to the byte for the same seed."""

import hashlib

from simulation.deeds import DAY_MS, Deed

_MS_S = 1000
_S_MIN = 60
_MIN_H = 60


class Trace:
    """Collects what happened, in words."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def add(self, now: int, deed: Deed, outcome: str) -> None:
        where = f" unit{deed.slot:02d}" if deed.slot >= 0 else ""
        who = f" card{deed.card}" if deed.card >= 0 else ""
        self.lines.append(f"{clock(now)} {deed.what}{where}{who}: {outcome}")

    @property
    def digest(self) -> str:
        """Return a hash of all lines."""
        return hashlib.sha256("\n".join(self.lines).encode()).hexdigest()


def clock(now: int) -> str:
    """Write the town's time as day and hours."""
    day, ms = divmod(now, DAY_MS)
    seconds, ms = divmod(ms, _MS_S)
    minutes, seconds = divmod(seconds, _S_MIN)
    hours, minutes = divmod(minutes, _MIN_H)
    return f"day{day} {hours:02d}:{minutes:02d}:{seconds:02d}.{ms:03d}"
