"""Alembic's entry: `central.store.migrate` hands over an open connection."""

from alembic import context

from central import store

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=store.metadata)
with context.begin_transaction():
    context.run_migrations()
