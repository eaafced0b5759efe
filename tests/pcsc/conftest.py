"""One private pcscd with eight virtual readers for the whole run, and hands that lay cards on them.

The PC/SC library reads PCSCLITE_CSOCK_NAME once in the life of a process, so every test in one process shares it.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from drivers.card.sim.pcscd import PrivatePcscd
from drivers.card.sim.pki import TestPki
from drivers.card.sim.plan import Plan
from tests.pcsc.bench import READERS, SAM, Ear, clear

Soak = subprocess.Popen[str]


@pytest.fixture(scope="session")
def private() -> Iterator[PrivatePcscd]:
    with PrivatePcscd([*READERS, SAM]) as pcscd:
        os.environ.update(pcscd.environment)
        yield pcscd


@pytest.fixture
def pcscd(private: PrivatePcscd) -> Iterator[PrivatePcscd]:
    """The private pcscd, running, with nothing on its readers before and after."""
    clear(private)
    yield private
    clear(private)


@pytest.fixture(scope="session", autouse=True)
def soak(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Soak | None]:
    """Start the long test at once if it was asked for; whoever is interested waits for its end."""
    if not any(item.path.name == "test_three_hundred_cards.py" for item in request.session.items):
        yield None
        return
    command = [sys.executable, "-m", "tests.pcsc.soak", str(tmp_path_factory.mktemp("soak"))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


@pytest.fixture
def planned(pki: TestPki) -> Callable[..., Plan]:
    """Plan a card of the test PKI; each has a serial number, so counters are its own."""
    numbers = iter(range(990_000_000_001_000, 990_000_000_002_000))

    def plan(*faults: str, **more: object) -> Plan:
        given = {"serial": str(next(numbers)), "faults": frozenset(faults), "pki": str(pki.folder)} | more
        return Plan(**given)  # type: ignore[arg-type]

    return plan


@pytest.fixture
def ear(pcscd: PrivatePcscd) -> Iterator[Callable[..., Ear]]:
    """Start drivers; they are stopped at the end."""
    del pcscd
    ears: list[Ear] = []

    def listen(**options: object) -> Ear:
        ears.append(Ear(**options))
        return ears[-1]

    yield listen
    for each in ears:
        each.driver.stop()
