"""An image that starts on an emulated machine, once for all tests that look at it, and its town."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drivers.card.sim.pki import TestPki
from tests.appliance.uplink.serving import Served, serving
from tests.device.laptop import Laptop, ticket
from tests.fault.machine import need
from tests.image import proof
from tests.image.card import Card
from tests.image.emulated import HOST, Machine, lacks_emulator, started, written
from tests.image.service import PATIENCE_S, believe, provisioned, trusted

Say = Callable[[str], None]
ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "build" / "image"


_said: list[str] = []
_BEFORE = pytest.StashKey[dict[str, str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--prove", action="store_true", help="write down what passed, if nothing failed or was skipped")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--prove", default=False):
        config.stash[_BEFORE] = proof.inputs()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Try last what is tried with the unit's card: the unit is off by then."""
    items.sort(key=lambda item: "resting" in getattr(item, "fixturenames", ()))


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


def image_of(kind: str) -> Path:
    """Return the image of a kind of unit; skip the test where it was not built."""
    path = IMAGES / f"machitap-pi-4-{kind}.img"
    need(lacks_emulator(), "" if path.exists() else f"{path} is not there; say: make image KIND={kind}")
    return path


@pytest.fixture(scope="session")
def image() -> Path:
    return image_of("tap")


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("central"), HOST) as served:
        yield served


@pytest.fixture(scope="session")
def laptop(town: Served, tmp_path_factory: pytest.TempPathFactory) -> Laptop:
    return Laptop(tmp_path_factory.mktemp("laptop") / "keys").certified(town)


@pytest.fixture(scope="session")
def fresh(image: Path, laptop: Laptop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A unit after its first start, which no town has let in; whoever wrote its card has said whose technicians may."""
    folder = tmp_path_factory.mktemp("machine")
    card = written(image, folder)
    card.lay(laptop.folder / "town.json", "bootcfg")
    with started(card, folder) as machine:
        yield machine


@pytest.fixture(scope="session")
def unit(
    fresh: Machine, town: Served, laptop: Laptop, pki: TestPki, tmp_path_factory: pytest.TempPathFactory, say: Say
) -> Machine:
    """The unit, serving, as a technician has set it up over SSH; it believes in test cards."""
    began = time.monotonic()
    for step, seconds in provisioned(fresh, laptop, ticket(town, laptop.folder.parent, host=HOST)):
        say(f"machi device provision: {seconds:5.1f} s  {step}")
    say(f"set up and serving {time.monotonic() - began:.0f} s after a technician began")
    believe(fresh, trusted(pki, tmp_path_factory.mktemp("trust") / "trust"))
    return fresh


@pytest.fixture(scope="session")
def resting(unit: Machine) -> Card:
    """The unit's card, once it was switched off in order; what is tried with it from then on is not the unit above."""
    unit.run("systemctl --no-block poweroff")
    unit.process.wait(PATIENCE_S)
    return Card(unit.folder / "card.img")
