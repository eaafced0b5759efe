"""How the centre's core tables came to be, step by step. Tables of the programs are derived and need no migrations."""

import sqlalchemy as sa
from alembic import command
from alembic.config import Config


def migrate(engine: sa.Engine) -> None:
    """Bring the database to the tables of this version; a fresh one gets all of them."""
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", "central:migrations")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
