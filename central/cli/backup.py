"""`machi central backup|restore`: copies of the books, the drill that shows that they come back, putting one back."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from central.cli.common import (
    CHECK_FAILED,
    FOLDER,
    JSON,
    DiskError,
    ExistsError,
    RefusedForSafetyError,
    of_disks,
    open_folder,
    plainly,
    say,
)
from sync.terminal import printable

if TYPE_CHECKING:
    from central.backups.checking import Report
    from central.centre import Centre

_PATH: Final = click.Path(path_type=Path)
_SHOWN: Final = 20  # lines of what is wrong


@click.command(
    epilog="\b\nExamples:\n  machi central backup /srv/town --to /media/backup --keep 14\n"
    "  machi central backup /srv/town --keys-to /media/safe"
)
@FOLDER
@click.option("--to", type=_PATH, help="Folder for backups of the books; it has to be there: is the disk plugged in?")
@click.option("--keep", type=click.IntRange(min=1), help="Keep so many of the newest backups there; all, if left out.")
@click.option("--keys-to", type=_PATH, help="Copy the secret keys into this folder, on a stick that is locked away.")
@JSON
def backup(folder: Path, to: Path | None, keep: int | None, keys_to: Path | None, as_json: bool) -> None:
    """Back up the books of the centre in FOLDER while it serves (--to), or copy its secret keys (--keys-to).

    Books and keys are kept apart: whoever has both can sign for the town and read its residents' names. A backup of the
    books has the settings without the address of the database, and no secret key; to put it back takes both.
    """
    from central.backups.making import copy_keys, make
    from central.folder import Folder

    if to is None and keys_to is None:
        raise click.UsageError("say --to FOLDER for the books, or --keys-to FOLDER for the keys")
    if to is not None and keys_to is not None:
        raise click.UsageError("books and keys go to two disks: say it twice")
    if keep is not None and to is None:
        raise click.UsageError("--keep is for backups of the books: name their folder with --to")
    centre = open_folder(folder)
    opened = Folder(folder)
    document: dict[str, Any] = {"schema": "machi.central.backup/1"}
    with _plainly(), _stoppable():
        if keys_to is not None:
            document["keys_in"] = str(copy_keys(centre, opened, keys_to))
            _warn(
                "この中の鍵があれば、町の名で署名でき、住民の名前が読めます。金庫に入れ、記録のバックアップと別に置いてください。",
                "Whoever has these keys can sign for the town. Lock them away, and never beside a backup of the books.",
            )
        if to is not None:
            made = make(centre, opened, to, keep)
            books = made.manifest.books
            document |= {"backup": str(made.path), "segments": books.segments, "entries": books.entries}
            document |= {"removed": list(made.removed), "on_same_disk": made.is_on_same_disk}
            if made.is_on_same_disk:
                _warn(
                    "同じディスクに取りました。ディスクがこわれると、いっしょになくなります。外のディスクに取ってください。",
                    "This lies on the centre's own disk, and is gone with it. Use a disk outside of this machine.",
                )
            if made.manifest.sums is None:
                _warn(
                    "ソフトが新しくなりました。町のサーバーを起動しなおし、もう一度バックアップを取ってください。",
                    "The software is newer than what the centre runs. Start the centre anew, and make a backup again.",
                )
            document["keys"] = _keys_state(centre, made.manifest.keys)
    say(document, as_json=as_json)


def _keys_state(centre: "Centre", prints: dict[str, str]) -> str:
    """Say whether the keys without which these books are of little use were ever copied; warn, if they were not."""
    from central import backup_notes
    from central.store import reading

    with reading(centre.engine) as connection:
        copied = backup_notes.get(connection, backup_notes.Keys)
    if copied and prints.items() <= copied.prints.items():
        return "copied"
    state = "changed since they were copied" if copied else "never copied"
    _warn(
        "鍵は、このバックアップに入っていません。鍵がないと、町は続けられません。"
        "「machi central backup FOLDER --keys-to …」で別に控え、金庫に入れてください。",
        f"The keys are not in this backup ({state}). Copy them with --keys-to, to another stick, and lock that away: "
        "without them, the town cannot go on.",
    )
    return state


@click.command(
    epilog="\b\nExamples:\n"
    "  machi central restore /media/backup/todai-000042-20261130-021500 --verify --keys /media/safe/todai-keys\n"
    "  machi central restore /media/backup/todai-000042-20261130-021500 --keys /media/safe/todai-keys --to /srv/town"
)
@click.argument("backup", type=_PATH)
@click.option("--keys", required=True, type=_PATH, help="The folder with the town's secret keys: their copy.")
@click.option("--to", type=_PATH, help="Put it back into this folder, which is empty or not there.")
@click.option(
    "--database", default="", help="An empty PostgreSQL (URL) for the books, or sqlite for a file in the folder."
)
@click.option("--verify", is_flag=True, help="The drill: try whether it could be put back. Changes nothing.")
@click.option(
    "--scratch", type=_PATH, help="For the drill: a folder with room for the books; the system's, if left out."
)
@click.option("--centre", type=_PATH, help="For the drill: the folder of the centre that should remember how it went.")
@JSON
def restore(
    backup: Path,
    keys: Path,
    to: Path | None,
    database: str,
    verify: bool,
    scratch: Path | None,
    centre: Path | None,
    as_json: bool,
) -> None:
    """Put BACKUP back (--to), or only try whether that would work (--verify).

    Checked are the town's signature over the backup, every byte, every key, the signatures and chains of all journals,
    and that adding everything up anew comes to the figures that were recorded. Exit code 2 if not all of it was
    compared and found the same.
    """
    if verify == (to is not None):
        raise click.UsageError("say either --to FOLDER, to put it back, or --verify, to try it")
    if verify and database:
        raise click.UsageError("--database is for putting a backup back; a drill needs none")
    if to is not None and (scratch or centre):
        raise click.UsageError("--scratch and --centre are for a drill: --verify")
    with _plainly(), _stoppable():
        report = _drill(backup, keys, scratch, centre) if to is None else _restore(backup, keys, to, database)
    document = _document(report) | ({} if to is None else {"folder": str(to)})
    if as_json:
        say({"schema": f"machi.central.{'drill' if to is None else 'restore'}/1", **document}, as_json=True)
    else:
        _tell(report, document)
    if not report.is_good:
        sys.exit(CHECK_FAILED)


def _drill(backup: Path, keys: Path, scratch: Path | None, centre: Path | None) -> "Report":
    from central import backup_notes
    from central.backups.restoring import drill
    from central.world import SystemClock, SystemEntropy

    remembering = open_folder(centre) if centre else None  # before all the work

    def remember(made_ms: int, *, is_good: bool) -> None:
        if remembering:
            with remembering.engine.begin() as connection:
                backup_notes.put(connection, backup_notes.Drill(remembering.town.clock.wall_ms(), made_ms, is_good))

    try:
        report = drill(backup, keys, scratch, SystemClock(), SystemEntropy())
    except FileNotFoundError:
        raise  # another folder was meant
    except OSError:
        remember(0, is_good=False)  # a disk that cannot be read
        raise
    remember(report.manifest.made_ms if report.manifest else 0, is_good=report.is_good)
    return report


def _restore(backup: Path, keys: Path, to: Path, database: str) -> "Report":
    from central.backups.restoring import restore as put_back
    from central.world import SystemClock, SystemEntropy

    return put_back(backup, keys, to, database, SystemClock(), SystemEntropy())


def _document(report: "Report") -> dict[str, Any]:
    from central.console.moment import Moment

    manifest, offset = report.manifest, report.config.town.utc_offset_minutes if report.config else 0
    return {
        "good": report.is_good,
        "made": Moment(manifest.made_ms, offset).iso(manifest.made_ms) if manifest else None,
        "segments": manifest.books.segments if manifest else None,
        "entries": manifest.books.entries if manifest else None,
        "compared": report.compared,
        "damaged": report.damaged,
        "differs": report.differs,
        "left_out": report.left_out,
    }


def _tell(report: "Report", document: dict[str, Any]) -> None:
    if "folder" in document:
        click.echo(printable(f"戻しました: {document['folder']}  put back, as of {document['made']}"))
        click.echo("つぎは: machi central serve  端末が、それからの記録を送ってきます。  Units bring what came since.")
    elif report.is_good:
        click.echo(printable(f"よし。このバックアップは戻せます({document['made']})。  Good: it can be put back."))
    else:
        click.echo("× このバックアップは、このままでは たよりになりません。  Not good: do not rely on this backup.")
    for name in ("segments", "entries", "compared"):
        click.echo(f"{name}: {document[name]}")
    for name in ("damaged", "differs", "left_out"):
        for line in document[name][:_SHOWN]:
            click.echo(printable(f"{name.replace('_', ' ')}: {line}"))
        if len(document[name]) > _SHOWN:
            click.echo(f"… {len(document[name]) - _SHOWN} more: --json")


@contextmanager
def _plainly() -> Iterator[None]:
    """Turn what may go wrong with backups into a sentence and an exit code."""
    from central.backups.making import CopyError, TogetherError
    from central.backups.manifest import DamagedError
    from central.backups.restoring import NotEmptyError, WhereError

    ends: dict[type[Exception], type[click.ClickException]] = {
        NotEmptyError: ExistsError,
        DamagedError: RefusedForSafetyError,
        TogetherError: RefusedForSafetyError,
        WhereError: click.UsageError,
        CopyError: DiskError,
    }
    try:
        with plainly(), of_disks():
            yield
    except tuple(ends) as error:
        raise ends[type(error)](str(error)) from error


@contextmanager
def _stoppable() -> Iterator[None]:
    """Let a command that is told to stop tidy up behind it."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _warn(ja: str, en: str) -> None:
    click.echo(f"{ja}\n{en}", err=True)
