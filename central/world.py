"""The real clock and the real dice, for the centre."""

import os
import time


class SystemClock:
    """A server keeps its time by NTP; what it says is believed."""

    def wall_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def confidence(self) -> str:
        return "synced"


class SystemEntropy:
    def bytes(self, count: int) -> bytes:
        return os.urandom(count)
