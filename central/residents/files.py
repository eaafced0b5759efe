"""Writes, opens and deletes the sealed files, within the caller's transaction. What was opened is kept nowhere."""

from collections.abc import Container, Iterable, Sequence

import sqlalchemy as sa

from central import store
from central.residents import books
from central.residents.deciding import DeskError
from central.residents.person import Person
from central.residents.sealing import Entropy, Keyring, digest, used_key
from central.upsert import upsert
from sync.residents import FileWritten, How

_FILE = store.resident_file


class Files:
    """The files, with the keys that open them. Each method that opens one may raise a SealingError."""

    def __init__(self, keyring: Keyring, entropy: Entropy) -> None:
        self._keyring = keyring
        self._entropy = entropy

    def write(
        self, connection: sa.Connection, holder: str, version: int, person: Person, how: How, by: str
    ) -> FileWritten:
        """Seal a file in the place of the one before; return what the journal has to say of it."""
        sealed = self._keyring.seal(holder, version, person, self._entropy)
        row = {"holder": holder, "version": version, "sealed": sealed}
        upsert(connection, _FILE, [row], lambda new: {"version": new.version, "sealed": new.sealed})
        return FileWritten(holder, version, digest(sealed), how, by)

    def person(self, connection: sa.Connection, holder: str) -> Person:
        """Open one file.

        Raises:
            DeskError: it was erased.
        """
        row = connection.execute(sa.select(_FILE).where(_FILE.c.holder == holder)).mappings().one_or_none()
        if row is None:
            raise DeskError("この登録の内容は 消されています。(RSD-033)", f"{holder}: erased. (RSD-033)")
        return self._keyring.unseal(holder, row["version"], row["sealed"])

    def every(self, connection: sa.Connection) -> dict[str, Person]:
        """Open every file that counts: none that was merged into another one."""
        merged = {one for one, said in books.every(connection).items() if said.into}
        return self._opened(row for row in _rows(connection) if row["holder"] not in merged)

    def some(self, connection: sa.Connection, holders: Container[str]) -> dict[str, Person]:
        """Open the files of some people, and no other."""
        return self._opened(row for row in _rows(connection) if row["holder"] in holders)

    def _opened(self, rows: Iterable[sa.RowMapping]) -> dict[str, Person]:
        return {row["holder"]: self._keyring.unseal(row["holder"], row["version"], row["sealed"]) for row in rows}

    def reseal(self, connection: sa.Connection, by: str) -> list[FileWritten]:
        """Seal with the newest key whatever is sealed with another one; return what the journal has to say of it."""
        newest = self._keyring.newest.hex()
        facts = []
        for row in _rows(connection):
            if used_key(row["sealed"]) != newest:
                holder, version = row["holder"], row["version"]
                person = self._keyring.unseal(holder, version, row["sealed"])
                how = books.standing(connection, holder).how
                facts.append(self.write(connection, holder, version + 1, person, how, by))
        return facts


def lies(connection: sa.Connection, holder: str) -> bool:
    """Tell whether anything is sealed of somebody."""
    return connection.execute(sa.select(_FILE.c.holder).where(_FILE.c.holder == holder)).first() is not None


def delete(connection: sa.Connection, holder: str) -> None:
    """Delete what is sealed of somebody; SQLite is told to overwrite it, too."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete = ON")
    connection.execute(sa.delete(_FILE).where(_FILE.c.holder == holder))


def keys_used(connection: sa.Connection) -> dict[str, int]:
    """Return how many files each key opens, by its id."""
    used = [used_key(row["sealed"]) for row in _rows(connection)]
    return {key: used.count(key) for key in sorted(set(used))}


def _rows(connection: sa.Connection) -> Sequence[sa.RowMapping]:
    return connection.execute(sa.select(_FILE).order_by(_FILE.c.holder)).mappings().all()
