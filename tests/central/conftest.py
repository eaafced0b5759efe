"""A centre over SQLite and, where the server is installed, over a real PostgreSQL of our own."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from central import reconcile, store
from central.centre import Centre
from drivers.clock.sim import Driver as Clock
from programs.visits import office
from simulation.centre import name_place, open_sim_centre
from tests.central.pen import Pen

_POSTGRES = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Start a PostgreSQL server in a folder of its own, reached by its Unix socket only; yield its URL."""
    if _POSTGRES is None:
        pytest.skip("PostgreSQL is not installed")
    folder = Path(tempfile.mkdtemp(prefix="machi-pg-", dir="/tmp"))  # a Unix socket needs a short path
    as_user = []
    if os.geteuid() == 0:  # the server refuses to be root
        shutil.chown(folder, "postgres", "postgres")
        as_user = ["runuser", "-u", "postgres", "--"]
    data, log = folder / "data", folder / "log"
    run = [*as_user, str(_POSTGRES / "initdb"), "-D", str(data), "-U", "machi", "-A", "trust", "--no-sync"]
    subprocess.run(run, check=True, capture_output=True, cwd=folder)
    options = f"-k {folder} -c listen_addresses= -c fsync=off"
    control = [*as_user, str(_POSTGRES / "pg_ctl"), "-D", str(data)]
    start = [*control, "-l", str(log), "-o", options, "-w", "start"]
    subprocess.run(start, check=True, capture_output=True, cwd=folder)
    yield f"postgresql+psycopg://machi@/postgres?host={folder}"
    subprocess.run([*control, "-m", "immediate", "stop"], check=True, capture_output=True, cwd=folder)
    shutil.rmtree(folder)


BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(params=BOTH)
def url(request: pytest.FixtureRequest) -> str:
    """An empty database."""
    return "sqlite://" if request.param == "sqlite" else emptied(request.getfixturevalue("postgres"))


@pytest.fixture(params=BOTH)
def shared_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database that several threads and processes can open."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'town.db'}"
    return emptied(request.getfixturevalue("postgres"))


def emptied(url: str) -> str:
    engine = store.open_engine(url)
    with engine.begin() as connection:
        for metadata in (store.metadata, reconcile.metadata, office.metadata):
            metadata.drop_all(connection)
        connection.execute(sa.text("DROP TABLE IF EXISTS alembic_version"))
    engine.dispose()
    return url


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def centre(url: str, clock: Clock) -> Iterator[Centre]:
    opened = open_sim_centre(clock, "tests", url)
    name_place(opened, "library")
    yield opened
    opened.engine.dispose()


@pytest.fixture
def pen(centre: Centre) -> Pen:
    return Pen.enrolled(centre)
