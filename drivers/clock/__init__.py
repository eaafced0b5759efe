"""The clock port: what time it is, how long something took, and whether the time of day can be believed."""

from enum import StrEnum
from typing import Protocol


class Confidence(StrEnum):
    """How much the wall clock can be believed."""

    SYNCED = "synced"  # set by a time source since this boot, and still followed
    HELD = "held"  # kept by a battery clock, or by an earlier synchronisation
    UNKNOWN = "unknown"  # nothing vouches for it: a Pi without battery that has just started


class Clock(Protocol):
    def wall_ms(self) -> int:
        """Unix time in milliseconds; may jump either way, and may be in 1970."""

    def mono(self) -> float:
        """Seconds that only ever grow, at an even pace, from an arbitrary start; lost at a reboot."""

    def confidence(self) -> Confidence: ...

    def sleep(self, seconds: float) -> None:
        """Wait; a simulated clock jumps ahead instead."""
