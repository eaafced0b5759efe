"""How the centre's core tables came to be, step by step. Tables of the programs are derived and need no migrations."""

import sqlalchemy as sa
from alembic import command
from alembic.config import Config


def migrate(engine: sa.Engine) -> None:
    """Bring the database to the tables of this version; a fresh one gets all of them."""
    with engine.begin() as connection:
        migrate_within(connection)


def migrate_within(connection: sa.Connection, upto: str = "head") -> None:
    """Do the same within the caller's transaction; `upto`: another version to stop at.

    Raises:
        alembic.util.CommandError: this software does not know that version.
    """
    config = Config()
    config.set_main_option("script_location", "central:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, upto)
