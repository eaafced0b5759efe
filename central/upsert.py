"""INSERT … ON CONFLICT, which SQLite and PostgreSQL spell alike and SQLAlchemy keeps apart."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from central.prepared import Line, Prepared

Excluded = Any  # the row that was to be inserted; its columns are attributes
Change = Callable[[Excluded], Mapping[str, sa.ColumnElement[Any]]]
Rows = Sequence[Mapping[str, Any]]

_INSERTS: Final[Mapping[str, Callable[[sa.Table], Any]]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


class Upsert:
    """Inserts rows into a table; where the primary key is there already, changes that row instead.

    For what is done often: to put such a statement together takes longer than to carry it out.
    """

    def __init__(self, table: sa.Table, change: Change) -> None:
        self._statements = {dialect: Prepared(_put_together(dialect, table, change)) for dialect in _INSERTS}

    def __call__(self, connection: sa.Connection, rows: Rows) -> None:
        """Insert rows, each with all columns of the table."""
        if rows:
            self._statements[connection.dialect.name].many(connection, rows)

    def lines(self, connection: sa.Connection, rows: Iterable[Line]) -> None:
        """Insert rows, each as the values of all columns of the table, in their order."""
        self._statements[connection.dialect.name].insert(connection, rows)


def upsert(connection: sa.Connection, table: sa.Table, rows: Rows, change: Change) -> None:
    """Do the same once.

    Args:
        change: from the row that was to be inserted to the new values of the one that is there.
    """
    if rows:
        connection.execute(_put_together(connection.dialect.name, table, change), [dict(row) for row in rows])


def _put_together(dialect: str, table: sa.Table, change: Change) -> sa.UpdateBase:
    insert = _INSERTS[dialect](table)
    keys = [column.name for column in table.primary_key]
    changed: sa.UpdateBase = insert.on_conflict_do_update(index_elements=keys, set_=dict(change(insert.excluded)))
    return changed
