"""The shelf: what the entries add up to, kept beside them so that a decision needs no look into the past.

Derived, never the truth: it moves in the same transaction as the entries, and can be thrown away and folded again.
"""

import zlib
from collections.abc import Iterable, Sequence
from typing import Any

import apsw
import msgspec

from appliance.journal import select
from sync.entries import Entry
from sync.program import Fold, State

_MADE_BY = "shelf made by"


class ShelfError(Exception):
    """What is on the shelf cannot be believed; it must be folded again from the entries."""


class Shelf:
    """One state per reader and key, in the journal's own file."""

    def __init__(self, connection: apsw.Connection, folds: Sequence[Fold[Any]]) -> None:
        self._connection = connection
        self._folds = tuple(folds)
        self._readers: dict[type, list[Fold[Any]]] = {}
        for fold in folds:
            for kind in fold.kinds:
                self._readers.setdefault(kind, []).append(fold)

    def fold(self, entries: Iterable[Entry]) -> None:
        """Fold entries into their states; call it inside the transaction that makes them durable."""
        for entry in entries:
            for reader in self._readers.get(type(entry.fact), ()):
                key = reader.key(entry)
                state = msgspec.json.encode(reader.fold(self.state(reader, key), entry)).decode()
                row = reader.name, key, state, _crc(reader.name, key, state)
                self._connection.execute("REPLACE INTO shelf VALUES (?, ?, ?, ?)", row)

    def state(self, reader: Fold[State], key: str) -> State:
        """Return the state of a key, empty if no entry was about it.

        Raises:
            ShelfError: the stored state is damaged; end the process, the next start folds it again.
        """
        sql = "SELECT reader, key, state, crc FROM shelf WHERE reader = ? AND key = ?"
        rows = select(self._connection, sql, reader.name, key)
        return _read(reader, *rows[0]) if rows else reader.empty

    def states(self, reader: Fold[State], prefix: str = "") -> list[tuple[str, State]]:
        """Return every key of a reader that begins so, with its state, in the order of the keys."""
        sql = "SELECT reader, key, state, crc FROM shelf WHERE reader = ? AND key >= ? AND key < ? ORDER BY key"
        rows = select(self._connection, sql, reader.name, prefix, prefix + "\U0010ffff")
        return [(row[1], _read(reader, *row)) for row in rows]

    @property
    def is_sound(self) -> bool:
        """Whether these readers, in these versions, made what is on the shelf, and nothing has rotted since."""
        try:
            made_by = select(self._connection, "SELECT value FROM note WHERE name = ?", _MADE_BY)
            rows = self._connection.execute("SELECT reader, key, state, crc FROM shelf")
            return made_by == [(self._fingerprint,)] and all(crc == _crc(*row) for *row, crc in rows)
        except (apsw.Error, UnicodeDecodeError):
            return False

    def clear(self) -> None:
        """Throw everything away; call it inside the transaction that folds it again."""
        self._connection.execute("DELETE FROM shelf")
        self._connection.execute("REPLACE INTO note VALUES (?, ?)", (_MADE_BY, self._fingerprint))

    @property
    def _fingerprint(self) -> str:
        return " ".join(f"{fold.name}:{fold.version}" for fold in sorted(self._folds, key=lambda fold: fold.name))


def _crc(reader: str, key: str, state: str) -> int:
    return zlib.crc32(f"{reader}\0{key}\0{state}".encode())


def _read(reader: Fold[State], name: str, key: str, state: str, crc: int) -> State:
    if crc != _crc(name, key, state):
        raise ShelfError(f"the state of {key} in {name} is damaged")
    return msgspec.json.decode(state, type=reader.state)
