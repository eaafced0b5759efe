"""What every command of a unit shares: its folder, its JSON, its hatch, and its way to say what went wrong."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from sync.terminal import lines

FOLDER = click.argument("folder", type=click.Path(path_type=Path), default=Path("/var/lib/machitap"))
JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
CHECK_FAILED: Final = 2


class NotFoundError(click.ClickException):
    exit_code = 4


class ExistsError(click.ClickException):
    exit_code = 5


class RefusedForSafetyError(click.ClickException):
    exit_code = 6


class UnreachableTownError(click.ClickException):
    exit_code = 7


class HardwareError(click.ClickException):
    exit_code = 8


class NoPermissionError(click.ClickException):
    exit_code = 9


@contextmanager
def hatch_of(folder: Path) -> Iterator[Any]:
    """Yield the hatch of a running unit."""
    from appliance.config import HATCH_SOCKET
    from appliance.uplink.courier import HatchError
    from appliance.uplink.hatch import HttpHatch

    with inside(folder):
        try:
            yield HttpHatch(HATCH_SOCKET)
        except HatchError as error:
            raise NotFoundError(f"{error}; is it running? machi unit run {folder}") from error


def make_sure_it_rests(folder: Path, why: str) -> None:
    """Go on only if the unit in a folder does not run.

    Raises:
        RefusedForSafetyError: it does; says `why`.
    """
    from contextlib import suppress

    from appliance.config import HATCH_SOCKET
    from appliance.uplink.courier import HatchError, NoDaemonError
    from appliance.uplink.hatch import HttpHatch

    with inside(folder), suppress(NoDaemonError):
        try:
            HttpHatch(HATCH_SOCKET).status()
        except NoDaemonError:
            raise
        except HatchError as error:  # somebody is there, whatever it says
            raise RefusedForSafetyError(f"{why} ({error})") from error
        raise RefusedForSafetyError(why)


@contextmanager
def copy_of(folder: Path) -> Iterator[Path]:
    """Yield a consistent copy of the journal: of the daemon, if it runs, else of the file."""
    import tempfile

    from appliance.carry import copy_file
    from appliance.config import HATCH_SOCKET
    from appliance.uplink.courier import HatchError, NoDaemonError
    from appliance.uplink.hatch import HttpHatch

    with tempfile.TemporaryDirectory() as place:
        copy = Path(place) / "journal.db"
        with inside(folder):
            try:
                copy.write_bytes(HttpHatch(HATCH_SOCKET).copy())
            except NoDaemonError:
                copy_file(Path(), copy)
            except HatchError as error:
                raise HardwareError(str(error)) from error
        yield copy


@contextmanager
def inside(folder: Path) -> Iterator[None]:
    """Work inside a folder: the path of a Unix socket must be short."""
    import contextlib

    if not folder.is_dir():
        raise NotFoundError(f"{folder}: no such folder")
    with contextlib.chdir(folder):
        yield


@contextmanager
def plainly() -> Iterator[None]:
    """Turn what a technician can mend into a sentence and an exit code."""
    from appliance.checkup import DamageError, UnfitError
    from appliance.config import ConfigError
    from appliance.journal import JournalBrokenError, JournalFullError
    from appliance.sealed import LockedError
    from drivers.card.trust import TrustError
    from drivers.disk import DiskError
    from drivers.keystore import KeystoreError
    from drivers.monotonic import MonotonicError

    try:
        yield
    except ConfigError as error:
        raise NotFoundError(str(error)) from error
    except (TrustError, UnfitError, DamageError) as error:
        raise RefusedForSafetyError(str(error)) from error
    except (DiskError, KeystoreError, JournalFullError, MonotonicError, LockedError) as error:
        raise HardwareError(str(error)) from error
    except JournalBrokenError as error:
        raise HardwareError(f"{error}; start again, and think about a new disk") from error


def say(document: dict[str, Any], *, as_json: bool) -> None:
    """Print an answer: one JSON document, or a line for each of its parts."""
    if as_json:
        click.echo(msgspec.json.encode(document))
        return
    for line in lines(document):
        click.echo(line)
