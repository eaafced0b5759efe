"""From bytes as they trickle in to events: where a code ends, whether it is one, whether it was just said.

Pure but for what it remembers: time comes in as an argument, in seconds that only grow.
"""

from enum import StrEnum
from typing import Final

from drivers.scanner import Event, Kind, Scanned, Unreadable, Why, parse

_ENDS: Final = b"\r\n"


class End(StrEnum):
    """What ends a code."""

    LINE = "line"  # CR, LF or both, as nearly every scanner is set
    SILENCE = "silence"  # nothing but a pause; what is cut short cannot be told from what is short


class Ear:
    """Hears one scanner.

    Args:
        end: what ends a code.
        size_max: the longest code in bytes; QR holds 7,089 digits (ISO/IEC 18004, table 1).
        again_s: a code that is said again within this time is not reported again, however often.
    """

    def __init__(self, end: End = End.LINE, size_max: int = 7089, again_s: float = 1.0) -> None:
        self._end = end
        self._size_max = size_max
        self._again_s = again_s
        self._kept = bytearray()
        self._dropped = 0  # bytes of a code that is too long
        self._last = b""
        self._last_at = 0.0

    def hear(self, data: bytes, now: float) -> list[Event]:
        """Take bytes; return what they complete."""
        events: list[Event] = []
        rest = data
        while rest:
            end = self._end_in(rest)
            if end is None:
                self._keep(rest)
                break
            self._keep(rest[:end])
            rest = rest[end + 1 :]
            events += self._complete(now)
        return events

    def silence(self, now: float) -> list[Event]:
        """Nothing has come for a while: what was begun is complete, or torn."""
        return self._complete(now) if self._end is End.SILENCE else self.cut()

    def cut(self) -> list[Event]:
        """The line has gone away: what was begun is torn."""
        kept = self._take()
        if isinstance(kept, Unreadable):
            return [kept]
        if not kept:
            return []
        return [Unreadable(Why.NOISE if parse(kept).kind is Kind.BINARY else Why.TORN, len(kept))]

    def _end_in(self, data: bytes) -> int | None:
        if self._end is End.SILENCE:
            return None
        return min((place for end in _ENDS if (place := data.find(end)) >= 0), default=None)

    def _keep(self, data: bytes) -> None:
        self._kept += data
        if self._dropped or len(self._kept) > self._size_max:
            self._dropped += len(self._kept)
            self._kept.clear()

    def _take(self) -> bytes | Unreadable:
        kept, dropped = bytes(self._kept), self._dropped
        self._kept.clear()
        self._dropped = 0
        return Unreadable(Why.TOO_LONG, dropped) if dropped else kept

    def _complete(self, now: float) -> list[Event]:
        kept = self._take()
        if isinstance(kept, Unreadable):
            return [kept]
        kept = kept.strip(_ENDS)
        if not kept:
            return []
        scan = parse(kept)
        if scan.kind is Kind.BINARY:
            return [Unreadable(Why.NOISE, len(kept))]
        is_again = kept == self._last and now - self._last_at < self._again_s
        self._last, self._last_at = kept, now
        return [] if is_again else [Scanned(scan)]
