"""What a centre remembers beside its books: a few values by name."""

from typing import Final

import sqlalchemy as sa

from central import store
from central.prepared import Prepared
from central.upsert import Upsert

_GET: Final = Prepared(sa.select(store.setting.c.value).where(store.setting.c.name == sa.bindparam("of")))
_PUT: Final = Upsert(store.setting, lambda new: {"value": new.value})


def get(connection: sa.Connection, name: str) -> str | None:
    """Return a value, or None."""
    found = _GET.row(connection, of=name)
    return found["value"] if found else None


def put(connection: sa.Connection, name: str, value: str) -> None:
    """Remember a value, in the place of the one before."""
    _PUT(connection, [{"name": name, "value": value}])
