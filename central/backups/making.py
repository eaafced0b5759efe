"""Makes a backup of the books while the centre serves: as of one moment, under its name only once it is whole."""

import hashlib
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec
import sqlalchemy as sa

from central import backup_notes, settings, store
from central.backups import belonging, figures
from central.backups.manifest import BOOKS_FILE, MANIFEST_FILE, File, Manifest, files_of, seal
from central.backups.shelf import Shelf
from central.centre import Centre
from central.durable import held, sync_folder, sync_tree
from central.folder import CONFIG_FILE, KEYS_FOLDER, Folder, FolderError, write_secret
from central.reconcile import MADE_BY
from central.sqlite import open_alone

_CHUNK_BYTES: Final = 1024 * 1024
_COPY_OF_KEYS: Final = "{town}-keys"


class TogetherError(Exception):
    """Books and keys would lie together; the message says in Japanese and in English what to do."""


class CopyError(Exception):
    """What was copied is not what was read; the message says in Japanese and in English what to do."""


class Made(msgspec.Struct, frozen=True):
    """A backup that was made.

    Attributes:
        removed: older ones that went for it.
        is_on_same_disk: it lies on the disk of the centre itself, and is gone with it.
    """

    path: Path
    manifest: Manifest
    removed: tuple[str, ...]
    is_on_same_disk: bool


def make(centre: Centre, opened: Folder, to: Path, keep: int | None) -> Made:
    """Make a backup in a folder that is there already; `keep`: how many of the newest to keep, this one among them.

    Raises:
        FolderError: there is no such folder, or something in the centre's own cannot be read.
        TogetherError: a copy of the keys lies there.
        HeldError: another backup of this centre is being made.
        CopyError: the disk did not keep what was written to it.
        OSError, OperationalError: there is no room, or the disk fails. Nothing is left behind.
    """
    if not to.is_dir():
        raise FolderError(f"{to}: no such folder; is the disk plugged in? Make it there first: mkdir {to}")
    if _keys_in(to, centre.town_id).exists():
        raise TogetherError(
            "ここには鍵の控えがあります。記録のバックアップは、別のところに取ってください。\n"
            f"there is a copy of the keys in {to}; keep the books apart from them, on another disk"
        )
    shelf, now_ms = Shelf(to, centre.town_id), centre.town.clock.wall_ms()
    with store.reading(centre.engine) as connection:
        is_ours = _is_ours(connection, centre)
        newest = connection.execute(sa.select(sa.func.coalesce(sa.func.max(store.segment.c.n), 0))).scalar_one()
    if is_ours:
        figures.add_up(centre.engine, centre.reconciler, newest)  # what comes meanwhile may wait
    with held(opened.path):
        with _new(shelf, now_ms) as part:
            manifest = _fill(part, centre, opened, now_ms)
            sync_tree(part)
            path = shelf.finish(part)
        removed = shelf.keep(keep) if keep is not None else []
    with centre.engine.begin() as connection:
        backup_notes.put(connection, backup_notes.Made(now_ms, path.name))
    return Made(path, manifest, tuple(removed), _is_same_disk(opened.path, to))


def copy_keys(centre: Centre, opened: Folder, to: Path) -> Path:
    """Copy the keys into a folder that is there already, and remember that; return where they are.

    What is no secret goes with them: a key that was made after the last backup is of no use without its public half.

    Raises:
        FolderError: there is no such folder.
        FileExistsError: there is a copy already that holds something else.
        TogetherError: backups of the books lie there, too.
    """
    if not to.is_dir():
        raise FolderError(f"{to}: no such folder; is the stick plugged in? Make it there first: mkdir {to}")
    if Shelf(to, centre.town_id).whole():
        raise TogetherError(
            "鍵は、記録のバックアップと別のところに置きます。ほかのUSBメモリなどを使ってください。\n"
            f"keys are kept apart from backups of the books, and those are in {to}: use another stick"
        )
    keys = belonging.secret_keys(opened.path / KEYS_FOLDER)
    public = belonging.public_keys(opened.path / KEYS_FOLDER)
    path, now_ms = _keys_in(to, centre.town_id), centre.town.clock.wall_ms()
    path.mkdir(mode=0o700, exist_ok=True)
    for name, content in public.items():  # certificates and what is revoked may have changed
        (path / name).unlink(missing_ok=True)
        write_secret(path / name, content)
    for name, content in keys.items():
        try:
            write_secret(path / name, content)
        except FileExistsError:
            if (path / name).read_bytes() != content:
                raise
    sync_tree(path)
    sync_folder(to)
    with centre.engine.begin() as connection:
        backup_notes.put(connection, backup_notes.Keys(now_ms, belonging.prints(keys)))
    return path


@contextmanager
def _new(shelf: Shelf, now_ms: int) -> Iterator[Path]:
    """Begin a backup, and throw it away if it is not finished."""
    part = shelf.begin(now_ms)
    try:
        yield part
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def _fill(part: Path, centre: Centre, opened: Folder, now_ms: int) -> Manifest:
    keys = opened.path / KEYS_FOLDER
    (part / KEYS_FOLDER).mkdir(mode=0o700)
    for name, content in belonging.public_keys(keys).items():
        write_secret(part / KEYS_FOLDER / name, content)
    write_secret(part / CONFIG_FILE, belonging.settings_text(opened.config).encode())
    write_secret(part / BOOKS_FILE, b"")
    with store.snapshot(centre.engine) as source:
        books = figures.books(source, store.metadata.sorted_tables)
        sums = figures.sums(source, centre.reconciler) if _is_ours(source, centre) else None
        _copy_books(source, part / BOOKS_FILE, books.tables)
    manifest = Manifest(
        town=centre.town_id,
        made_ms=now_ms,
        database=centre.engine.dialect.name,
        schema=store.SCHEMA,
        books=books,
        sums=sums,
        keys=belonging.prints(belonging.secret_keys(keys)),
        files={str(path.relative_to(part)): measure(path) for path in files_of(part)},
    )
    write_secret(part / MANIFEST_FILE, seal(manifest, centre.town.signer))
    return manifest


def _is_ours(connection: sa.Connection, centre: Centre) -> bool:
    """Whether this version has added up: a centre that was not started anew since an update must not be disturbed."""
    return settings.get(connection, MADE_BY) == centre.reconciler.version


def _copy_books(source: sa.Connection, to: Path, digests: Mapping[str, str]) -> None:
    """Copy the truth into a file, and read it there again.

    Raises:
        CopyError: there is something else in it than was read.
    """
    file = open_alone(to, to_write=True)
    with file.begin() as target:
        store.metadata.create_all(target)
        for table in store.metadata.sorted_tables:
            figures.copy(source, target, table)
    with store.reading(open_alone(to, to_write=False)) as written:
        found = figures.books(written, store.metadata.sorted_tables).tables
    if wrong := sorted(name for name, digest in digests.items() if found[name] != digest):
        raise CopyError(
            "書いたものを読みなおすと、ちがっていました。ほかのディスクに取ってください。\n"
            f"what was written reads otherwise ({', '.join(wrong)}): use another disk, and look at this machine's"
        )


def measure(path: Path) -> File:
    """Return size and SHA-256 of a file."""
    hashed = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            hashed.update(chunk)
    return File(path.stat().st_size, hashed.hexdigest())


def _keys_in(to: Path, town: str) -> Path:
    return to / _COPY_OF_KEYS.format(town=town)


def _is_same_disk(folder: Path, to: Path) -> bool:
    return folder.stat().st_dev == to.stat().st_dev
