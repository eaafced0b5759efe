"""How hard the faults strike, and where their figures go."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from central.centre import Centre
from drivers.card.sim.pki import TestPki
from drivers.clock.sim import Driver as Clock
from simulation.centre import name_place, open_sim_centre
from tests.appliance.live import settle_in
from tests.fault.desk import Desk
from tests.fault.office import Office
from tests.fault.report import REPORT, Report, verdict

Settle = Callable[[str], Desk]


@dataclass(frozen=True)
class Dose:
    """How much is tried: a build can wait for a little, `make test-faults` takes as much as it is told.

    Attributes:
        cuts: power cuts of a simulated disk, for each setting.
        points: moments at which each real process is struck, for each kind of blow.
    """

    cuts: int
    points: int


@pytest.fixture
def dose(pytestconfig: pytest.Config) -> Dose:
    return Dose(pytestconfig.getoption("--cuts"), pytestconfig.getoption("--points"))


@pytest.fixture
def report(pytestconfig: pytest.Config) -> Report:
    return pytestconfig.stash.setdefault(REPORT, Report())


@pytest.fixture(scope="session")
def town() -> Centre:
    """A centre that lets units in and is never reached again."""
    centre = open_sim_centre(Clock(), "faults")
    name_place(centre, "library")
    return centre


@pytest.fixture
def settle(tmp_path: Path, town: Centre, pki: TestPki) -> Iterator[Settle]:
    """Set units up, by name; whatever still runs at the end is killed."""
    desks: list[Desk] = []

    def settled(name: str) -> Desk:
        desks.append(Desk(settle_in(tmp_path / name, town, pki.trust(("pass",))), pki.own.pass_key))
        return desks[-1]

    yield settled
    for desk in desks:
        desk.clean_up()


@pytest.fixture
def make_office() -> Iterator[Callable[..., Office]]:
    """Found centres, each in a folder; whatever still runs at the end is killed."""
    made: list[Office] = []

    def make(folder: Path, database: str = "") -> Office:
        made.append(Office(folder, database))
        return made[-1]

    yield make
    for office in made:
        office.clean_up()


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A centre that is left alone, for tests about units and roads."""
    served = Office(tmp_path_factory.mktemp("office") / "central")
    assert served.start(), served.said()
    yield served
    served.clean_up()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the figures, what could not be tried here, and the verdict."""
    failed = _faults(terminalreporter.getreports("failed")) + _faults(terminalreporter.getreports("error"))
    skipped = _faults(terminalreporter.getreports("skipped"))
    found = config.stash.get(REPORT, None)
    if not found and not failed and not skipped:
        return
    terminalreporter.section("faults")
    for line in found.text() if found else []:
        terminalreporter.write_line(line)
    for each in skipped:
        terminalreporter.write_line(f"  not tried: {each.nodeid.removeprefix('tests/')}: {_reason(each)}")
    terminalreporter.write_line(verdict(len(failed), len(skipped)), bold=True)


def _faults(reports: Iterable[pytest.TestReport]) -> list[pytest.TestReport]:
    """Return those of tests that show a row of docs/faults.md, whichever room they stand in."""
    return [each for each in reports if "fault" in each.keywords]


def _reason(skipped: pytest.TestReport) -> str:
    said = skipped.longrepr[2] if isinstance(skipped.longrepr, tuple) else str(skipped.longrepr)
    return said.removeprefix("Skipped: ")
