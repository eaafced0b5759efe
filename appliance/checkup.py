"""What is looked at before a unit serves: is this file a journal, is it ours, is it whole, is it as long as it was?

SQLite's own check is not enough: in simulated power cuts on cards that lie it passed a third of the damaged files. So
the chain is walked as well, and the head row, on a page of its own, has to be the last entry.
"""

from dataclasses import dataclass
from typing import Final

import apsw

from appliance.boots import Begun, History, history
from appliance.journal import APPLICATION_ID, SCHEMA, SQLITE_OLDEST, leave_alone, read_head, select
from sync import chain
from sync.entries import EntryError, Register, stands_at
from sync.facts import Place
from sync.messages import text

# Of a disk's errors, those about what lies there already; after any other it cannot be written.
_UNREADABLE: Final = frozenset(
    {apsw.SQLITE_IOERR_READ, apsw.SQLITE_IOERR_SHORT_READ, apsw.SQLITE_IOERR_CORRUPTFS, apsw.SQLITE_IOERR_DATA}
)


class UnfitError(Exception):
    """This file cannot be this unit's journal; a person has to do what the message says."""


class DamageError(Exception):
    """The journal is damaged; the message says where."""


@dataclass(frozen=True)
class Examined:
    """A journal that is whole: how much of it was walked, where it ends, and what it says of itself."""

    entries: int
    boots: int
    heads: int
    tip: Place | None
    history: History


def settle(connection: apsw.Connection) -> None:
    """Make a file ready to be this unit's journal: settings, then tables if it is fresh.

    The settings come in the order that a power cut at any moment survives, and each is read back. No other process,
    from the first access on; EXTRA while the log mode changes, because that deletes a file whose folder must be synced
    too; FULL from then on.

    Raises:
        UnfitError: in use, read-only, another program's database, or not for this SQLite. It is left as it was.
        DamageError: SQLite cannot make sense of it.
        apsw.FullError, apsw.CantOpenError, apsw.IOError: the disk cannot be written.
    """
    version = tuple(int(part) for part in apsw.sqlite_lib_version().split("."))
    if version < SQLITE_OLDEST:
        raise UnfitError(f"SQLite {apsw.sqlite_lib_version()} can corrupt a journal; install apsw with 3.51.3 or newer")
    try:
        _set(connection, "locking_mode", "EXCLUSIVE", "exclusive")
        is_fresh = _is_fresh(connection)
        _set(connection, "synchronous", "EXTRA", 3)
        _set(connection, "journal_mode", "WAL", "wal")
        _set(connection, "synchronous", "FULL", 2)
        _set(connection, "wal_autocheckpoint", "0", 0)
        connection.execute("BEGIN IMMEDIATE")
        if is_fresh:
            connection.execute(f"{SCHEMA}; PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("COMMIT")
    except apsw.BusyError as error:
        raise UnfitError("another process has this journal open; a unit has one daemon") from error
    except apsw.ReadOnlyError as error:
        raise UnfitError(
            "the journal is read-only; give it to the daemon's user, or copy it off a failing disk"
        ) from error
    except (apsw.FullError, apsw.CantOpenError):
        raise
    except apsw.IOError as error:
        if getattr(error, "extendedresult", None) in _UNREADABLE:
            raise DamageError(f"SQLite cannot read the file: {error}") from error
        leave_alone(connection)
        raise
    except (apsw.Error, UnicodeDecodeError) as error:
        raise DamageError(f"SQLite cannot read the file: {error}") from error


def _set(connection: apsw.Connection, name: str, value: str, answer: str | int) -> None:
    connection.execute(f"PRAGMA {name} = {value}").fetchall()
    found = select(connection, f"PRAGMA {name}")[0][0]
    if found != answer:
        raise UnfitError(f"SQLite refuses {name} = {value} (it says {found}); is the disk read-only?")


def _is_fresh(connection: apsw.Connection) -> bool:
    """Tell a fresh file from a journal, and both from everything else."""
    application = select(connection, "PRAGMA application_id")[0][0]
    found = _layout(connection)
    if not found and not application:
        return True
    if application != APPLICATION_ID and "entry" not in found:
        raise UnfitError("this file is a database, but not a journal; name another file")
    if found != _LAYOUT:
        raise DamageError("the tables are not as they were made")
    return False


def _layout(connection: apsw.Connection) -> dict[str, str]:
    return dict(select(connection, "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL"))


def _expected_layout() -> dict[str, str]:
    fresh = apsw.Connection(":memory:")
    fresh.execute(SCHEMA)
    return _layout(fresh)


_LAYOUT: Final = _expected_layout()


def examine(
    connection: apsw.Connection,
    register: Register,
    owner: chain.PublicKey,
    start: Place | None = None,
    *,
    every_seal: bool = False,
) -> Examined:
    """Walk the journal behind `start` (from the beginning, if None) and check all that can be checked.

    Args:
        owner: the public key that every boot must name.
        every_seal: check each signature, not only the last of each boot, which covers those before it.

    Raises:
        UnfitError: it is another unit's journal.
        DamageError: it is not whole.
    """
    try:
        check = select(connection, "PRAGMA integrity_check(1)")[0][0]
        if check != "ok":
            raise DamageError(f"SQLite's own check says: {check}")
        found = history(connection, register)
        _check_owner(found.boots, owner)
        return _Walk(connection, owner, found, every_seal=every_seal).from_place(start)
    except (apsw.Error, EntryError, UnicodeDecodeError) as error:
        raise DamageError(str(error)) from error


def _check_owner(boots: list[Begun], owner: chain.PublicKey) -> None:
    for one in boots:
        if one.fact and not one.is_whole:  # a flipped bit in the key must not pass for another owner
            raise DamageError(f"entry {one.boot}/1 does not hash to what stands beside it")
        if one.fact and one.fact.key.public != text(owner.raw):
            raise UnfitError(f"this journal belongs to unit {one.unit} with another key; name another file")


class _Walk:
    """One walk along the chain."""

    def __init__(
        self, connection: apsw.Connection, owner: chain.PublicKey, found: History, *, every_seal: bool
    ) -> None:
        self._connection = connection
        self._owner = owner
        self._every_seal = every_seal
        self._history = found
        declared = found.gaps
        self._holes = {(gap.of, gap.first) for gap in declared}
        # A journal that was damaged twice may declare a hole and, from the same entry on, a larger one.
        self._across = {(gap.of, gap.first, gap.last): gap.prev for gap in declared if gap.prev}
        self._lost = {(gap.of, gap.last): gap.prev for gap in declared if gap.prev}
        self._walked: dict[tuple[str, int], bytes] = {}  # the hash at each boot's end: most boots continue one of them
        self._entries = self._heads = 0

    def from_place(self, start: Place | None) -> Examined:
        names = [one.boot for one in self._history.boots]
        if start and start.boot not in names:
            raise DamageError(f"boot {start.boot}, which was checked before, is gone")
        at = names.index(start.boot) if start else 0
        for one in self._history.boots[at:]:
            continued = start if start and one.boot == start.boot else None
            self._walk_boot(one, continued)
        tip = read_head(self._connection)
        self._check_head(tip)
        return Examined(self._entries, len(self._history.boots) - at, self._heads, tip, self._history)

    def _walk_boot(self, one: Begun, continued: Place | None) -> None:
        seq = continued.seq if continued else 0
        prev = bytes.fromhex(continued.hash) if continued else self._hash_before(one)
        seal: bytes | None = b""
        rows = self._connection.execute(
            "SELECT seq, body, hash, sig FROM entry WHERE boot = ? AND seq > ? ORDER BY seq", (one.boot, seq)
        )
        for here, body, entry_hash, sig in rows:
            if here != seq + 1:
                self._check_run(one.boot, seq, prev, seal)
                prev = self._across_gap(one.boot, seq + 1, here)
            raw = body.encode()
            prev = chain.link(prev, raw)
            if prev != entry_hash:
                raise DamageError(f"entry {one.boot}/{here} does not hash to what stands beside it")
            if not stands_at(raw, one.boot, here):
                raise DamageError(f"what stands at {one.boot}/{here} is another entry")
            if self._every_seal and sig is not None:
                self._check_seal(one.boot, here, prev, sig)
            seq, seal = here, sig
            self._entries += 1
            self._heads += sig is not None
        self._check_run(one.boot, seq, prev, seal)
        if seal:
            self._walked[one.boot, seq] = prev

    def _check_run(self, boot: str, seq: int, entry_hash: bytes, seal: bytes | None) -> None:
        """Check the signature at the end of a boot, or before a hole: no later one covers these entries.

        Args:
            seal: the last entry's signature; None if it has none, empty if there is no entry here.
        """
        if seal is None:
            raise DamageError(f"entry {boot}/{seq}, behind which nothing is chained, is not signed")
        if seal:
            self._check_seal(boot, seq, entry_hash, seal)

    def _hash_before(self, one: Begun) -> bytes:
        if one.after is None:
            return chain.ORIGIN
        place = one.after.boot, one.after.seq
        there = self._hash_at(*place) or self._lost.get(place)
        if there != one.after.hash:
            raise DamageError(f"boot {one.boot} does not continue entry {one.after.boot}/{one.after.seq}")
        return bytes.fromhex(there)

    def _hash_at(self, boot: str, seq: int) -> str:
        """Return the hash of an entry, or "" if it is not there."""
        if walked := self._walked.get((boot, seq)):
            return walked.hex()
        found = select(self._connection, "SELECT hash FROM entry WHERE boot = ? AND seq = ?", boot, seq)
        return found[0][0].hex() if found else ""

    def _across_gap(self, boot: str, first: int, here: int) -> bytes:
        prev = self._across.get((boot, first, here - 1))
        if prev is None:
            raise DamageError(f"entries {boot}/{first} to {here - 1} are missing")
        return bytes.fromhex(prev)

    def _check_seal(self, boot: str, seq: int, entry_hash: bytes, sig: bytes) -> None:
        if not self._owner.signed(entry_hash, sig):
            raise DamageError(f"the signature at entry {boot}/{seq} is not by this unit's key")

    def _check_head(self, tip: Place | None) -> None:
        if tip is None:
            if self._entries:
                raise DamageError("there are entries, but no head row")
            return
        sql = "SELECT seq, hash FROM entry WHERE boot = ? AND seq >= ? ORDER BY seq"
        rows = select(self._connection, sql, tip.boot, tip.seq)
        is_last = len(rows) == 1 or (tip.boot, tip.seq + 1) in self._holes  # saved from damage, and not begun since
        if not rows or rows[0] != (tip.seq, bytes.fromhex(tip.hash)) or not is_last:
            raise DamageError(f"the head row names entry {tip.boot}/{tip.seq}, which is not the last one there")
        for one in self._history.boots:
            if one.after and (one.after.boot, one.after.seq) == (tip.boot, tip.seq):
                raise DamageError(
                    f"the head row names entry {tip.boot}/{tip.seq}, behind which boot {one.boot} goes on"
                )
