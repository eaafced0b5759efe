"""What every command of the centre shares: its folder, its JSON, and its way to say what went wrong."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec

from sync.terminal import lines

if TYPE_CHECKING:
    from central.centre import Centre
    from central.folder import Folder

FOLDER = click.argument("folder", type=click.Path(path_type=Path))
JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
CHECK_FAILED: Final = 2
REFUSED: Final = 6
_NAME: Final = re.compile(r"[0-9a-f]{32}")


class NotFoundError(click.ClickException):
    exit_code = 4


class ExistsError(click.ClickException):
    exit_code = 5


class RefusedForSafetyError(click.ClickException):
    exit_code = REFUSED


class UnreachableError(click.ClickException):
    exit_code = 7


class DiskError(click.ClickException):
    exit_code = 8


def name_of_card(opened: "Folder", card: str) -> str:
    """Return a card's name in this town: `card` is that, or a file (-: standard input) with a reading of the card."""
    from central.folder import CARD_KEY
    from central.reading import ReadingError, read_reading
    from sync.cards import pseudonym

    if _NAME.fullmatch(card):
        return card
    try:
        with click.open_file(card, "rb") as file:
            read = read_reading(file.read())
    except OSError as error:
        raise NotFoundError(f'"{card}" is neither a card\'s name (32 hex digits) nor a file: {error}') from error
    except ReadingError as error:
        raise RefusedForSafetyError(str(error)) from error
    return pseudonym(opened.secret(CARD_KEY), read.profile, read.identifier)


def month_typed(text: str) -> int:
    """Read a month.

    Raises:
        UsageError: it is none.
    """
    from sync.months import month_named

    month = month_named(text)
    if month is None:
        raise click.UsageError(f"月は 2026-11 のように書いてください。 / Write a month as 2026-11, not {text!r}.")
    return month


def open_folder(folder: Path) -> "Centre":
    """Open the centre in a folder."""
    from central.centre import open_centre
    from central.world import SystemClock, SystemEntropy

    with plainly():
        centre = open_centre(folder, SystemClock(), SystemEntropy())
    if command := click.get_current_context(silent=True):
        command.call_on_close(centre.engine.dispose)
    return centre


def open_books(folder: Path) -> "Centre":
    """Open the centre in a folder, with the tables of this version: they may have been made by an earlier one."""
    centre = open_folder(folder)
    with plainly():
        centre.reconciler.prepare()
    return centre


@contextmanager
def plainly() -> Iterator[None]:
    """Turn what a technician can mend into a sentence and an exit code."""
    from sqlalchemy.exc import ArgumentError, OperationalError

    from central.folder import FolderError
    from central.store import SchemaError, UnsafeDatabaseError
    from sync.entries import EntryError

    try:
        yield
    except FolderError as error:
        raise NotFoundError(str(error)) from error
    except (SchemaError, UnsafeDatabaseError) as error:
        raise RefusedForSafetyError(str(error)) from error
    except EntryError as error:
        raise click.UsageError(str(error)) from error
    except (ArgumentError, OperationalError) as error:
        raise UnreachableError(f"the database cannot be used: {error}") from error


@contextmanager
def of_disks() -> Iterator[None]:
    """Turn what a disk says into a sentence and an exit code; a database, too, that is no file."""
    from sqlalchemy.exc import OperationalError, ProgrammingError

    from central.durable import HeldError
    from central.store import is_full

    try:
        yield
    except OperationalError as error:
        if is_full(error):
            raise DiskError("ディスクに空きがありません。 There is no room left on the disk") from error
        raise
    except ProgrammingError as error:
        raise UnreachableError(f"データベースが断りました。 The database refuses this: {error.orig}") from error
    except HeldError as error:
        raise ExistsError(f"いま、別のコマンドが使っています。 Another command is at work in {error}") from error
    except FileExistsError as error:
        raise ExistsError(f"{error.filename} は もうあります。 {error.filename} is there already") from error
    except FileNotFoundError as error:
        raise NotFoundError(f"{error.filename}: {error.strerror}") from error
    except PermissionError:
        raise
    except OSError as error:
        raise DiskError(f"{error.filename or ''}: {error.strerror}") from error


def say(document: dict[str, Any], *, as_json: bool) -> None:
    """Print an answer: one JSON document, or a line for each of its parts."""
    if as_json:
        click.echo(msgspec.json.encode(document))
        return
    for line in lines(document):
        click.echo(line)
