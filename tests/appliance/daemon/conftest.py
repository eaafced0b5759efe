"""A unit whose daemon runs as a process, with a reader on which nothing lies: no pcscd is needed."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from central.centre import Centre
from drivers.card.sim.pki import TestPki
from drivers.clock.sim import Driver as Clock
from simulation.centre import name_place, open_sim_centre
from tests.appliance.live import LiveUnit, settle_in

Settle = Callable[[str], LiveUnit]


@pytest.fixture(scope="session")
def town() -> Centre:
    """A centre that lets units in and is never reached again."""
    centre = open_sim_centre(Clock(), "daemon")
    name_place(centre, "library")
    return centre


@pytest.fixture
def settle(tmp_path: Path, town: Centre, pki: TestPki) -> Iterator[Settle]:
    """Set units up, by name; whatever still runs at the end is killed."""
    units: list[LiveUnit] = []

    def settled(name: str) -> LiveUnit:
        units.append(settle_in(tmp_path / name, town, pki.trust(("pass",))))
        return units[-1]

    yield settled
    for each in units:
        each.clean_up()


@pytest.fixture
def unit(settle: Settle) -> LiveUnit:
    return settle("lib01")
