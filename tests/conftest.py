"""What every room of the tests may use: one test PKI for the whole run, and quiet power cuts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.card.sim.pki import TestPki
from drivers.disk.sim import quiet


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> TestPki:
    return TestPki(Path(tmp_path_factory.mktemp("pki")))


@pytest.fixture
def power_cuts() -> Iterator[None]:
    """Keep Python from reporting the power cuts that SQLite swallows."""
    with quiet():
        yield
