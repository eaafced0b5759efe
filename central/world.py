"""The real clock, the real dice and the real disk, for the centre."""

import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path


class SystemClock:
    """A server keeps its time by NTP; what it says is believed."""

    def wall_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def confidence(self) -> str:
        return "synced"


class SystemEntropy:
    def bytes(self, count: int) -> bytes:
        return os.urandom(count)


@dataclass(frozen=True)
class Room:
    """How much there is on a disk, and how much of that is free."""

    free_bytes: int
    size_bytes: int


def room_on(folder: Path) -> Room | None:
    """Look at the disk on which a folder lies; None if it cannot be looked at."""
    try:
        found = shutil.disk_usage(folder)
    except OSError:
        return None
    return Room(found.free, found.total)
