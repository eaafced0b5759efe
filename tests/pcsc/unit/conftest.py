"""A unit's daemon as a process behind a private pcscd, and residents who hold their cards to it."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from central.centre import Centre
from drivers.card.sim.pcscd import PrivatePcscd
from drivers.card.sim.pki import TestPki
from drivers.card.sim.plan import Plan
from drivers.clock.sim import Driver as Clock
from simulation.centre import name_place, open_sim_centre
from tests.appliance.live import LiveUnit, settle_in, wait_until

READERS = [f"reader{number}" for number in range(3)]
Settle = Callable[..., LiveUnit]
RESULTS = ("ok_points", "already", "refused", "retry", "help")


@pytest.fixture(scope="session")
def town() -> Centre:
    """A centre that lets units in and is never reached again."""
    centre = open_sim_centre(Clock(), "pcsc")
    name_place(centre, "library")
    return centre


@pytest.fixture
def pcscd() -> Iterator[PrivatePcscd]:
    """A pcscd of each test's own: the daemons are other processes, so none has to share one."""
    with PrivatePcscd(READERS) as own:
        yield own


@pytest.fixture
def settle(tmp_path: Path, town: Centre, pki: TestPki, pcscd: PrivatePcscd) -> Iterator[Settle]:
    """Set units up, in a folder of that name; whatever still runs at the end is killed."""
    units: list[LiveUnit] = []

    def settled(folder: Path = tmp_path / "lib01") -> LiveUnit:
        units.append(settle_in(folder, town, pki.trust(("pass",)), "reader", pcscd.environment))
        return units[-1]

    yield settled
    for each in units:
        each.clean_up()


@pytest.fixture
def unit(settle: Settle) -> LiveUnit:
    return settle()


class Hands:
    """Hold cards to a unit that listens to every reader.

    Each touch is at the next one, because pcscd takes 0.4 s to see that a card was taken away.
    """

    def __init__(self, pcscd: PrivatePcscd, pki: TestPki) -> None:
        self._table = pcscd.table
        self._pki = pki
        self._readers = itertools.cycle([f"{name}{twin}" for name in READERS for twin in ("", "/1")])

    def plan(self, resident: int) -> Plan:
        return Plan(serial=f"99{resident:013d}", pki=str(self._pki.folder))

    def lay(self, resident: int) -> str:
        """Lay a resident's card on the next reader, and return which that is."""
        reader = next(self._readers)
        self._table.present(reader, self.plan(resident))
        return reader

    def tap(self, unit: LiveUnit, resident: int) -> tuple[str, str]:
        """Hold a resident's card there until a result is heard; return its sound, and the entry that it is about."""
        before = len(results(unit))
        reader = self.lay(resident)
        wait_until(lambda: len(results(unit)) > before, lambda: f"nothing was heard: {unit.said()}")
        self._table.remove(reader)
        return results(unit)[before]


def results(unit: LiveUnit) -> list[tuple[str, str]]:
    """Return what was heard of results: the sound, and the entry that it was about."""
    return [sound for sound in unit.heard() if sound[0] in RESULTS]


@pytest.fixture
def hands(pcscd: PrivatePcscd, pki: TestPki) -> Hands:
    return Hands(pcscd, pki)
