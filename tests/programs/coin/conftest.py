"""The street on which everything about the coin happens, and a town in a folder for the office's commands."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from central.centre import Centre, open_centre
from central.world import SystemClock, SystemEntropy
from tests.central.test_commands import NAMES, machi
from tests.programs.coin.street import Street


@pytest.fixture
def street() -> Iterator[Street]:
    street = Street()
    yield street
    for unit in street.units.values():
        unit.stop()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A town in a folder, as the office sets it up."""
    machi("init", tmp_path / "town", *NAMES)
    return tmp_path / "town"


@pytest.fixture
def town(folder: Path) -> Iterator[Centre]:
    """The centre of that town, before anything was said."""
    opened = open_centre(folder, SystemClock(), SystemEntropy())
    yield opened
    opened.engine.dispose()
