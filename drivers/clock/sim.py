"""A clock that stands still until it is told to move, and that can be set wrong as a clerk would say it."""

import msgspec

from drivers.clock import Confidence

MS = 1000


class Driver:
    """Capabilities: wall time, monotonic time, confidence; faults: `jump`, `stop`, `drift`."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        wall_ms: int = 1_795_392_000_000  # 2026-11-23 09:00 in Japan
        confidence: Confidence = Confidence.HELD

    def __init__(self, options: Options | None = None) -> None:
        options = options or self.Options()
        self._wall_ms = float(options.wall_ms)
        self._mono = 0.0
        self._confidence = options.confidence
        self._pace = 1.0

    def wall_ms(self) -> int:
        return int(self._wall_ms)

    def mono(self) -> float:
        return self._mono

    def confidence(self) -> Confidence:
        return self._confidence

    def sleep(self, seconds: float) -> None:
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Let time pass: the monotonic clock evenly, the wall clock at its own pace."""
        self._mono += seconds
        self._wall_ms += seconds * MS * self._pace

    def jump(self, seconds: float, confidence: Confidence | None = None) -> None:
        """Set the wall clock ahead or back; nothing else notices."""
        self._wall_ms += seconds * MS
        self._confidence = confidence or self._confidence

    def drift(self, pace: float) -> None:
        """Run the wall clock at `pace` seconds a second: 0 has it stopped, 1.0001 is a poor crystal."""
        self._pace = pace
