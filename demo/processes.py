"""Starts the town's processes and ends them: in order when asked, with this process if it is killed."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

MACHI: Final = Path(sys.executable).parent / "machi"
STOP_S: Final = 10.0
READY_S: Final = 20.0
_POLL_S: Final = 0.05
_PR_SET_PDEATHSIG: Final = 1
_LOG_LINES: Final = 15


class StartError(Exception):
    """A process of the town did not start; the message ends with what it said last."""


class Process:
    """One process with a log of its own."""

    def __init__(self, name: str, arguments: list[str], log: Path, environment: Mapping[str, str]) -> None:
        self._name = name
        self._arguments = arguments
        self._log = log
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Its number.

        Raises:
            StartError: it does not run.
        """
        if self._process is None:
            raise StartError(f"{self._name} does not run")
        return self._process.pid

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(MACHI), *self._arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=os.environ | self._environment,
                start_new_session=True,  # a Ctrl-C is for the demo, which ends its processes in order
                preexec_fn=_end_with_parent,  # noqa: PLW1509 - no thread of ours holds a lock at this point
            )

    def wait_until(self, ready: Callable[[], bool]) -> None:
        """Wait until it is ready.

        Raises:
            StartError: it ended, or took too long.
        """
        until = time.monotonic() + READY_S
        while not ready():
            if self._process is None or self._process.poll() is not None or time.monotonic() > until:
                said = self._log.read_text(errors="replace").splitlines()[-_LOG_LINES:]
                raise StartError("\n".join([f"{self._name} did not start:", *said]))
            time.sleep(_POLL_S)

    def ask_to_end(self) -> None:
        """Ask it to end, without waiting."""
        if self._process:
            self._process.terminate()

    def stop(self) -> None:
        """End in order; by force, if it does not."""
        self.ask_to_end()
        process, self._process = self._process, None
        if process is None:
            return
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def kill(self) -> None:
        """Kill it, as a power cut would."""
        process, self._process = self._process, None
        if process:
            process.send_signal(signal.SIGKILL)
            process.wait()


def machi(
    *arguments: str | Path,
    environment: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    ends: Collection[int] = (0,),
) -> bytes:
    """Run a command of machi to its end and return what it printed.

    Args:
        ends: with which exit codes it may end.

    Raises:
        StartError: it ended with another one.
    """
    done = subprocess.run(
        [str(MACHI), *map(str, arguments)],
        input=stdin,
        capture_output=True,
        env=os.environ | dict(environment or {}),
        check=False,
    )
    if done.returncode not in ends:
        words = " ".join(map(str, arguments))
        raise StartError(f"machi {words}: exit code {done.returncode}\n{done.stderr.decode(errors='replace')}")
    return done.stdout


def machi_says(*arguments: str | Path, stdin: bytes = b"", ends: Collection[int] = (0,)) -> dict[str, Any]:
    """Run a command of machi, and return the JSON document that it printed.

    Raises:
        StartError: as `machi`.
    """
    said: dict[str, Any] = msgspec.json.decode(machi(*arguments, "--json", stdin=stdin, ends=ends))
    return said


def wait_for(condition: Callable[[], bool], otherwise: str, seconds: float) -> None:
    """Wait for something.

    Raises:
        TimeoutError: it did not come about in time; `otherwise` says what that means.
    """
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError(f"{otherwise} in {seconds:.0f} s")
        time.sleep(_POLL_S)


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
