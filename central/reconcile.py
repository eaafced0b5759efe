"""Adds everything up: the stored segments, in order of arrival, into the tables of the core and of the programs.

It keeps its place in the same transaction as what it adds. The tables can be dropped at any moment; adding up again
from the first segment gives the same numbers, and `digest` shows it.
"""

import functools
import gc
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, Index, LargeBinary, MetaData, Table, Text

from central import accounts, became, drained, habits, ledger, lost, passkeys, phones, settings, shelves, store
from central.kept import Kept
from central.late import Late
from central.office import Office
from central.prepared import Line, Prepared, Row
from central.residents import books as residents
from central.sqlite import give_room
from sync.directory import DIRECTORY, Said
from sync.entries import Entry, Fact, Register
from sync.messages import is_stream
from sync.segment import from_text, unpack
from sync.touches import service_of

MADE_BY: Final = "added up by"
"""The setting that says by which version of core and programs the derived tables were made."""

_VERSION: Final = 12
_AT_ONCE: Final = 100  # segments
_ROWS_AT_ONCE: Final = 1000

# One adds up at a time, also where several processes share a PostgreSQL: a replay beside a centre that serves.
_MINE: Final = Prepared(sa.select(store.setting.c.value).where(store.setting.c.name == MADE_BY).with_for_update())

metadata = MetaData()

progress = Table("progress", metadata, Column("n", BigInteger, primary_key=True))

entry = Table(
    "entry",
    metadata,
    Column("writer", Text, primary_key=True),
    Column("boot", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("n", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("card", Text),  # which card it is about, if it is about one
    Index("entry_by_arrival", "n"),
    Index("entry_by_time", "at"),
    Index("entry_by_kind", "kind", "at"),
    Index("entry_by_writer", "writer", "at"),
    sqlite_with_rowid=False,
)
HAS_CARD: Final = entry.c.card.is_not(None)
Index("entry_by_card", entry.c.card, entry.c.at, sqlite_where=HAS_CARD, postgresql_where=HAS_CARD)

_INDEX: Final = Prepared(sa.insert(entry))
_PLACE: Final = Prepared(sa.select(progress.c.n))
_MOVE_ON: Final = Prepared(sa.update(progress).values(n=sa.bindparam("upto")))
_BEHIND: Final = Prepared(
    sa.select(store.segment.c.n, store.segment.c.last, store.segment.c.received_ms, store.segment.c.packed)
    .where(store.segment.c.n > sa.bindparam("place"))
    .order_by(store.segment.c.n)
    .limit(sa.bindparam("count"))
)

said = Table("said", metadata, Column("key", Text, primary_key=True), Column("state", Text, nullable=False))
_SAID: Final = Kept(said, DIRECTORY)


class Reconciler:
    """Adds up, a few segments at a time."""

    def __init__(self, engine: sa.Engine, register: Register, offices: Sequence[Office]) -> None:
        self._engine = engine
        self._register = register
        self._offices = tuple(offices)
        self._late = Late(entry.indexes)
        named = {office.name: office for office in offices}
        self._whose = {kind: office for kind in register.kinds if (office := named.get(service_of(kind)))}
        self._metadatas = (
            metadata,
            ledger.metadata,
            lost.metadata,
            drained.metadata,
            phones.metadata,
            accounts.metadata,
            passkeys.metadata,
            residents.metadata,
            became.metadata,
            habits.metadata,
            *(office.metadata for office in offices),
        )

    def prepare(self) -> bool:
        """Make the tables; drop and make them again if the programs changed. Return whether all is to be added up."""
        with self._engine.begin() as connection:
            made_by = _MINE.row(connection)
            current = made_by is not None and made_by["value"] == self.version
            if not current:
                self._clear(connection)
            return not current

    def wipe(self) -> None:
        """Throw away everything that was added up."""
        with self._engine.begin() as connection:
            _MINE.row(connection)
            for table in self.tables:
                connection.execute(sa.delete(table))
            connection.execute(sa.insert(progress).values(n=0))
            self._late.drop(connection)

    def step(self, segments: int = 1) -> int:
        """Add up the next few segments; return how many there were."""
        with self._engine.begin() as connection:
            return self._step(connection, segments)

    @contextmanager
    def counted(self) -> Iterator[sa.Connection]:
        """Begin a transaction in which everything that has arrived is added up, and nothing more can arrive."""
        with self._engine.begin() as connection:
            shelves.lock(connection)
            while self._step(connection, _AT_ONCE):
                pass
            yield connection

    def _step(self, connection: sa.Connection, segments: int) -> int:
        _MINE.row(connection)
        (place,) = _PLACE.rows(connection)
        rows = _BEHIND.rows(connection, place=place["n"], count=segments)
        if rows:
            self._add(connection, rows)
            _MOVE_ON.run(connection, upto=rows[-1]["n"])
        else:
            self._late.make(connection)
        return len(rows)

    def catch_up(self, segments: int = _AT_ONCE) -> int:
        """Add up everything that is waiting; return how many segments there were."""
        total = done = 0
        while done := self._stride(segments, is_long=done == segments):
            total += done
        return total

    def _stride(self, segments: int, *, is_long: bool) -> int:
        with self._engine.begin() as connection, _uncollected() if is_long else nullcontext():
            if is_long:
                give_room(connection)
            return self._step(connection, segments)

    def digest(self) -> dict[str, str]:
        """Return a hash of every derived table, over its rows in the order of their keys."""
        with store.reading(self._engine) as connection:
            return self.digests(connection)

    def digests(self, connection: sa.Connection) -> dict[str, str]:
        """Return the same, as one connection sees it."""
        return {str(table.name): table_digest(connection, table) for table in self.tables}

    def figures(self) -> dict[str, dict[str, int]]:
        """Return the totals of every program."""
        with store.reading(self._engine) as connection:
            return self.totals(connection)

    def totals(self, connection: sa.Connection) -> dict[str, dict[str, int]]:
        """Return the same, as one connection sees it."""
        return {office.name: dict(office.figures(connection)) for office in self._offices}

    def _add(self, connection: sa.Connection, stored: Iterable[Row]) -> None:
        entries: list[Entry] = []
        from_us: list[Entry] = []  # what the centre itself said: of some things nobody else has a say
        index: list[Line] = []
        arrived: list[habits.Arrived] = []
        for row in stored:
            segment = from_text(unpack(row["packed"])).upto(row["last"])
            entries += (fresh := segment.stored_entries(self._register))
            from_us += fresh if is_stream(segment.unit) else ()
            index += _index(row["n"], fresh, segment.hashes())
            arrived.append(habits.Arrived(row["n"], row["received_ms"], fresh))
        _INDEX.insert(connection, index)
        _SAID.note(connection, from_us)  # with the very fold that a unit uses
        lost.note(connection, from_us)
        drained.note(connection, from_us)
        phones.note(connection, from_us)
        accounts.note(connection, from_us)
        passkeys.note(connection, from_us)
        residents.note(connection, from_us)
        became.note(connection, entries)
        ledger.book(connection, filter(None, map(self._booked, entries)))
        habits.note(connection, arrived)
        for office in self._offices:
            office.record(connection, entries)

    def _booked(self, one: Entry) -> ledger.Booked | None:
        """Return what an entry moves: its own program says so, or the core where it is the core's."""
        office = self._whose.get(type(one.fact))
        moves, heirs = (
            (office.moves(one), office.heirs(one)) if office else (ledger.of_rights(one), ledger.of_losses(one))
        )
        return ledger.Booked(one, tuple(moves), tuple(heirs)) if moves or heirs else None

    @property
    def tables(self) -> list[Table]:
        """Every table that is derived."""
        return [table for made in self._metadatas for table in made.sorted_tables]

    def _clear(self, connection: sa.Connection) -> None:
        for made in self._metadatas:
            made.drop_all(connection)
            made.create_all(connection, checkfirst=False)
        self._late.drop(connection)
        connection.execute(sa.insert(progress).values(n=0))
        settings.put(connection, MADE_BY, self.version)

    @property
    def version(self) -> str:
        """Which core and programs add up here: two of the same version make the same tables of the same segments."""
        return " ".join((f"core:{_VERSION}", *sorted(f"{office.name}:{office.version}" for office in self._offices)))


@contextmanager
def _uncollected() -> Iterator[None]:
    """Let nobody look for circles meanwhile: there are none in all these rows, and looking is a tenth of the work."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _index(n: int, entries: Sequence[Entry], hashes: Sequence[bytes]) -> list[Line]:
    """Return the rows of a segment's entries."""
    return [
        (one.unit, one.boot, one.seq, n, one.at, one.kind, hashed, _card(one.fact))
        for one, hashed in zip(entries, hashes, strict=True)
    ]


def _card(fact: Fact) -> str | None:
    """Return the card that a fact of whichever kind is about; None if it is about none."""
    card = getattr(fact, "card", None)
    return card if card and isinstance(card, str) else None


def statement(connection: sa.Connection, key: str) -> Said:
    """Return the latest statement of the centre about one thing."""
    return _SAID.state(connection, key)


def statements(connection: sa.Connection, keys: Sequence[str]) -> dict[str, Said]:
    """Return the latest statements about several things, as far as there are any."""
    return _SAID.states(connection, keys)


def table_digest(connection: sa.Connection, table: Table) -> str:
    """Return a hash of a table, over its rows in the order of their keys: the same in SQLite and in PostgreSQL."""
    hashed = hashlib.sha256()
    in_order = _in_order(table, connection.dialect.name)
    for row in connection.execute(in_order, execution_options={"yield_per": _ROWS_AT_ONCE}):
        hashed.update(msgspec.msgpack.encode(tuple(row)))
    return hashed.hexdigest()


@functools.cache
def _in_order(table: Table, dialect: str) -> sa.Select[Any]:
    """Ask for the rows of a table; PostgreSQL would otherwise sort words as its machine's language does."""
    by_bytes = dialect == "postgresql"
    keys = (sa.collate(key, "C") if by_bytes and isinstance(key.type, sa.String) else key for key in table.primary_key)
    return sa.select(table).order_by(*keys)
