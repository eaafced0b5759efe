"""A laptop's requests, answered by the program that sshd starts on a unit; only the wire between them is left out."""

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from device.ssh import TIMEOUT_S, Answer, Session, Target
from sync.technician import Role
from tests.appliance.live import MACHI, LiveUnit
from tests.updates.board import Board


class Wire(Session):
    """One connection to a unit on a board; `asked` notes each request."""

    def __init__(self, board: Board, unit: LiveUnit) -> None:
        self._board = board
        self._unit = unit
        self.asked: list[str] = []

    @property
    def target(self) -> Target:
        return Target("lib01", "192.0.2.7")

    def ask(self, words: Sequence[str], given: bytes = b"", timeout_s: float = TIMEOUT_S) -> Answer:
        self.asked.append(words[0])
        environment = self._environment(" ".join(words))
        done = subprocess.run(
            self._command(), input=given, capture_output=True, check=False, timeout=timeout_s, env=environment
        )
        return Answer(done.returncode, done.stdout, done.stderr.decode())

    @contextmanager
    def held(self) -> Iterator["Wire"]:
        """Hold the unit, as a laptop that changes it does."""
        with subprocess.Popen(
            self._command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self._environment("hold")
        ) as holder:
            assert holder.stdin is not None
            assert holder.stdout is not None
            assert b'"yours":true' in holder.stdout.readline()
            try:
                yield self
            finally:
                holder.stdin.close()

    def _command(self) -> list[str]:
        folder = self._board.folder
        ssh, run = folder / "ssh", folder / "run"
        ssh.mkdir(exist_ok=True)
        places = {"--folder": self._unit.folder, "--ssh": ssh, "--run": run, "--settings": self._board.settings}
        words = [str(word) for name, place in places.items() for word in (name, place)]
        return [str(MACHI), "unit", "technician", str(Role.PROVISION), *words]

    def _environment(self, asked: str) -> dict[str, str]:
        connection = {"SSH_ORIGINAL_COMMAND": asked, "SSH_CONNECTION": "192.0.2.9 1 192.0.2.7 22"}
        return os.environ | self._board.environment | connection


def piece(path: Path, offset: int, count: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(count)
