"""A private pcscd with one reader, and the desk's program before it."""

from collections.abc import Iterator

import pytest

from drivers.card.sim.pcscd import PrivatePcscd
from drivers.card.sim.pki import TestPki
from tests.desk.program import READER, DeskProgram, Lay, laying

CONSOLE = "https://console.todai.example"


@pytest.fixture(scope="module")
def pcscd() -> Iterator[PrivatePcscd]:
    with PrivatePcscd([READER]) as private:
        yield private


@pytest.fixture(scope="module")
def program(pcscd: PrivatePcscd, pki: TestPki, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskProgram]:
    """One program for all: it learns cards, and waits two seconds for one."""
    folder = tmp_path_factory.mktemp("desk")
    started = DeskProgram(pcscd, CONSOLE, pki.write_trust(), folder / "log", "--learn", "--wait", "2").start()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def serials() -> Iterator[int]:
    """Numbers of cards, each once: a card's counters of tries are its own."""
    return iter(range(990_000_000_007_000, 990_000_000_008_000))


@pytest.fixture
def lay(pcscd: PrivatePcscd, pki: TestPki, serials: Iterator[int]) -> Iterator[Lay]:
    """Lay a fresh card of this plan on the reader; it is taken away at the end."""
    yield from laying(pcscd, pki, serials)
