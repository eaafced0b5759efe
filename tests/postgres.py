"""A PostgreSQL server of our own, in a folder of its own, reached by its Unix socket only."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

BIN = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)
"""Where PostgreSQL is installed, or None."""

_CONNECTIONS_MAX = 300  # many towns may share one server, and each keeps some open


@dataclass(frozen=True)
class Postgres:
    """A running server: its URL for SQLAlchemy, and its first process, whose children are all the others."""

    url: str
    pid: int

    @property
    def libpq_url(self) -> str:
        return self.url.replace("+psycopg", "")


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
    subprocess.run(start, check=True, capture_output=True, cwd=folder)
    try:
        pid = int((data / "postmaster.pid").read_text().splitlines()[0])
        yield Postgres(f"postgresql+psycopg://machi@/postgres?host={folder}", pid)
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=True, capture_output=True, cwd=folder)
        shutil.rmtree(folder)
