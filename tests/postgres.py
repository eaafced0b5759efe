"""A PostgreSQL server of our own, in a folder of its own, reached by its Unix socket only."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

BIN = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)
"""Where PostgreSQL is installed, or None."""

_GONE_S = 10.0
_CONNECTIONS_MAX = 300  # many towns may share one server, and each keeps some open


@dataclass
class Postgres:
    """A running server: its URL for SQLAlchemy, and its first process, whose children are all the others."""

    url: str
    folder: Path
    command: list[str]
    pid: int = 0

    @property
    def libpq_url(self) -> str:
        return self.url.replace("+psycopg", "")

    def start(self) -> None:
        subprocess.run(self.command, check=True, capture_output=True, cwd=self.folder)
        self.pid = int((self.folder / "data" / "postmaster.pid").read_text().splitlines()[0])

    def kill(self) -> None:
        """Kill every process of the server at once, as the end of its machine would."""
        os.kill(self.pid, signal.SIGSTOP)  # it starts no more of them
        doomed = [*_children(self.pid), self.pid]
        for process in doomed:
            os.kill(process, signal.SIGKILL)
        until = time.monotonic() + _GONE_S
        while any(_is_running(process) for process in doomed):
            assert time.monotonic() < until, "killed, and still there"
            time.sleep(0.01)
        for lock in (self.folder / "data" / "postmaster.pid", *self.folder.glob(".s.PGSQL.*.lock")):
            lock.unlink()  # the server may lie there unburied for a while, and would be taken for running


@contextmanager
def private_postgres(binaries: Path, *, durable: bool) -> Iterator[Postgres]:
    """Run a server; `durable`: it syncs every commit to the disk, as in service."""
    folder = Path(tempfile.mkdtemp(prefix="machi-pg-", dir="/tmp"))  # a Unix socket needs a short path
    as_user = []
    if os.geteuid() == 0:  # the server refuses to be root
        shutil.chown(folder, "postgres", "postgres")
        as_user = ["runuser", "-u", "postgres", "--"]
    data, log = folder / "data", folder / "log"
    run = [*as_user, str(binaries / "initdb"), "-D", str(data), "-U", "machi", "-A", "trust", "--no-sync"]
    subprocess.run(run, check=True, capture_output=True, cwd=folder)
    syncs = "on" if durable else "off"
    options = f"-k {folder} -c listen_addresses= -c fsync={syncs} -c max_connections={_CONNECTIONS_MAX}"
    control = [*as_user, str(binaries / "pg_ctl"), "-D", str(data)]
    start = [*control, "-l", str(log), "-o", options, "-w", "start"]
    server = Postgres(f"postgresql+psycopg://machi@/postgres?host={folder}", folder, start)
    server.start()
    try:
        yield server
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=False, capture_output=True, cwd=folder)
        shutil.rmtree(folder)


def _children(parent: int) -> list[int]:
    running = (int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdigit())
    return [process for process in running if _stat(process)[1:2] == [str(parent)]]


def _is_running(process: int) -> bool:
    return _stat(process)[:1] not in ([], ["Z"])


def _stat(process: int) -> list[str]:
    """Return state, parent and the rest of what the kernel says of a process; nothing, if there is none."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
