"""The journal: append-only, hash-chained, signed, in SQLite; commit first, then beep.

One connection, one thread. The format is that of docs/journal-format.md; the settings are chosen and measured: full
synchronisation after every commit, a write-ahead log that is folded back only between taps, no other process allowed.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, Protocol

import apsw
import msgspec

from sync import chain
from sync.entries import Entry, Fact, encode
from sync.facts import Place
from sync.segment import BODIES_MAX_BYTES, ENTRIES_MAX, Segment

APPLICATION_ID: Final = 0x6D746A31  # "mtj1": SQLite's own place for the name of a file format
SQLITE_OLDEST: Final = (3, 51, 3)  # older ones can corrupt a write-ahead log
CHECKPOINT_PAGES: Final = 512  # fold the log back when it has grown to 2 MiB

SCHEMA: Final = """
CREATE TABLE entry (
  boot TEXT NOT NULL, seq INTEGER NOT NULL,
  body TEXT NOT NULL,
  hash BLOB NOT NULL CHECK (length(hash) = 32),
  sig  BLOB CHECK (length(sig) = 64),
  PRIMARY KEY (boot, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE head (
  id INTEGER PRIMARY KEY CHECK (id = 1), boot TEXT NOT NULL, seq INTEGER NOT NULL,
  hash BLOB NOT NULL, sig BLOB NOT NULL
) STRICT;
CREATE TRIGGER entry_stays BEFORE UPDATE ON entry BEGIN SELECT RAISE (ABORT, 'entries are never changed'); END;

-- Below is no truth of this unit's own: what the centre said, what can be folded again, and small notes.
CREATE TABLE stream (
  n INTEGER PRIMARY KEY, writer TEXT NOT NULL, boot TEXT NOT NULL, seq INTEGER NOT NULL,
  body TEXT NOT NULL, hash BLOB NOT NULL, sig BLOB, UNIQUE (writer, boot, seq)
) STRICT;
CREATE TABLE shelf (
  reader TEXT NOT NULL, key TEXT NOT NULL, state TEXT NOT NULL, crc INTEGER NOT NULL, PRIMARY KEY (reader, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE note (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
"""


class JournalError(Exception):
    """The journal cannot do this."""


class JournalFullError(JournalError):
    """No room on the disk: nothing was written, and the counter stays closed until there is."""


class JournalBrokenError(JournalError):
    """The disk failed during a commit: whether it happened is not known, and this process must end and look again."""


class Clock(Protocol):
    def wall_ms(self) -> int: ...


class Written(msgspec.Struct, frozen=True):
    """An entry that is durable on this unit's disk.

    Attributes:
        seal: the signature over its hash; None where one further behind in the same commit covers it.
    """

    entry: Entry
    hash: bytes
    seal: bytes | None = None


Fold = Callable[[Sequence[Entry]], None]
Execute = Callable[..., apsw.Cursor]


class Journal:
    """The journal of one unit, open for writing. See `checkup.open_journal`, which is how it is opened.

    `fold` is called with new entries inside the transaction that makes them durable.
    """

    def __init__(
        self, connection: apsw.Connection, unit: str, signer: chain.Signer, clock: Clock, fold: Fold = lambda _: None
    ) -> None:
        self.connection = connection
        self._signer = signer
        self._clock = clock
        self._fold = fold
        self._broken = False
        self._log_pages = 0
        connection.set_wal_hook(self._on_commit)  # also takes the place of SQLite's own checkpoints
        self.unit = unit
        self.tip = read_head(connection)

    def begin(
        self, boot: str, facts: Sequence[Fact], also: Callable[[Execute], None] = lambda _: None
    ) -> list[Written]:
        """Start a boot: write its first entries, the boot entry at the front, in one commit."""
        return self._write_entries(boot, 1, facts, also)

    def append(
        self, facts: Sequence[Fact], also: Callable[[Execute], None] = lambda _: None, folded: Sequence[Entry] = ()
    ) -> list[Written]:
        """Write facts as the next entries, in one commit that is durable when this returns.

        Args:
            also: further statements for the same transaction.
            folded: another writer's entries, to be folded in the same transaction.

        Raises:
            JournalFullError: no room; nothing was written.
            JournalBrokenError: the disk failed; end the process.
        """
        if self.tip is None:
            raise JournalError("no boot was begun")
        return self._write_entries(self.tip.boot, self.tip.seq + 1, facts, also, folded)

    def _write_entries(
        self,
        boot: str,
        first: int,
        facts: Sequence[Fact],
        also: Callable[[Execute], None] = lambda _: None,
        folded: Sequence[Entry] = (),
    ) -> list[Written]:
        at = self._clock.wall_ms()
        entries = [Entry(self.unit, boot, seq, at, fact) for seq, fact in enumerate(facts, first)]
        bodies = [encode(entry) for entry in entries]
        hashes = chain.links(bytes.fromhex(self.tip.hash) if self.tip else chain.ORIGIN, bodies)
        sig = chain.seal(self._signer, hashes[-1])
        # A segment ends with a signature; of a commit that is longer than one, each part needs its own.
        ends = range(ENTRIES_MAX - 1, len(entries) - 1, ENTRIES_MAX)
        sigs = [chain.seal(self._signer, hashes[at]) if at in ends else None for at in range(len(entries) - 1)] + [sig]
        with self.transaction() as execute:
            for entry, body, entry_hash, seal in zip(entries, bodies, hashes, sigs, strict=True):
                execute("INSERT INTO entry VALUES (?, ?, ?, ?, ?)", (boot, entry.seq, body.decode(), entry_hash, seal))
            execute("REPLACE INTO head VALUES (1, ?, ?, ?, ?)", (boot, entries[-1].seq, hashes[-1], sig))
            also(execute)
            self._fold([*folded, *entries])
        self.tip = Place(boot, entries[-1].seq, hashes[-1].hex())
        return [Written(*each) for each in zip(entries, hashes, sigs, strict=True)]

    @contextmanager
    def transaction(self) -> Iterator[Execute]:
        """Run statements in one transaction that is durable when the block is left.

        Raises:
            JournalFullError: no room; nothing was written.
            JournalBrokenError: the disk failed; end the process.
        """
        if self._broken:
            raise JournalBrokenError("the disk failed before; this process must end")
        try:
            self.connection.execute("BEGIN IMMEDIATE")
            yield self.connection.execute
            self.connection.execute("COMMIT")
        except apsw.FullError as error:
            self._roll_back()
            raise JournalFullError("no room left on the disk") from error
        except apsw.Error as error:
            raise self._give_up(error) from error
        except BaseException:
            self._roll_back()
            raise

    def _roll_back(self) -> None:
        try:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
        except apsw.Error:
            self._broken = True

    # ---- reading

    def select(self, sql: str, *values: str | int | bytes) -> list[Any]:
        """Return all rows of a query."""
        return select(self.connection, sql, *values)

    def hash_at(self, boot: str, seq: int) -> bytes | None:
        """Return the hash of an entry, or None if this journal does not hold it."""
        found = self.select("SELECT hash FROM entry WHERE boot = ? AND seq = ?", boot, seq)
        return found[0][0] if found else None

    def stored(self, boot: str, seq: int) -> tuple[bytes, bytes, bytes | None] | None:
        """Return body, hash and seal of an entry as they stand on the disk, where they may have rotted; or None."""
        sql = "SELECT CAST(body AS BLOB), hash, sig FROM entry WHERE boot = ? AND seq = ?"
        found: list[tuple[bytes, bytes, bytes | None]] = self.select(sql, boot, seq)
        return found[0] if found else None

    def segment(self, boot: str, first: int, prev: bytes, limit: int = ENTRIES_MAX) -> Segment | None:
        """Return consecutive entries of a boot from `first` on, as far as a seal covers them; None if there are none.

        They are as they stand on the disk, where they may have rotted.

        Args:
            prev: the hash before `first`.
            limit: the most entries; there are fewer if they are large.
        """
        rows = self.select(
            "SELECT seq, CAST(body AS BLOB), sig FROM entry WHERE boot = ? AND seq >= ? ORDER BY seq LIMIT ?",
            *(boot, first, limit),
        )
        bodies: list[bytes] = []
        sealed: tuple[int, bytes] | None = None
        size = 0
        for at, (seq, body, sig) in enumerate(rows):
            size += len(body)
            if seq != first + at or (sealed and size > BODIES_MAX_BYTES):
                break
            bodies.append(body)
            if sig is not None:
                sealed = len(bodies), sig
        if sealed is None:
            return None
        return Segment(self.unit, boot, first, prev, tuple(bodies[: sealed[0]]), sealed[1])

    def behind(self, boot: str, seq: int) -> tuple[int, int | None]:
        """Return how many entries of a boot stand behind `seq`, and the number of the first of them."""
        found = self.select("SELECT count(*), min(seq) FROM entry WHERE boot = ? AND seq > ?", boot, seq)
        return found[0][0], found[0][1]

    def first_behind(self, boot: str, seq: int) -> int | None:
        """Return the number of the first entry of a boot that stands behind `seq`, or None."""
        found = self.select("SELECT seq FROM entry WHERE boot = ? AND seq > ? ORDER BY seq LIMIT 1", boot, seq)
        return found[0][0] if found else None

    def note(self, name: str) -> str:
        """Return a small note that outlives the process, or "". Nothing vouches for it: it may have rotted."""
        return read_note(self.connection, name)

    def set_note(self, name: str, value: str) -> None:
        with self.transaction() as execute:
            execute("REPLACE INTO note VALUES (?, ?)", (name, value))

    # ---- upkeep, off the tap path

    def checkpoint(self, *, at_least: int = CHECKPOINT_PAGES) -> None:
        """Fold the write-ahead log back into the file, if it has grown to so many pages.

        Raises:
            JournalFullError: no room; the log stays, and nothing is lost.
            JournalBrokenError: the disk failed; end the process.
        """
        if self._log_pages < at_least:
            return
        try:
            self.connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        except apsw.FullError as error:
            raise JournalFullError("no room left on the disk") from error
        except apsw.Error as error:
            raise self._give_up(error) from error
        self._log_pages = 0

    def copy_to(self, path: str) -> None:
        """Make a consistent copy of the whole journal in a new, ordinary SQLite file.

        Raises:
            JournalFullError: there is no room for it; what there is of the file is of no use.
        """
        copy = apsw.Connection(path)
        try:
            with copy.backup("main", self.connection, "main") as backup:
                backup.step()
            copy.execute("PRAGMA journal_mode = DELETE")
        except apsw.FullError as error:
            raise JournalFullError("no room left on the disk for a copy of the journal; free some") from error
        finally:
            copy.close()

    def close(self) -> None:
        """End in order; SQLite folds the log back and removes it."""
        self.connection.close(self._broken)

    def _give_up(self, error: apsw.Error) -> JournalBrokenError:
        self._broken = True
        leave_alone(self.connection)
        return JournalBrokenError(f"the disk failed: {error}")

    def _on_commit(self, _connection: apsw.Connection, _name: str, pages: int) -> int:
        self._log_pages = pages
        return apsw.SQLITE_OK


def leave_alone(connection: apsw.Connection) -> None:
    """Let the end of a connection change nothing on its disk, which failed.

    SQLite would sync the log once more and fold it back. A disk that refused a sync may say yes to the next one and
    still not have written, so what it holds is for the next start to find out.
    """
    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)


def read_head(connection: apsw.Connection) -> Place | None:
    """Return the head row, or None in a journal without any entry."""
    rows = select(connection, "SELECT boot, seq, hash FROM head")
    return Place(rows[0][0], rows[0][1], rows[0][2].hex()) if rows else None


def read_note(connection: apsw.Connection, name: str) -> str:
    """Return a note, or ""; see `Journal.note`."""
    found = select(connection, "SELECT CAST(value AS BLOB) FROM note WHERE name = ?", name)
    value: bytes | None = found[0][0] if found else None  # a rotten row may have nothing where nothing is allowed
    return (value or b"").decode(errors="replace")


def select(connection: apsw.Connection, sql: str, *values: str | int | bytes) -> list[Any]:
    """Return all rows of a query."""
    return connection.execute(sql, values).fetchall()
