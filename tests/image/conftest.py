"""An image that starts on an emulated machine, once for all tests that look at it, and its town."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drivers.card.sim.pki import TestPki
from tests.appliance.uplink.serving import Served, serving
from tests.fault.machine import need
from tests.image import proof
from tests.image.card import Card
from tests.image.emulated import HOST, Machine, lacks_emulator, started, written
from tests.image.service import PATIENCE_S, set_up, trusted

Say = Callable[[str], None]
ROOT = Path(__file__).parents[2]
IMAGE = ROOT / "build" / "image" / "machitap-pi-4-tap.img"


_said: list[str] = []
_BEFORE = pytest.StashKey[dict[str, str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--prove", action="store_true", help="write down what passed, if nothing failed or was skipped")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--prove", default=False):
        config.stash[_BEFORE] = proof.inputs()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config) -> None:
    """Print what was measured, at the end."""
    for words in _said:
        terminalreporter.write_line(f"image: {words}")
    if config.getoption("--prove", default=False):
        if exitstatus or terminalreporter.stats.get("skipped"):
            terminalreporter.write_line("image: not proven: something failed or was skipped")
        else:
            proof.write(config.stash[_BEFORE], _said)
            terminalreporter.write_line(f"image: proven, and written down: commit {proof.PROOF.relative_to(ROOT)}")


@pytest.fixture(scope="session")
def say() -> Say:
    """Keep what was measured for the end of the run."""
    return _said.append


@pytest.fixture(scope="session")
def image() -> Path:
    need(lacks_emulator(), "" if IMAGE.exists() else f"{IMAGE} is not there; say: make image")
    return IMAGE


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("central")) as served:
        yield served


@pytest.fixture(scope="session")
def fresh(image: Path, town: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A unit after its first start, which no town has let in; the town can be reached from it."""
    folder = tmp_path_factory.mktemp("machine")
    with started(written(image, folder), folder) as machine:
        lay_road(machine, town.port)
        yield machine


def lay_road(machine: Machine, port: int) -> None:
    """Let a port of the unit lead to the same one out here: the town's certificate says localhost.

    As the uplink's user, because only that one has a way out of a unit.
    """
    here, there = f"--socket-property=ListenStream=127.0.0.1:{port}", f"{HOST}:{port}"
    proxy = "/usr/lib/systemd/systemd-socket-proxyd"
    machine.do(f"systemd-run --quiet --unit=road --property=User=machi-uplink {here} {proxy} {there}")


@pytest.fixture(scope="session")
def unit(fresh: Machine, town: Served, pki: TestPki, tmp_path_factory: pytest.TempPathFactory, say: Say) -> Machine:
    """The unit, serving."""
    trust = trusted(pki, tmp_path_factory.mktemp("trust") / "trust")
    began = time.monotonic()
    set_up(fresh, town, trust)
    say(f"set up and serving {time.monotonic() - began:.0f} s after a technician began")
    return fresh


@pytest.fixture(scope="session")
def resting(unit: Machine) -> Card:
    """The unit's card, once it was switched off in order; what is tried with it from then on is not the unit above."""
    unit.run("systemctl --no-block poweroff")
    unit.process.wait(PATIENCE_S)
    return Card(unit.folder / "card.img")
