"""A small town over SQLite or PostgreSQL, a backup of it, and empty databases to put it back into."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.central.backups.backed_up import Town, small_town
from tests.central.conftest import BOTH

_SORTS_AS_PEOPLE_DO = "TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8' LOCALE_PROVIDER icu ICU_LOCALE 'ja-JP'"


@pytest.fixture(scope="module")
def databases(postgres: str) -> Callable[[str], str]:
    """Return a function that empties a database of that name, and returns its URL."""
    server = sa.create_engine(postgres, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)

    def empty(name: str) -> str:
        with server.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            connection.exec_driver_sql(f"CREATE DATABASE {name} {_SORTS_AS_PEOPLE_DO}")
        return postgres.replace("machi@/postgres", f"machi:himitsu-7@/{name}")

    return empty


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A town over SQLite that tests only read."""
    made = small_town(tmp_path_factory.mktemp("town"))
    yield made
    made.centre.engine.dispose()


@pytest.fixture(scope="module")
def backup(town: Town) -> Path:
    return town.back_up(town.folder.parent / "usb")


@pytest.fixture(scope="module", params=BOTH)
def any_town(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A town over SQLite or PostgreSQL, whose books may grow, and are never damaged."""
    url = "" if request.param == "sqlite" else request.getfixturevalue("databases")("town_before")
    made = small_town(tmp_path_factory.mktemp("town"), url)
    yield made
    made.centre.engine.dispose()


@pytest.fixture(params=BOTH)
def database(request: pytest.FixtureRequest) -> str:
    """Where a backup is put back: a file in the folder, or an empty PostgreSQL."""
    return "sqlite" if request.param == "sqlite" else request.getfixturevalue("databases")("town_after")
