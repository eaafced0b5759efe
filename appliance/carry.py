"""A journal in other hands: copied, checked from end to end, written as segments for the town or as a table."""

import csv
import os
import shutil
from pathlib import Path
from typing import Final

import apsw
import msgspec
import sqlite_utils

from appliance.boots import history
from appliance.checkup import DamageError, examine, settle
from appliance.config import JOURNAL_FILE, PUBLIC_FILE, ConfigError, read_enrolment
from appliance.journal import Journal, select
from appliance.outbox import Outbox
from drivers.clock.system import Driver as SystemClock
from drivers.disk.file import Driver as FileDisk
from sync import chain, installed
from sync.messages import raw_bytes
from sync.segment import Segment, to_text

_COLUMNS: Final = ("boot", "seq", "at", "kind", "body", "hash")


class Verified(msgspec.Struct, frozen=True):
    """What was checked; `broken` says where the chain breaks, or is empty."""

    entries: int
    boots: int
    heads: int
    tip: str
    broken: str


class NoSigner:
    """A copy is read, never written."""

    public = b""

    def sign(self, message: bytes) -> bytes:
        raise PermissionError(f"a copy of a journal signs nothing ({len(message)} bytes)")


def copy_file(folder: Path, copy: Path) -> None:
    """Copy the journal of a unit that is not running.

    Raises:
        ConfigError: there is none.
        UnfitError, DamageError, DiskError: it cannot be read.
    """
    disk = FileDisk(FileDisk.Options(str(folder)))
    if not disk.exists(JOURNAL_FILE):
        raise ConfigError(f"{JOURNAL_FILE}: there is no journal; a unit begins one when it is run")
    if os.statvfs(folder).f_flag & os.ST_RDONLY:
        _copy_unwritable(folder / JOURNAL_FILE, copy)
        return
    connection = disk.connect(JOURNAL_FILE)
    try:
        settle(connection)
        Journal(connection, "", NoSigner(), SystemClock()).copy_to(str(copy))
    except apsw.Error as error:
        raise DamageError(f"SQLite cannot read the file: {error}") from error
    finally:
        connection.close()


def _copy_unwritable(journal: Path, copy: Path) -> None:
    """Copy a journal on a disk that cannot be written, byte by byte, since nobody is writing it either."""
    for suffix in ("", "-wal"):
        if journal.with_name(journal.name + suffix).exists():
            shutil.copyfile(journal.with_name(journal.name + suffix), copy.with_name(copy.name + suffix))
    connection = apsw.Connection(str(copy))
    try:
        connection.execute("PRAGMA journal_mode = DELETE")  # folds its log into it
    except apsw.Error as error:
        raise DamageError(f"SQLite cannot read the file: {error}") from error
    finally:
        connection.close()


def verify_copy(copy: Path, folder: Path) -> Verified:
    """Walk a copy from its first entry to its last, every signature.

    Raises:
        ConfigError: the unit's public key is not there.
        UnfitError: it is another unit's journal.
    """
    public = folder / PUBLIC_FILE
    try:
        owner = chain.PublicKey(raw_bytes(public.read_text().strip()))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{public}: no public key to check the journal by ({error})") from error
    connection = apsw.Connection(str(copy))
    try:
        found = examine(connection, installed.register(), owner, every_seal=True)
    except DamageError as error:
        return Verified(0, 0, 0, "", str(error))
    tip = f"{found.tip.boot}/{found.tip.seq}" if found.tip else ""
    return Verified(found.entries, found.boots, found.heads, tip, "")


def export_copy(copy: Path, output: Path, form: str, folder: Path) -> int:
    """Write a copy in one of three forms; return how many entries it holds."""
    connection = apsw.Connection(str(copy))
    count = select(connection, "SELECT count(*) FROM entry")[0][0]
    match form:
        case "segments":
            unit = read_enrolment(folder).unit
            output.write_bytes(b"".join(to_text(segment) for segment in _segments(connection, unit)))
        case "csv":
            connection.close()
            _write_table(copy, output)
        case _:
            connection.close()
            output.write_bytes(copy.read_bytes())
    return int(count)


def _segments(connection: apsw.Connection, unit: str) -> list[Segment]:
    """Return the whole journal as segments, as if the centre held nothing."""
    found = history(connection, installed.register())
    journal = Journal(connection, unit, NoSigner(), SystemClock())
    return list(Outbox(journal, found).rest())


def _write_table(copy: Path, output: Path) -> None:
    database = sqlite_utils.Database(copy)
    rows = database.query(
        "SELECT boot, seq, body ->> '$.at' AS at, body ->> '$.kind' AS kind, body, lower(hex(hash)) AS hash FROM entry"
        " ORDER BY at, boot, seq"
    )
    with output.open("w", encoding="utf-8-sig", newline="") as file:  # a byte-order mark, for Excel
        table = csv.DictWriter(file, _COLUMNS)
        table.writeheader()
        table.writerows(rows)
