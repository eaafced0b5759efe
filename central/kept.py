"""What a fold makes of entries, kept in a table at the centre: one row for each key, as JSON."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Generic, TypeVar

import msgspec
import sqlalchemy as sa

from central.sieve import Sieve
from central.upsert import Upsert
from sync.entries import Entry
from sync.program import Fold

_IN_ONE_QUESTION: Final = 500

State = TypeVar("State")


def _nothing(_key: str, _state: object) -> Mapping[str, object]:
    return {}


class Kept(Generic[State]):
    """The states of one fold, in a table with the columns `key` and `state`."""

    def __init__(
        self, table: sa.Table, fold: Fold[State], also: Callable[[str, State], Mapping[str, object]] = _nothing
    ) -> None:
        """`also`: what stands in further columns, by which rows are looked for."""
        self._fold = fold
        self._read = Sieve(*fold.kinds)
        self._also = also
        # Made here, in one thread: msgspec 0.22 crashes if several threads are the first to read a struct.
        self._state: msgspec.json.Decoder[State] = msgspec.json.Decoder(fold.state)
        self._of = sa.select(table.c.state).where(table.c.key == sa.bindparam("of"))
        self._of_many = sa.select(table.c.key, table.c.state).where(table.c.key.in_(sa.bindparam("of", expanding=True)))
        columns = [column.name for column in table.columns if not column.primary_key]
        self._keep = Upsert(table, lambda new: {name: new[name] for name in columns})

    def state(self, connection: sa.Connection, key: str) -> State:
        """Return the state of a key; the empty one, if nothing was heard of it."""
        found = connection.execute(self._of, {"of": key}).scalar()
        return self._state.decode(found) if found else self._fold.empty

    def states(self, connection: sa.Connection, keys: Sequence[str]) -> dict[str, State]:
        """Return the states of those keys of which anything was heard."""
        found: dict[str, State] = {}
        for at in range(0, len(keys), _IN_ONE_QUESTION):
            rows = connection.execute(self._of_many, {"of": keys[at : at + _IN_ONE_QUESTION]})
            found |= {key: self._state.decode(state) for key, state in rows}
        return found

    def note(self, connection: sa.Connection, entries: Iterable[Entry]) -> None:
        """Fold entries, as units do, within the caller's transaction; who may say what, the caller knows."""
        ours = self._read(entries)
        if not ours:
            return
        states = self.states(connection, sorted({self._fold.key(entry) for entry in ours}))
        for entry in ours:
            key = self._fold.key(entry)
            states[key] = self._fold.fold(states.get(key, self._fold.empty), entry)
        self._keep(connection, [self._row(key, state) for key, state in sorted(states.items())])

    def _row(self, key: str, state: State) -> dict[str, object]:
        return {"key": key, "state": msgspec.json.encode(state).decode(), **self._also(key, state)}
