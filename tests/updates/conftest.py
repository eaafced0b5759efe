"""A town's keys, its units, and bundles, each made once; and a board with a RAUC that runs."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from central.centre import Centre
from drivers.card.sim.pki import TestPki
from drivers.clock.sim import Driver as Clock
from simulation.centre import name_place, open_sim_centre
from tests.appliance.live import LiveUnit, settle_in
from tests.fault.machine import need
from tests.updates import keys
from tests.updates.board import NEXT, Board, built, lacks_rauc
from tests.updates.keys import Keys


@pytest.fixture(scope="session")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    need(lacks_rauc())
    return keys.made(tmp_path_factory.mktemp("keys") / "town")


@pytest.fixture(scope="session")
def bundle_of(signer: Keys, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Make a bundle of a version; each only once."""
    made: dict[str, Path] = {}

    def bundle(version: str) -> Path:
        if version not in made:
            made[version] = built(tmp_path_factory.mktemp("built") / "out", signer, version)
        return made[version]

    return bundle


@pytest.fixture
def update(bundle_of: Callable[[str], Path]) -> Path:
    return bundle_of(NEXT)


@pytest.fixture
def board(request: pytest.FixtureRequest, signer: Keys, tmp_path: Path) -> Iterator[Board]:
    """A board; its boot driver is "sim", or what the test says."""
    with Board(tmp_path / "board", signer, getattr(request, "param", "sim")).serving() as board:
        yield board


@pytest.fixture(scope="session")
def town() -> Centre:
    """A centre that lets units in and is never reached again."""
    centre = open_sim_centre(Clock(), "updates")
    name_place(centre, "library")
    return centre


@pytest.fixture(scope="module")
def unit(tmp_path_factory: pytest.TempPathFactory, town: Centre, pki: TestPki) -> Iterator[LiveUnit]:
    """A unit whose daemon runs, with a simulated reader; a test that ends it begins it again."""
    unit = settle_in(tmp_path_factory.mktemp("unit") / "lib01", town, pki.trust(("pass",)), counter="shop")
    unit.start()
    yield unit
    unit.clean_up()
