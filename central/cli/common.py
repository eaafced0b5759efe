"""What every command of the centre shares: its folder, its JSON, and its way to say what went wrong."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec

from sync.terminal import lines

if TYPE_CHECKING:
    from central.centre import Centre

FOLDER = click.argument("folder", type=click.Path(path_type=Path))
JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
CHECK_FAILED: Final = 2
REFUSED: Final = 6


class NotFoundError(click.ClickException):
    exit_code = 4


class ExistsError(click.ClickException):
    exit_code = 5


class RefusedForSafetyError(click.ClickException):
    exit_code = REFUSED


class UnreachableError(click.ClickException):
    exit_code = 7


def open_folder(folder: Path) -> "Centre":
    """Open the centre in a folder."""
    from central.centre import open_centre
    from central.world import SystemClock, SystemEntropy

    with plainly():
        return open_centre(folder, SystemClock(), SystemEntropy())


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


def say(document: dict[str, Any], *, as_json: bool) -> None:
    """Print an answer: one JSON document, or a line for each of its parts."""
    if as_json:
        click.echo(msgspec.json.encode(document))
        return
    for line in lines(document):
        click.echo(line)
