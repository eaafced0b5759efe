"""A process whose system calls are watched; one is struck: killed there, failed, or only claimed to be done."""

import re
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.appliance.live import wait_until

WRITING = ("pwrite64", "write", "fdatasync", "fsync", "ftruncate", "unlink")
KILLED, FAILED, FULL, LIED = "signal=KILL", "error=EIO", "error=ENOSPC", "retval=0"
_LINE = re.compile(r"^\d+ +(\w+)\((.*)$")


@dataclass(frozen=True)
class Blow:
    """What happens to the n-th call of a kind on the watched files, or from the n-th on."""

    call: str
    nth: int
    how: str
    onwards: bool = False

    def __str__(self) -> str:
        return f"{self.how} at {self.call} number {self.nth}{' and all that follow' if self.onwards else ''}"


@dataclass(frozen=True)
class Strace:
    """strace in front of a command; the process itself stays our child.

    Attributes:
        files: what is watched, whether it is there yet or not.
        log: where the calls go.
    """

    files: Sequence[Path]
    log: Path
    blow: Blow | None = None

    @property
    def within(self) -> list[str]:
        """Return what is put in front of the command."""
        paths = [word for file in self.files for word in ("-P", str(file))]
        struck: list[str] = []
        if self.blow:
            plus = "+" if self.blow.onwards else ""
            struck = ["-e", f"inject={self.blow.call}:{self.blow.how}:when={self.blow.nth}{plus}"]
        # A filter in the kernel makes the rest of the process as fast as ever, but lets no signal through.
        filtered = [] if self.blow and self.blow.how == KILLED else ["--seccomp-bpf"]
        quietly = ["strace", "-D", "-f", "-qq", "-y", "-o", str(self.log), *filtered]
        return [*quietly, *paths, "-e", f"trace={','.join(WRITING)}", *struck]

    @contextmanager
    def attached(self, process: subprocess.Popen[bytes]) -> Iterator[None]:
        """Watch a process that runs already; its calls are counted from now on."""
        command = [word for word in self.within if word not in ("-D", "--seccomp-bpf")]
        with subprocess.Popen([*command, "-p", str(process.pid)], stderr=subprocess.DEVNULL) as tracer:
            tracing = Path(f"/proc/{process.pid}/status")
            # A centre also writes by itself: the blow may have fallen before anybody looks.
            wait_until(
                lambda: process.poll() is not None or f"TracerPid:\t{tracer.pid}\n" in tracing.read_text(),
                "strace does not attach",
            )
            try:
                yield
            finally:
                if process.poll() is None:  # otherwise it writes its log to the end, and ends by itself
                    tracer.terminate()

    @property
    def fell(self) -> bool:
        """Whether the blow fell; of a kill, the exit code tells."""
        return "(INJECTED)" in self.log.read_text()

    def moments(self) -> list[tuple[str, int]]:
        """Return every call as its kind and its number among its kind, in the order in which they came."""
        numbers: dict[str, int] = {}
        found = []
        for line in self.log.read_text().splitlines():
            if match := _LINE.match(line):
                call = match.group(1)
                numbers[call] = numbers.get(call, 0) + 1
                found.append((call, numbers[call]))
        return found

    def after_the_blow(self) -> list[str]:
        """Return the calls that came after the blow, as strace printed them."""
        lines = self.log.read_text().splitlines()
        struck = next(at for at, line in enumerate(lines) if "(INJECTED)" in line)
        return [line for line in lines[struck + 1 :] if _LINE.match(line)]


def spread(moments: Sequence[tuple[str, int]], count: int, calls: Iterable[str] = WRITING) -> list[tuple[str, int]]:
    """Choose so many of these moments, from the first to the last, as evenly as can be."""
    wanted = set(calls)
    there = [moment for moment in moments if moment[0] in wanted]
    if count >= len(there):
        return there
    step = (len(there) - 1) / max(1, count - 1)
    return [there[round(number * step)] for number in range(count)]
