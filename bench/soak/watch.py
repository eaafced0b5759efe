"""Looks at the centre's process every second: what it holds in memory, its open files, its threads."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from bench.processes import files, resident_kib, threads
from bench.report import median
from bench.soak.verdict import Thirds

EVERY_S: Final = 1.0
_KIB_A_MIB: Final = 1024


class Watch:
    """What was seen, second by second."""

    def __init__(self, pid: int) -> None:
        self._looks: dict[str, Callable[[], float]] = {
            "memory": lambda: resident_kib(pid) / _KIB_A_MIB,
            "files": lambda: files(pid),
            "threads": lambda: threads(pid),
        }
        self._seen: dict[str, list[float]] = {name: [] for name in self._looks}

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Look until the block is left."""
        stop = threading.Event()
        thread = threading.Thread(target=self._look, args=(stop,))
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def thirds(self, name: str) -> Thirds:
        values = self._seen[name]
        third = max(1, len(values) // 3)
        return Thirds(median(values[:third]), median(values[-third:]))

    def _look(self, stop: threading.Event) -> None:
        while not stop.wait(EVERY_S):
            for name, look in self._looks.items():
                self._seen[name].append(look())
