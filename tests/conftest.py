"""What every room of the tests may use: one test PKI and one PostgreSQL for the whole run, and quiet power cuts."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from drivers.card.sim.pki import TestPki
from drivers.disk.sim import quiet
from tests.postgres import BIN, Postgres, private_postgres

# How long an example takes says more about what else runs on a machine than about the code.
settings.register_profile("machitap", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("machitap")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let `make test-faults` ask for more than a build can wait for; see tests/fault."""
    faults = parser.getgroup("faults", "how hard the faults of tests/fault strike")
    faults.addoption("--cuts", type=int, default=200, help="power cuts of a simulated disk, for each setting")
    faults.addoption("--points", type=int, default=3, help="moments at which each real process is struck")
    parser.addoption("--pictures", default="", help="folder in which tests/browser/test_days.py keeps what it saw")


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> TestPki:
    return TestPki(Path(tmp_path_factory.mktemp("pki")))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """One PostgreSQL server for the whole run."""
    if BIN is None:
        pytest.skip("PostgreSQL is not installed")
    with private_postgres(BIN, durable=False) as server:
        yield server


@pytest.fixture
def power_cuts() -> Iterator[None]:
    """Keep Python from reporting the power cuts that SQLite swallows."""
    with quiet():
        yield
