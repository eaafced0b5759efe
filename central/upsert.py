"""INSERT … ON CONFLICT, which SQLite and PostgreSQL spell alike and SQLAlchemy keeps apart."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

Excluded = Any  # the row that was to be inserted; its columns are attributes


def upsert(
    connection: sa.Connection,
    table: sa.Table,
    rows: Sequence[Mapping[str, Any]],
    change: Callable[[Excluded], Mapping[str, sa.ColumnElement[Any]]],
) -> None:
    """Insert rows; where the primary key is there already, change that row instead.

    Args:
        change: from the row that was to be inserted to the new values of the one that is there.
    """
    if not rows:
        return
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(table)
    keys = [column.name for column in table.primary_key]
    changed = insert.on_conflict_do_update(index_elements=keys, set_=dict(change(insert.excluded)))
    connection.execute(changed, [dict(row) for row in rows])
