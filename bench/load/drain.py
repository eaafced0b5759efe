"""Several processes full of units, all of which come at once; and what it took."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec

from bench.load import Size

READY: Final = "ready"


class Order(msgspec.Struct, frozen=True):
    """What one process is to bring."""

    backlogs: list[str]
    at_a_time: int


class Brought(msgspec.Struct, frozen=True):
    """What it took. `began`, `ended`: by the machine's monotonic clock, which all processes share.

    Attributes:
        rounds: seconds of each unit's round, with the greeting of its connection.
        calls: seconds of each call in them.
    """

    began: float
    ended: float
    rounds: list[float]
    calls: list[float]


class Fleet:
    """The processes; they live as long as the block."""

    def __init__(self, size: Size) -> None:
        self._size = size
        self._processes: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "bench.load"]
        for _ in range(self._size.processes):
            self._processes.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for process in self._processes:
            process.terminate()
            process.communicate()

    def get_ready(self, backlogs: Sequence[Path]) -> None:
        """Hand the units out to the processes, and wait until all have read their journals and certificates."""
        for number, process in enumerate(self._processes):
            order = Order([str(path) for path in backlogs[number :: len(self._processes)]], self._size.at_a_time)
            self._say(process, msgspec.json.encode(order).decode())
        for process in self._processes:
            if self._hear(process) != READY:
                raise RuntimeError("the units did not get ready")

    def drain(self) -> Brought:
        """Let all units come; return what it took from the first to the last."""
        for process in self._processes:
            self._say(process, "go")
        each = [msgspec.json.decode(self._hear(process), type=Brought) for process in self._processes]
        return Brought(
            min(one.began for one in each),
            max(one.ended for one in each),
            [seconds for one in each for seconds in one.rounds],
            [seconds for one in each for seconds in one.calls],
        )

    @staticmethod
    def _say(process: "subprocess.Popen[str]", line: str) -> None:
        if process.stdin is None:
            raise RuntimeError("this process does not listen")
        process.stdin.write(f"{line}\n")
        process.stdin.flush()

    @staticmethod
    def _hear(process: "subprocess.Popen[str]") -> str:
        said = process.stdout.readline().rstrip("\n") if process.stdout else ""
        if not said:
            raise RuntimeError(f"a process of units ended with {process.wait()}; what it said stands above")
        return said
