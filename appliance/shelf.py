"""The shelf: what the entries add up to, kept beside them so that a decision needs no look into the past.

Derived, never the truth: it moves in the same transaction as the entries, and can be thrown away and folded again.
"""

import hashlib
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

import apsw
import msgspec

from appliance.boots import reach
from appliance.journal import read_head, read_note, select
from sync.entries import BAD_JSON, Entry
from sync.program import Fold, State

Row = tuple[str, str, str, int]  # reader, key, state, its checksum

_MADE_BY = "shelf made by"
_ADDS_UP = "shelf adds up to"
_WEIGHT_BYTES = 7  # SQLite's integers have eight, with a sign
_WEIGHT_MAX = 1 << 8 * _WEIGHT_BYTES
_READ_MAX = 1000  # states, some hundred bytes each


class ShelfError(Exception):
    """What is on the shelf cannot be believed; it must be folded again from the entries."""


class Shelf:
    """One state per reader and key, in the journal's own file."""

    def __init__(self, connection: apsw.Connection, folds: Sequence[Fold[Any]]) -> None:
        self._connection = connection
        self._folds = tuple(folds)
        self._readers: dict[type, list[Fold[Any]]] = {}
        self._read: dict[tuple[str, str], Any] = {}  # states as they were read since they last changed
        for fold in folds:
            for kind in fold.kinds:
                self._readers.setdefault(kind, []).append(fold)

    def fold(self, entries: Iterable[Entry]) -> None:
        """Fold entries into their states; call it inside the transaction that makes them durable.

        The last one is this unit's own, and of one boot with all others that are.
        """
        last: Entry | None = None
        grown = 0
        for last in entries:
            for reader in self._readers.get(type(last.fact), ()):
                grown += self._fold_one(reader, last)
        if last is not None:
            old = self._mark()
            more = last.seq - (old.seq if last.boot == old.boot else 0)
            mark = _Mark((old.weight + grown) % _WEIGHT_MAX, last.boot, last.seq, self._words(), old.reach + more)
            self._note(_ADDS_UP, msgspec.json.encode(mark).decode())

    def _fold_one(self, reader: Fold[Any], entry: Entry) -> int:
        """Fold one entry into the one state that it is about; return by how much the shelf grew heavier."""
        key = reader.key(entry)
        self._read.pop((reader.name, key), None)  # and is not put back: who folds may still be rolled back
        old = self._row(reader, key)
        before = _read(reader, *old) if old else reader.empty
        state = msgspec.json.encode(reader.fold(before, entry)).decode()
        row = reader.name, key, state, _crc(reader.name, key, state)
        self._connection.execute("REPLACE INTO shelf VALUES (?, ?, ?, ?)", row)
        return _weight(row) - (_weight(old) if old else 0)

    def state(self, reader: Fold[State], key: str) -> State:
        """Return the state of a key, empty if no entry was about it.

        Raises:
            ShelfError: the stored state is damaged; end the process, the next start folds it again.
        """
        place = reader.name, key
        if place not in self._read:
            if len(self._read) >= _READ_MAX:
                self._read.clear()
            row = self._row(reader, key)
            self._read[place] = _read(reader, *row) if row else reader.empty
        state: State = self._read[place]
        return state

    def state_of(self, name: str, key: str) -> Any:
        """Return the state of a key of the reader that is called so.

        Raises:
            ShelfError: as `state`.
        """
        return self.state(next(fold for fold in self._folds if fold.name == name), key)

    def _row(self, reader: Fold[Any], key: str) -> Row | None:
        sql = "SELECT reader, key, state, crc FROM shelf WHERE reader = ? AND key = ?"
        rows = select(self._connection, sql, reader.name, key)
        return rows[0] if rows else None

    def states(self, reader: Fold[State], prefix: str = "") -> list[tuple[str, State]]:
        """Return every key of a reader that begins so, with its state, in the order of the keys."""
        sql = "SELECT reader, key, state, crc FROM shelf WHERE reader = ? AND key >= ? AND key < ? ORDER BY key"
        rows = select(self._connection, sql, reader.name, prefix, prefix + "\U0010ffff")
        return [(row[1], _read(reader, *row)) for row in rows]

    @property
    def is_sound(self) -> bool:
        """Whether these readers, in these versions, made all of this from everything that is there.

        A disk that lies may keep the pages of entries and lose some of states, each of which looks well by itself. It
        may also lose the end of a boot from which no later one went on, and nothing else tells of that.
        """
        try:
            rows: list[Row] = select(self._connection, "SELECT reader, key, state, crc FROM shelf")
            mark, head, words = self._mark(), read_head(self._connection), self._words()
            is_of_all = mark.reach == reach(self._connection)
            made_by = read_note(self._connection, _MADE_BY)
        except (apsw.Error, AttributeError, TypeError, OverflowError, *BAD_JSON):
            return False  # what a broken page yields may be anything
        is_whole = all(crc == _crc(*row) for *row, crc in rows) and mark.weight == sum(map(_weight, rows)) % _WEIGHT_MAX
        is_last = (mark.boot, mark.seq) == ((head.boot, head.seq) if head else ("", 0)) and mark.words >= words
        return made_by == self._fingerprint and is_whole and is_last and is_of_all

    def clear(self) -> None:
        """Throw everything away; call it inside the transaction that folds it again."""
        self._read.clear()
        self._connection.execute("DELETE FROM shelf")
        self._connection.execute("DELETE FROM note WHERE name = ?", (_ADDS_UP,))
        self._note(_MADE_BY, self._fingerprint)

    def _words(self) -> int:
        """Return how much the centre has said."""
        return int(select(self._connection, "SELECT coalesce(max(n), 0) FROM stream")[0][0])

    def _mark(self) -> "_Mark":
        noted = read_note(self._connection, _ADDS_UP)
        return msgspec.json.decode(noted, type=_Mark) if noted else _Mark()

    def _note(self, name: str, value: str) -> None:
        self._connection.execute("REPLACE INTO note VALUES (?, ?)", (name, value))

    @property
    def _fingerprint(self) -> str:
        return " ".join(f"{fold.name}:{fold.version}" for fold in sorted(self._folds, key=lambda fold: fold.name))


class _Mark(msgspec.Struct, frozen=True):
    """What all states weigh together, and what they were made from.

    Attributes:
        boot, seq: the last entry.
        words: how much the centre had said.
        reach: see `boots.reach`.
    """

    weight: int = 0
    boot: str = ""
    seq: int = 0
    words: int = 0
    reach: int = 0


def _weight(row: Row) -> int:
    """Return a number that no other state is likely to have, and no two changes to cancel out."""
    return int.from_bytes(hashlib.blake2b(repr(row).encode(), digest_size=_WEIGHT_BYTES).digest(), "big")


def _crc(reader: str, key: str, state: str) -> int:
    return zlib.crc32(f"{reader}\0{key}\0{state}".encode())


def _read(reader: Fold[State], name: str, key: str, state: str, crc: int) -> State:
    if crc != _crc(name, key, state):
        raise ShelfError(f"the state of {key} in {name} is damaged")
    return msgspec.json.decode(state, type=reader.state)
