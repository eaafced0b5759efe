"""Statements that are run at every call of every unit, or for every entry, without what SQLAlchemy does around each.

SQLAlchemy writes their SQL, once for each kind of database; from then on the driver is spoken to directly, in a quarter
of the time. It is for columns whose values both drivers take and give as they are: text, whole numbers, bytes.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from operator import itemgetter
from typing import Any, Final

import sqlalchemy as sa

Row = Mapping[str, Any]
Line = tuple[Any, ...]


class Prepared:
    """A statement, to be run as often as wanted, within a transaction that has begun."""

    def __init__(self, statement: sa.Select[Any] | sa.UpdateBase) -> None:
        self._statement: Final = statement
        self._written: dict[str, _Written] = {}

    def rows(self, connection: sa.Connection, **values: object) -> list[Row]:
        """Run it and return what it finds, each row by the names of its columns.

        Raises:
            sqlalchemy.exc.DBAPIError: as SQLAlchemy itself would.
        """
        cursor = self._run(connection, values)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    def row(self, connection: sa.Connection, **values: object) -> Row | None:
        """Run it and return the first row that it finds, or None."""
        return next(iter(self.rows(connection, **values)), None)

    def run(self, connection: sa.Connection, **values: object) -> None:
        """Run one that changes something."""
        self._run(connection, values)

    def many(self, connection: sa.Connection, rows: Iterable[Row]) -> None:
        """Run it once for each row; a row may have more than the statement asks for."""
        written = self._at(connection)[1]
        self._run_many(connection, list(map(written.bound, rows)))

    def insert(self, connection: sa.Connection, rows: Iterable[Line]) -> None:
        """Run one that inserts, once for each row: the values of all columns of its table, in their order."""
        written = self._at(connection)[1]
        self._run_many(connection, written.in_order(rows))

    def _run_many(self, connection: sa.Connection, bound: Sequence[object]) -> None:
        dialect, written, driver = self._at(connection)
        if not bound:
            return
        with closing(driver.cursor()) as cursor:
            try:
                cursor.executemany(written.sql, bound)
            except dialect.loaded_dbapi.Error as error:
                raise _as_sqlalchemy_says_it(written.sql, error, dialect) from error

    def _run(self, connection: sa.Connection, values: Mapping[str, object]) -> Any:  # a cursor, of one driver or other
        dialect, written, driver = self._at(connection)
        try:
            return driver.execute(written.sql, written.bound(values))
        except dialect.loaded_dbapi.Error as error:
            raise _as_sqlalchemy_says_it(written.sql, error, dialect) from error

    def _at(self, connection: sa.Connection) -> tuple[sa.Dialect, "_Written", Any]:
        dialect = connection.dialect
        written = self._written.get(dialect.name)
        if written is None:
            written = self._written[dialect.name] = _Written(self._statement, dialect)
        return dialect, written, connection.connection.driver_connection


class _Written:
    """A statement in the words of one kind of database, and how its driver wants the values."""

    def __init__(self, statement: sa.Select[Any] | sa.UpdateBase, dialect: sa.Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect)
        self.sql = str(compiled)
        self._constants = {name: value for name, value in compiled.params.items() if value is not None}
        self._order: list[str] | None = compiled.positiontup  # or None: by name
        is_plain = self._order and len(self._order) > 1 and not self._constants
        self.bound: Callable[[Row], Any] = itemgetter(*self._order or ()) if is_plain else self._bound
        self._columns = list(statement.table.columns.keys()) if isinstance(statement, sa.Insert) else []

    def in_order(self, rows: Iterable[Line]) -> Sequence[object]:
        """Return lines of a table as the driver wants them."""
        if self._order == self._columns and not self._constants:
            return list(rows)
        return [self.bound(dict(zip(self._columns, row, strict=True))) for row in rows]

    def _bound(self, values: Row) -> object:
        known = {**self._constants, **values}
        return known if self._order is None else [known[name] for name in self._order]


def _as_sqlalchemy_says_it(sql: str, error: Exception, dialect: sa.Dialect) -> BaseException:
    return sa.exc.DBAPIError.instance(sql, None, error, dialect.loaded_dbapi.Error)
