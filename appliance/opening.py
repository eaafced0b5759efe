"""Opens the journal at every start: check it, save what can be saved, see whether it was rolled back, begin a boot.

A number is never used twice. Each start draws a new boot, so a disk that was rolled back branches instead of writing
other entries under old numbers.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import apsw
import msgspec

from appliance import heard, salvage
from appliance.boots import LOST, Begun, History, gaps, history, missing, undeclared
from appliance.checkup import DamageError, examine, settle
from appliance.journal import Execute, Journal, JournalBrokenError, JournalFullError, read_note, select
from appliance.shelf import Shelf
from drivers.clock import Clock
from drivers.disk import Disk, DiskError
from drivers.entropy import Entropy
from drivers.keystore import Keystore
from drivers.monotonic import Monotonic, MonotonicError
from sync import chain
from sync.entries import BAD_JSON, Entry, EntryError, Fact, Register
from sync.facts import Boot, Gap, Key, Place
from sync.messages import text
from sync.program import Fold

log = logging.getLogger("unit")

BOOT_BYTES: Final = 8
SETTLED: Final = "settled up to"  # the boot up to which the office has looked into what is missing
_CLEAN: Final = "ended in order"
_CHECKED: Final = "checked up to"
_SAVED: Final = ".saved"


@dataclass(frozen=True)
class World:
    """What a journal needs of the world below it.

    Attributes:
        counter_at_enrolment: where `monotonic` stood then.
        check: how signatures are checked, everybody's.
    """

    disk: Disk
    keystore: Keystore
    clock: Clock
    entropy: Entropy
    monotonic: Monotonic
    counter_at_enrolment: int = 0
    check: chain.Check = chain.check_signature


@dataclass
class Opened:
    """A journal that is ready, and what was found on the way.

    Attributes:
        history: its boots, up to the new one, and all that is lost of them.
        lost: what this start found to be lost, as written down in the new boot.
        missing: how many entries the counter outside the disk has seen that this journal does not hold.
        unheard: the last entry before an unclean end, of which nobody knows whether it was still announced.
    """

    journal: Journal
    shelf: Shelf
    counted: "Counted"
    history: History
    lost: list[Gap] = field(default_factory=list)
    missing: int = 0
    unheard: Entry | None = None


class Counted:
    """The counter outside the disk, in step with the journal: it stands at the number of entries ever written."""

    def __init__(self, monotonic: Monotonic, base: int | None) -> None:
        self._monotonic = monotonic
        self._base = base

    def raise_to(self, seq: int) -> None:
        """Say that entry `seq` of the present boot is durable.

        Raises:
            JournalBrokenError: the counter failed; nothing may be announced that it does not know of.
        """
        if self._base is not None:
            try:
                self._monotonic.raise_to(self._base + seq)
            except MonotonicError as error:
                raise JournalBrokenError(f"the counter outside the disk failed: {error}") from error


def open_journal(
    world: World, name: str, unit: str, register: Register, folds: Sequence[Fold[Any]], software: str
) -> Opened:
    """Open the journal file `name` of this unit and begin a new boot in it.

    Raises:
        UnfitError: the file is not this unit's journal, or in use; a person must act.
        DiskError: the disk cannot be used.
        JournalFullError: there is not even room to begin.
        JournalBrokenError: the disk failed; end the process.
    """
    try:
        connection, found, is_sound = _connect(world, name, register, folds)
    except apsw.FullError as error:
        raise JournalFullError("no room left on the disk; free some, and start again") from error
    except apsw.CantOpenError as error:
        raise DiskError(f"{name} or its log: {error}; look at the files of that name") from error
    except apsw.IOError as error:
        raise JournalBrokenError(f"the disk failed: {error}") from error
    try:
        shelf = Shelf(connection, folds)
        journal = Journal(connection, unit, world.keystore, world.clock, shelf.fold)
        opened = Opened(journal, shelf, Counted(world.monotonic, None), found or history(connection, register))
        if journal.note(_CLEAN) != "yes":
            # After a sync that failed, the log may read well and yet never reach the disk: Linux forgets that it
            # should. Whatever is written behind it would be lost with it, so all of it is written once more.
            journal.checkpoint(at_least=0)
        if not is_sound:
            _fold_again(opened, connection, register)
        _begin(opened, world, connection, register, software)
    except BaseException:
        connection.close(True)  # noqa: FBT003 - apsw's own argument: whatever it says
        raise
    return opened


def _connect(
    world: World, name: str, register: Register, folds: Sequence[Fold[Any]]
) -> tuple[apsw.Connection, History | None, bool]:
    """Open a journal that is whole, or what can be saved of it.

    Returns:
        It, its history as far as that has been read, and whether what is derived of it needs not be folded again.
    """
    owner = chain.PublicKey(world.keystore.public, world.check)
    _finish_saving(world.disk, name)
    connection = world.disk.connect(name)
    try:
        found, is_sound = _look_at(connection, register, owner, folds)
    except DamageError as error:
        log.warning("%s is damaged: %s", name, error)
        connection.close(True)  # noqa: FBT003
        _save(world.disk, name, register, owner)
        return _settled(world.disk, name), None, False
    except BaseException:
        connection.close(True)  # noqa: FBT003
        raise
    return connection, found, is_sound


def _settled(disk: Disk, name: str) -> apsw.Connection:
    connection = disk.connect(name)
    try:
        settle(connection)
    except BaseException:
        connection.close(True)  # noqa: FBT003
        raise
    return connection


def close_in_order(journal: Journal) -> None:
    """End the boot so that the next start knows that nothing was cut short."""
    _note(journal, clean=True)
    journal.close()


def doubt(journal: Journal) -> None:
    """Let the next start walk the whole journal, whatever was checked before."""
    with journal.transaction() as execute:
        execute("DELETE FROM note WHERE name = ?", (_CHECKED,))


def _note(journal: Journal, *, clean: bool) -> None:
    """Note that all up to here is checked, so that the next start begins its walk there, and how this boot ended."""
    with journal.transaction() as execute:
        execute("REPLACE INTO note VALUES (?, ?)", (_CHECKED, msgspec.json.encode(journal.tip).decode()))
        execute("REPLACE INTO note VALUES (?, ?)", (_CLEAN, "yes" if clean else ""))


def _look_at(
    connection: apsw.Connection, register: Register, owner: chain.PublicKey, folds: Sequence[Fold[Any]]
) -> tuple[History, bool]:
    """Check a journal; say also whether what it adds up to, and what the centre has said, are as they were written."""
    settle(connection)
    is_sound = Shelf(connection, folds).is_sound and heard.is_whole(connection, register)
    # Where all is to be folded, every entry counts, also those that were checked before.
    start = _checked_before(connection) if is_sound else None
    examined = examine(connection, register, owner, start, every_seal=_is_in_doubt(connection))
    return examined.history, is_sound


def _is_in_doubt(connection: apsw.Connection) -> bool:
    """Whether every signature counts, because one in the middle of a boot may be what was found to be damaged."""
    try:
        return not read_note(connection, _CHECKED)
    except apsw.Error:
        return True


def _checked_before(connection: apsw.Connection) -> Place | None:
    """Return the entry up to which a start looked that ended in order; None: everything has to be walked.

    A cut may take more than the end: where entries were put between older ones, a disk that lies loses older ones.
    """
    sql = "SELECT value FROM note WHERE name = ? AND EXISTS (SELECT * FROM note WHERE name = ? AND value = 'yes')"
    try:
        rows = select(connection, sql, _CHECKED, _CLEAN)
        return msgspec.json.decode(rows[0][0], type=Place) if rows else None
    except (apsw.Error, TypeError, *BAD_JSON):  # rot may also leave a number where a text stood
        return None


def _save(disk: Disk, name: str, register: Register, owner: chain.PublicKey) -> None:
    """Lay down what still hashes in a fresh file, and only then put the damaged one aside."""
    fresh = _settled(disk, name + _SAVED)
    broken = disk.connect(name)
    try:
        rows = salvage.read_rows(broken, disk.raw(name))
        saved = salvage.sort_out(rows, register, owner, salvage.read_head(broken), _declared(broken, register))
        salvage.lay_down(fresh, saved)
        heard.copy(broken, fresh, register)
    finally:
        broken.close(True)  # noqa: FBT003
        fresh.close()
    aside = next(other for n in range(1, 1000) if not disk.exists(other := f"{name}.damaged-{n}"))
    disk.move(name, aside)
    disk.move(name + _SAVED, name)
    log.warning("%d entries were saved; the damaged file is kept as %s", len(saved.rows), aside)


def _finish_saving(disk: Disk, name: str) -> None:
    """Finish what a power cut interrupted: a fresh file is whole once the damaged one is out of the way."""
    if disk.exists(name + _SAVED):
        if disk.exists(name):
            disk.remove(name + _SAVED)
        else:
            disk.move(name + _SAVED, name)


def _declared(broken: apsw.Connection, register: Register) -> list[Gap]:
    try:
        return gaps(broken, register)
    except (apsw.Error, EntryError, *BAD_JSON):
        return []


def _fold_again(opened: Opened, connection: apsw.Connection, register: Register) -> None:
    """Fold everything anew. The entries were walked to their end; what the centre said is looked at here."""
    shelf = opened.shelf
    with opened.journal.transaction() as execute:
        shelf.clear()
        said = list(heard.told(connection))
        whole = list(heard.intact(said, register))
        for n in {row[0] for row in said} - {row[0] for row in whole}:
            execute("DELETE FROM stream WHERE n = ?", (n,))  # the next contact brings it again
        words = [register.decode(row[4]) for row in whole]
        for one in opened.history.boots:
            bodies = connection.execute("SELECT body FROM entry WHERE boot = ? ORDER BY seq", (one.boot,))
            shelf.fold([*words, *(register.decode(str(body).encode()) for (body,) in bodies)])
            words = []  # they come first, together with the first boot: a fold ends with an entry of the unit's own
        if words:
            shelf.fold(words)


def _begin(opened: Opened, world: World, connection: apsw.Connection, register: Register, software: str) -> None:
    journal = opened.journal
    clean = journal.note(_CLEAN) == "yes"
    before = journal.tip
    counter = world.monotonic.read()
    if counter is not None:
        counter = max(counter, _reached(opened.history.boots, before, world.counter_at_enrolment))
    if before and not clean:
        opened.unheard = _entry_at(connection, before, register)
    begins = Boot(
        after=before,
        key=Key(world.keystore.alg, text(world.keystore.public)),
        counter=counter,
        clean=clean or before is None,
        clock=world.clock.confidence(),
        software=software,
    )
    opened.lost = undeclared(connection)
    facts: list[Fact] = [begins, *opened.lost]
    written = journal.begin(world.entropy.bytes(BOOT_BYTES).hex(), facts, _forget_loss)
    _note(journal, clean=False)
    first, last = written[0].entry, written[-1].entry
    begun = Begun(first.boot, first.unit, first.at, begins, last.seq, is_whole=True)
    opened.history = opened.history.with_boot(begun, opened.lost)
    opened.missing = missing(opened.history.boots, world.counter_at_enrolment, journal.note(SETTLED))
    opened.counted = Counted(world.monotonic, counter)
    opened.counted.raise_to(last.seq)


def _forget_loss(execute: Execute) -> None:
    """What was lost is declared from here on, in the very commit that declares it."""
    execute("DELETE FROM note WHERE name = ?", (LOST,))


def _reached(boots: Sequence[Begun], tip: Place | None, at_enrolment: int) -> int:
    """Return what the counter outside the disk should stand at by this journal."""
    if tip is None:
        return at_enrolment
    fact = next((one.fact for one in boots if one.boot == tip.boot), None)
    return (fact.counter if fact and fact.counter else 0) + tip.seq


def _entry_at(connection: apsw.Connection, place: Place, register: Register) -> Entry | None:
    rows = select(connection, "SELECT body FROM entry WHERE boot = ? AND seq = ?", place.boot, place.seq)
    return register.decode(rows[0][0].encode()) if rows else None
