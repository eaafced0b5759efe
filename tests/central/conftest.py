"""A centre over SQLite and, where the server is installed, over a real PostgreSQL of our own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from central import store
from central.centre import Centre
from drivers.clock.sim import Driver as Clock
from simulation.centre import name_place, open_sim_centre
from tests.central.desk import Desk
from tests.central.pen import Pen
from tests.central.street import Street
from tests.central.visiting import Browser, Person, forget, person
from tests.postgres import Postgres


@pytest.fixture(scope="session")
def postgres(postgres_server: Postgres) -> str:
    """The URL of the PostgreSQL server of this run."""
    return postgres_server.url


BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(params=BOTH)
def url(request: pytest.FixtureRequest) -> str:
    """An empty database."""
    return "sqlite://" if request.param == "sqlite" else emptied(request.getfixturevalue("postgres"))


@pytest.fixture(params=BOTH)
def shared_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database that several threads and processes can open."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'town.db'}"
    return emptied(request.getfixturevalue("postgres"))


def emptied(url: str) -> str:
    engine = store.open_engine(url)
    with engine.begin() as connection:
        there = sa.MetaData()
        there.reflect(connection)
        there.drop_all(connection)
    engine.dispose()
    return url


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def centre(url: str, clock: Clock) -> Iterator[Centre]:
    opened = open_sim_centre(clock, "tests", url)
    name_place(opened, "library")
    yield opened
    opened.engine.dispose()


@pytest.fixture
def pen(centre: Centre) -> Pen:
    return Pen.enrolled(centre)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    url = f"sqlite:///{tmp_path_factory.mktemp('town') / 'town.db'}"
    centre = open_sim_centre(Clock(), "sign in", url)
    yield centre
    centre.engine.dispose()


@pytest.fixture
def hanako(town: Centre) -> Person:
    forget(town)
    return person(town)


@pytest.fixture
def browser(town: Centre) -> Iterator[Browser]:
    with Browser(town) as one:
        yield one


@pytest.fixture
def street(centre: Centre, clock: Clock) -> Street:
    """A fish shop and a bakery in the town of this test."""
    name_place(centre, "fish")
    name_place(centre, "bakery")
    return Street(centre, clock)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    one = Desk(tmp_path)
    with one.browser:
        yield one
    one.centre.engine.dispose()
