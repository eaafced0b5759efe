"""A database that grew by migrations is the one that `central.store` declares, on both kinds of database."""

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from central import store
from central.migrations import migrate


@pytest.fixture
def engine(url: str) -> Iterator[sa.Engine]:
    options = {"poolclass": sa.StaticPool} if url == "sqlite://" else {}
    opened = store.open_engine(url, **options)
    yield opened
    opened.dispose()


def described(engine: sa.Engine) -> dict[str, Any]:
    """Everything that a database says of its tables, but for the table in which migrations note how far they came."""
    with engine.connect() as connection:
        seen = sa.inspect(connection)
        return {
            table: {
                "columns": [{**column, "type": str(column["type"])} for column in seen.get_columns(table)],
                "key": seen.get_pk_constraint(table)["constrained_columns"],
                "unique": sorted(tuple(one["column_names"]) for one in seen.get_unique_constraints(table)),
                "indexes": sorted(spelled(index) for index in seen.get_indexes(table)),
            }
            for table in seen.get_table_names()
            if table != "alembic_version"
        }


def spelled(index: Any) -> str:
    """Spell an index so that two can be compared: SQLAlchemy hands out its WHERE as an object."""
    options = {name: str(value) for name, value in index.pop("dialect_options", {}).items()}
    return str(sorted((index | options).items()))


def test_migrated_tables_are_the_declared_ones(engine: sa.Engine) -> None:
    migrate(engine)
    migrated = described(engine)
    with engine.begin() as connection:
        store.metadata.drop_all(connection)
        store.metadata.create_all(connection)
    assert migrated == described(engine)
    assert set(migrated) == set(store.metadata.tables)


def test_alembic_would_add_nothing(engine: sa.Engine) -> None:
    migrate(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, store.metadata) == []


def test_migrating_again_changes_nothing_and_loses_nothing(engine: sa.Engine) -> None:
    migrate(engine)
    with engine.begin() as connection:
        connection.execute(sa.insert(store.setting).values(name=store.GENERATION, value="kept"))
    before = described(engine)
    migrate(engine)
    assert described(engine) == before
    with engine.connect() as connection:
        assert connection.execute(sa.select(store.setting.c.value)).scalar_one() == "kept"


def test_the_last_migration_is_the_version_that_the_centre_asks_for(engine: sa.Engine) -> None:
    config = Config()
    config.set_main_option("script_location", "central:migrations")
    assert ScriptDirectory.from_config(config).get_heads() == [store.SCHEMA]
    migrate(engine)
    store.check_schema(engine)


@pytest.mark.threat("poisoned update")
def test_a_database_of_another_version_is_not_opened(engine: sa.Engine) -> None:
    with pytest.raises(store.SchemaError, match="version none"):
        store.check_schema(engine)
    migrate(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(store.SchemaError, match=r"version 9999.*machi central init"):
        store.check_schema(engine)
