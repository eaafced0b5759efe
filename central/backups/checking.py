"""Lays the books of a backup into an empty file, and holds everything that the backup says of itself against them.

What is checked is what a town would have after a disaster: bytes, signatures and chains of every journal, sealed files,
and the sums that come out when all of it is added up anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from alembic.util import CommandError

from central import reconcile, store
from central.audit import audit
from central.backups import belonging, figures
from central.backups.making import measure
from central.backups.manifest import (
    BOOKS_FILE,
    MANIFEST_FILE,
    Books,
    DamagedError,
    Manifest,
    files_of,
    leaves,
    unseal,
)
from central.folder import CONFIG_FILE, CentralConfig, FolderError, read_config
from central.migrations import migrate, migrate_within
from central.office import offices
from central.reconcile import Reconciler
from central.residents.sealing import Keyring, SealingError
from central.sqlite import open_alone
from central.town import Clock, Entropy, Town
from sync import installed

_NOTHING: Final = "(nothing)"


@dataclass
class Report:
    """What came of looking at a backup.

    Attributes:
        compared: how many single things were held against what was recorded.
        damaged: what is not as it was backed up: this must not be put back.
        differs: what came out otherwise although the backup is whole: a person has to look.
        left_out: what was recorded, and could not be compared.
        manifest: what the backup says of itself, once it is known that the town said it.
        config: the centre's settings in it.
    """

    compared: int = 0
    damaged: list[str] = field(default_factory=list)
    differs: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    manifest: Manifest | None = None
    config: CentralConfig | None = None

    @property
    def is_good(self) -> bool:
        """Everything that is recorded was compared, and it is the same."""
        return self.compared > 0 and not (self.damaged or self.differs or self.left_out)

    def hold(self, what: str, recorded: Any, found: Any, into: list[str]) -> None:
        """Compare two structs or mappings, value by value."""
        ours, theirs = leaves(recorded, what), leaves(found, what)
        if not ours:
            into.append(f"{what}: nothing is recorded to compare with")
        self.compared += len(ours)
        into += [
            f"{path}: {ours.get(path, _NOTHING)} was recorded, {theirs.get(path, _NOTHING)} was found"
            for path in sorted(ours.keys() | theirs.keys())
            if path not in ours or path not in theirs or ours[path] != theirs[path]
        ]


def look_at(path: Path, keys: Mapping[str, bytes], database: Path, clock: Clock, entropy: Entropy) -> Report:
    """Try whether a backup is whole, by laying its books into an empty file.

    Args:
        keys: the town's secret keys, by the names of their files.
        database: that file, a database of SQLite: the books of a working centre, as long as nothing is damaged.

    Raises:
        FileNotFoundError: there is no backup here.
    """
    report = Report()
    _read(report, path, keys)
    if report.manifest is None or report.damaged:
        return report
    engine = store.open_engine(f"sqlite:///{database}")
    try:
        _lay(report, report.manifest, path / BOOKS_FILE, engine)
        if not report.damaged:
            town = Town(belonging.signer(keys), installed.register(), clock, entropy)
            _check_books(report, report.manifest.books, engine, town)
        if not report.damaged:
            _open_files(report, engine, Keyring(belonging.resident_keys(keys)))
            _check_sums(report, report.manifest, engine)
    finally:
        engine.dispose()
    return report


def _read(report: Report, path: Path, keys: Mapping[str, bytes]) -> None:
    """Read what the backup says of itself, and hold its files and the keys against that."""
    raw = (path / MANIFEST_FILE).read_bytes()
    try:
        manifest = unseal(raw, belonging.signer(keys).public)
    except DamagedError as error:
        report.damaged.append(str(error))
        return
    found = {str(file.relative_to(path)): measure(file) for file in files_of(path)}
    report.hold("files", manifest.files, _named(manifest.files, found), report.damaged)
    report.hold("keys", manifest.keys, _named(manifest.keys, belonging.prints(keys)), report.damaged)
    report.manifest = manifest
    try:
        report.config = read_config((path / CONFIG_FILE).read_text(), path / CONFIG_FILE)
    except (OSError, ValueError, FolderError) as error:
        report.damaged.append(f"{CONFIG_FILE}: {error}")
        return
    report.hold("town", manifest.town, report.config.town.id, report.damaged)


def _named(recorded: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was found of what is recorded: what lies beside it does no harm."""
    return {name: found[name] for name in recorded if name in found}


def _lay(report: Report, manifest: Manifest, file: Path, engine: sa.Engine) -> None:
    """Copy the books into an empty database, compare them there, and bring them to this version's tables."""
    kept = sa.MetaData()
    with store.reading(open_alone(file, to_write=False)) as source:
        kept.reflect(source)
        with engine.begin() as target:
            try:
                migrate_within(target, manifest.schema)
            except CommandError:
                report.damaged.append(
                    f"このバックアップは、より新しい版で取られました({manifest.schema})。新しい版で戻してください。\n"
                    f"this backup was made by a newer version ({manifest.schema}); put it back with that one"
                )
                return
            for table in kept.sorted_tables:
                figures.copy(source, target, table)
            report.hold("books", manifest.books, figures.books(target, kept.sorted_tables), report.damaged)
    migrate(engine)


def _check_books(report: Report, recorded: Books, engine: sa.Engine, town: Town) -> None:
    """Check every segment from its bytes and the town's key, and the tables beside them against them."""
    found = audit(engine, town)
    counted = {"segments": recorded.segments, "entries": recorded.entries}
    report.hold("checked", counted, {"segments": found.segments, "entries": found.entries}, report.damaged)
    report.damaged += found.broken
    report.differs += found.unfounded


def _open_files(report: Report, engine: sa.Engine, keyring: Keyring) -> None:
    """Open every resident's file with the keys that are at hand."""
    table = store.resident_file.c
    with store.reading(engine) as connection:
        for holder, version, sealed in connection.execute(sa.select(table.holder, table.version, table.sealed)):
            try:
                keyring.unseal(holder, version, sealed)
            except SealingError as error:
                report.differs.append(str(error))


def _check_sums(report: Report, manifest: Manifest, engine: sa.Engine) -> None:
    """Add everything up anew, as far as it was added up at the time of the backup, and compare what comes out."""
    with engine.begin() as connection:  # what it says was made is not in a backup
        connection.execute(sa.delete(store.setting).where(store.setting.c.name == reconcile.MADE_BY))
    reconciler = Reconciler(engine, installed.register(), offices())
    reconciler.prepare()
    recorded = manifest.sums
    if recorded and recorded.version == reconciler.version:
        figures.add_up(engine, reconciler, recorded.upto)
        with store.reading(engine) as connection:
            found = figures.sums(connection, reconciler)
        report.hold("sums", recorded, found, report.differs)
        report.hold("ledger", {"sum": 0}, {"sum": found.sum}, report.differs)
    else:
        report.left_out.append(
            "別の版で取ったバックアップなので、合計は比べていません。いまの版で取って、もう一度ためしてください。\n"
            "sums: made by another version of the software, so they were not compared. Make a backup now, and try that"
        )
    reconciler.catch_up()
