"""What is wrong with a soak, if anything: in the books, in the calls, in the centre's process. Decides only."""

from typing import Final

import msgspec

from demo.verdict import Verdict
from sync.program import Result

MEMORY_MORE_MIB_MAX: Final = 16.0  # from the first third to the last; a leak of a whole hour goes far beyond
HANDLES_MORE_MAX: Final = 8  # files and threads that come and go with the work
CALL_P99_MS_MAX: Final = 1_000.0


class Thirds(msgspec.Struct, frozen=True):
    """A figure of the centre's process: its median in the first third of the time, and in the last."""

    first: float
    last: float

    @property
    def growth(self) -> float:
        return self.last - self.first


class Figures(msgspec.Struct, frozen=True):
    """What a soak measured.

    Attributes:
        taps: cards that were held to a reader.
        late_p99_ms: how far a touch came behind its time, because the one before it was not done.
        failures: calls without an answer and refusals, by what was said.
        drained: nothing was left to send in the end.
    """

    minutes: float
    taps: int
    rounds: int
    calls: int
    call_p50_ms: float
    call_p99_ms: float
    touch_p99_ms: float
    late_p99_ms: float
    failures: dict[str, int]
    drained: bool
    memory_mib: Thirds
    files: Thirds
    threads: Thirds
    books: Verdict


def wrong(said: Figures) -> list[str]:
    """Return everything that is not as it should be, in words."""
    found = [f"{what}, {times} times" for what, times in said.failures.items()]
    books = said.books
    answered = sum(times for result, times in books.results.items() if result != Result.READING)
    if not books.is_good or answered != said.taps:
        found.append(f"the books: {said.taps} taps, and {msgspec.to_builtins(books)}")
    if not said.drained:
        found.append("units still had entries to send")
    if said.call_p99_ms > CALL_P99_MS_MAX:
        found.append(f"one call in a hundred took more than {said.call_p99_ms:.0f} ms")
    if said.memory_mib.growth > MEMORY_MORE_MIB_MAX:
        found.append(f"the centre's memory grew by {said.memory_mib.growth:.1f} MiB")
    for name, handles in (("files", said.files), ("threads", said.threads)):
        if handles.growth > HANDLES_MORE_MAX:
            found.append(f"the centre had {handles.growth:.0f} more {name} in the last third than in the first")
    return found
