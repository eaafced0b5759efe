"""Puts a backup back: a centre's folder and its database, whole or not at all; and the drill, which leaves nothing."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import sqlalchemy as sa

from central import store
from central.backups import belonging, figures
from central.backups.checking import Report, look_at
from central.backups.manifest import DamagedError
from central.durable import held, sync_folder, sync_tree
from central.folder import CONFIG_FILE, DATABASE_FILE, KEYS_FOLDER, CentralConfig, write_secret
from central.history import begin_history
from central.migrations import migrate_within
from central.office import offices
from central.reconcile import Reconciler, table_digest
from central.town import Clock, Entropy
from sync import installed

IN_FOLDER: Final = "sqlite"
_SQLITE: Final = "sqlite"
_NAMED: Final = 20  # of what is damaged
_LATER: Final = CONFIG_FILE + ".part"  # a folder without a configuration is no centre yet


class NotEmptyError(Exception):
    """There is something already where the backup would go; nothing was touched. In Japanese and in English."""


class WhereError(Exception):
    """It has to be said where the books go; in Japanese and in English."""


def drill(path: Path, keys: Path, scratch: Path | None, clock: Clock, entropy: Entropy) -> Report:
    """Try out whether a backup can be put back, in a folder that is gone afterwards, however it went.

    Args:
        keys: the folder with the town's secret keys.
        scratch: where there is room for the books; the system's place for such things, if None.

    Raises:
        FolderError: there are no keys.
        FileNotFoundError: there is no backup, or no such place.
    """
    secrets = belonging.secret_keys(keys)
    with TemporaryDirectory(prefix="machi-drill-", dir=scratch) as place:
        return look_at(path, secrets, Path(place) / DATABASE_FILE, clock, entropy)


def restore(path: Path, keys: Path, to: Path, database: str, clock: Clock, entropy: Entropy) -> Report:
    """Put a backup back into a folder that is empty or not there, and begin a new history of the books.

    Args:
        keys: the folder with the town's secret keys.
        database: the URL of an empty PostgreSQL; "sqlite" for a file in the folder; "" for what it was before.

    Raises:
        DamagedError: the backup is not whole, or these are not its keys.
        NotEmptyError: there is something in the folder or in the database.
        WhereError: the books were in PostgreSQL, and nobody says where they go.
        FolderError, FileNotFoundError, OSError, OperationalError: as they say. Nothing is left behind.
    """
    secrets = belonging.secret_keys(keys)
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise _not_empty(to)
    if database not in ("", IN_FOLDER):
        if not database.startswith("postgresql"):
            raise WhereError(
                "--database は、空の PostgreSQL のアドレスか、sqlite です。\n"
                "--database is the address of an empty PostgreSQL (postgresql+psycopg://…), or sqlite"
            )
        _must_be_empty(database)
    with _part(to) as part:
        write_secret(part / DATABASE_FILE, b"")  # SQLite gives its log the rights of the file
        report = look_at(path, secrets, part / DATABASE_FILE, clock, entropy)
        if report.damaged or report.manifest is None or report.config is None:
            raise DamagedError("\n".join(report.damaged[:_NAMED]))
        if not database and report.manifest.database != _SQLITE:
            raise WhereError(
                "この記録は PostgreSQL にありました。--database で、空のデータベースを指定してください。\n"
                "these books were in PostgreSQL: name an empty database with --database, or say --database sqlite"
            )
        begin_history(books := store.open_engine(f"sqlite:///{part / DATABASE_FILE}"), entropy)
        url = "" if database in ("", IN_FOLDER) else database
        signed = (path / name for name in report.manifest.files if name.startswith(f"{KEYS_FOLDER}/"))
        public = belonging.public_keys(keys) | {file.name: file.read_bytes() for file in signed}  # as of the backup
        _write_folder(part, public | secrets, report.config, url)
        if not url:
            books.dispose()
            _move(part, to)
        else:
            with _poured(books, url):
                books.dispose()
                (part / DATABASE_FILE).unlink()
                _move(part, to)
    (to / _LATER).rename(to / CONFIG_FILE)
    sync_folder(to)
    return report


def _not_empty(to: Path) -> NotEmptyError:
    return NotEmptyError(
        f"{to} は空ではありません。別のフォルダーを指定するか、先にどけてください。\n"
        f"{to} is not empty; name another folder, or move it away. Nothing was touched"
    )


@contextmanager
def _part(to: Path) -> Iterator[Path]:
    """Make a folder beside the one that is meant; it is gone afterwards, as is what it became, if anything fails."""
    part = to.with_name(f".{to.name}.part")
    try:
        part.mkdir(mode=0o700)
    except FileExistsError:
        with held(part):  # else somebody is at it
            shutil.rmtree(part)  # of one that was cut off
        part.mkdir(mode=0o700)
    with held(part):
        inode = part.stat().st_ino
        try:
            yield part
        except BaseException:
            for path in (part, to):
                if path.exists() and path.stat().st_ino == inode:
                    shutil.rmtree(path, ignore_errors=True)
            raise


def _write_folder(part: Path, keys: Mapping[str, bytes], config: CentralConfig, url: str) -> None:
    (part / KEYS_FOLDER).mkdir(mode=0o700)
    for name, content in keys.items():
        write_secret(part / KEYS_FOLDER / name, content)
    write_secret(part / _LATER, belonging.settings_text(config, url).encode())


def _move(part: Path, to: Path) -> None:
    """Give the folder its name, with everything in it on the disk; one that was filled meanwhile stays as it is."""
    sync_tree(part)
    try:
        part.rename(to)
    except OSError as error:
        if to.is_dir() and any(to.iterdir()):
            raise _not_empty(to) from error
        raise
    sync_folder(to.parent)


@contextmanager
def _poured(books: sa.Engine, url: str) -> Iterator[None]:
    """Copy all tables into an empty PostgreSQL in one transaction, which ends well only if the block does."""
    target = store.open_engine(url)
    tables = [*store.metadata.sorted_tables, *Reconciler(target, installed.register(), offices()).tables]
    try:
        with target.begin() as connection:
            _refuse_tables(connection)
            migrate_within(connection)
            with store.reading(books) as source:
                for table in tables:
                    table.create(connection, checkfirst=True)
                    figures.copy(source, connection, table)
                    _count_on(connection, table)
                    if table_digest(connection, table) != table_digest(source, table):
                        raise DamagedError(
                            f"データベースに書いたものが、ちがっていました({table.name})。\n"
                            f"what was written to the database reads otherwise ({table.name}); look at its disk"
                        )
            yield  # and only then is it there for others
    finally:
        target.dispose()


def _must_be_empty(url: str) -> None:
    """Look before all the work; once more when it is done."""
    engine = store.open_engine(url)
    try:
        with engine.connect() as connection:
            _refuse_tables(connection)
    finally:
        engine.dispose()


def _refuse_tables(connection: sa.Connection) -> None:
    there = sa.inspect(connection)
    if found := sorted([*there.get_table_names(), *there.get_view_names()]):
        raise NotEmptyError(
            f"データベースは空ではありません({found[0]} など)。空のものを指定してください。\n"
            f"the database is not empty ({found[0]} is there); name an empty one. Nothing was touched"
        )


def _count_on(connection: sa.Connection, table: sa.Table) -> None:
    """Let PostgreSQL count on behind what was copied: it does not look at numbers that it did not give out itself."""
    column = table.autoincrement_column
    if column is None:
        return
    sequence = connection.scalar(sa.select(sa.func.pg_get_serial_sequence(table.name, column.name)))
    if sequence:
        behind = sa.select(sa.func.coalesce(sa.func.max(column), 0) + 1).scalar_subquery()
        connection.execute(sa.select(sa.func.setval(sequence, behind, sa.false())))
