"""What skips SQLAlchemy says the same as SQLAlchemy, of both kinds of database, errors too."""

import pytest
import sqlalchemy as sa

from central import store
from central.centre import Centre
from central.prepared import Prepared
from central.upsert import Upsert
from tests.central.pen import Pen, touch

_PUT_COLUMNS = ("writer", "boot", "first", "last", "received_ms", "packed")
_PUT = Prepared(
    sa.insert(store.segment).values({name: sa.bindparam(name) for name in _PUT_COLUMNS}).returning(store.segment.c.n)
)
_MANY = Prepared(sa.insert(store.segment).values({name: sa.bindparam(name) for name in _PUT_COLUMNS}))
_ROW: dict[str, object] = {
    "writer": "lib01",
    "boot": "00",
    "first": 1,
    "last": 2,
    "received_ms": 1 << 40,
    "packed": b"\x00\xff%s?:",
}


def test_rows_are_those_of_sqlalchemy(pen: Pen) -> None:
    pen.send(pen.begin(touch(1)))
    for table in (store.segment, store.branch, store.unit):
        asked = sa.select(table).order_by(*table.primary_key)
        with store.reading(pen.centre.engine) as connection:
            found = Prepared(asked).rows(connection)
            assert found
            assert found == [dict(row) for row in connection.execute(asked).mappings()]


def test_values_come_back_as_they_were_given_and_only_after_a_commit(centre: Centre) -> None:
    with centre.engine.connect() as connection, connection.begin() as transaction:
        _PUT.run(connection, **_ROW)
        transaction.rollback()
    stored = Prepared(sa.select(store.segment).where(store.segment.c.writer == sa.bindparam("of")))
    with store.reading(centre.engine) as connection:
        assert stored.row(connection, of="lib01") is None
    with centre.engine.begin() as connection:
        (put,) = _PUT.rows(connection, **_ROW)
    with store.reading(centre.engine) as connection:
        assert stored.row(connection, of="lib01") == {**_ROW, **put}


def test_many_rows_are_put_in_at_once_or_none_of_them(centre: Centre) -> None:
    rows = [{**_ROW, "first": first, "unasked": "left out"} for first in range(1, 4)]
    with centre.engine.begin() as connection:
        _MANY.many(connection, rows)
    stored = Prepared(sa.select(store.segment).where(store.segment.c.writer == "lib01").order_by(store.segment.c.first))
    with store.reading(centre.engine) as connection:
        found = [{name: row[name] for name in _ROW} for row in stored.rows(connection)]
    assert found == [{name: row[name] for name in _ROW} for row in rows]
    twice = Prepared(sa.insert(store.setting))
    with centre.engine.connect() as connection, pytest.raises(sa.exc.IntegrityError), connection.begin():
        twice.many(connection, [{"name": "one", "value": "1"}, {"name": "one", "value": "2"}])
    with store.reading(centre.engine) as connection:
        assert Prepared(sa.select(store.setting).where(store.setting.c.name == "one")).rows(connection) == []


def test_what_the_database_refuses_is_the_error_that_sqlalchemy_makes_of_it(centre: Centre) -> None:
    branch = {"writer": "lib01", "boot": "00", "epoch": 1, "seq": 1, "hash": "", "grown_n": 1, "is_end": 1}
    begin = Prepared(sa.insert(store.branch).values({name: sa.bindparam(name) for name in branch}))
    with centre.engine.begin() as connection:
        begin.run(connection, **branch)
    with centre.engine.connect() as connection, pytest.raises(sa.exc.IntegrityError):
        begin.run(connection, **branch)


def test_lines_are_rows_whose_values_stand_in_the_order_of_the_columns(centre: Centre) -> None:
    put = Upsert(store.setting, lambda new: {"value": sa.case((new.value > "b", new.value), else_="kept")})
    with centre.engine.begin() as connection:
        Prepared(sa.insert(store.setting)).insert(connection, iter([("one", "a"), ("two", "b")]))
        put.lines(connection, iter([("one", "b"), ("two", "c"), ("three", "d")]))
        Prepared(sa.insert(store.setting)).insert(connection, [])
    named = sa.select(store.setting).where(store.setting.c.name.in_(["one", "two", "three"]))
    with store.reading(centre.engine) as connection:
        assert {row.name: row.value for row in connection.execute(named)} == {"one": "kept", "two": "c", "three": "d"}
    with centre.engine.connect() as connection, pytest.raises(sa.exc.IntegrityError), connection.begin():
        Prepared(sa.insert(store.setting)).insert(connection, [("four", "a"), ("one", "b")])
    with store.reading(centre.engine) as connection:
        assert Prepared(sa.select(store.setting).where(store.setting.c.name == "four")).row(connection) is None
