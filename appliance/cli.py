"""`machi unit …`: set a unit up, run it, look at it, carry its journal."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import msgspec

FOLDER = click.argument("folder", type=click.Path(path_type=Path), default=Path("/var/lib/machitap"))
JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
CHECK_FAILED = 2


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


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def unit() -> None:
    """One unit: the box with a reader. FOLDER is /var/lib/machitap if left out.

    \b
    Examples:
      machi unit init lib01 --reader pcsc
      machi unit enrol lib01 lib01.ticket
      machi unit run lib01
      machi unit status lib01 --json
      machi unit export lib01 --segments stick/lib01.segments
    """  # noqa: D301 - click keeps lines as they are behind a real backspace


@unit.command()
@FOLDER
@click.option("--name", required=True, help="The unit's name, as on its ticket.")
@click.option("--reader", default="pcsc", show_default=True, help="Make of the card reader.")
@click.option("--reader-name", default="", help="Part of the reader's name, where there are several.")
@click.option("--screen-port", default=0, show_default=True, help="Port of the screen's page; 0 for none.")
@click.option("--test", is_flag=True, help="Believe test keys and test cards: never for a unit that serves people.")
def init(folder: Path, name: str, reader: str, reader_name: str, screen_port: int, test: bool) -> None:
    """Write a fresh unit's configuration into FOLDER, for a technician to look over."""
    from appliance.setup import write_config

    try:
        write_config(folder, name, reader, reader_name, screen_port, test=test)
    except FileExistsError as error:
        raise ExistsError(f"{error.filename} is there already; edit it, or name another folder") from error


@unit.command()
@FOLDER
@click.argument("ticket", type=click.File("rb"))
@click.option("--again", is_flag=True, help="This unit was enrolled before: put that life aside and begin a new one.")
@JSON
def enrol(folder: Path, ticket: Any, again: bool, as_json: bool) -> None:
    """Let this unit into a town, with the TICKET that the office printed (- for standard input)."""
    from appliance.config import ENROLMENT_FILE
    from appliance.uplink.joining import join
    from sync.client import RefusedError, UnreachableError

    if (folder / ENROLMENT_FILE).exists() and not again:
        raise ExistsError(f"{folder} is enrolled already; --again begins a new life with new keys")
    with _plainly():
        try:
            enrolment = join(folder, ticket.read())
        except UnreachableError as error:
            raise UnreachableTownError(f"the centre does not answer ({error}); the ticket is still good") from error
        except RefusedError as error:
            raise RefusedForSafetyError(f"{error.problem.title}: {error.problem.detail}") from error
    _say({"schema": "machi.unit.enrol/1", "unit": enrolment.unit, "epoch": enrolment.epoch}, as_json=as_json)


@unit.command()
@FOLDER
def run(folder: Path) -> None:
    """Run the daemon that serves cards: reader, journal, screen. It has no network."""
    from appliance.__main__ import run as run_daemon

    if not folder.is_dir():
        raise NotFoundError(f"{folder}: no such folder; make one with: machi unit init {folder}")
    with _plainly():
        sys.exit(run_daemon(folder))


@unit.command()
@FOLDER
def uplink(folder: Path) -> None:
    """Run the second process, which syncs whenever the town can be reached."""
    from appliance.uplink.__main__ import run as run_uplink

    with _plainly():
        run_uplink(folder)


@unit.command()
@FOLDER
@JSON
def status(folder: Path, as_json: bool) -> None:
    """Show how the running unit is. Exit code 2 if it serves nobody, or its journal is not what it was."""
    with _hatch(folder) as hatch:
        found = hatch.status()
    _say(found, as_json=as_json)
    if found["closed"] or found["frozen"] or not found["readers"]:
        sys.exit(CHECK_FAILED)


@unit.command()
@FOLDER
@JSON
def verify(folder: Path, as_json: bool) -> None:
    """Check the whole journal, every signature; a running unit is asked for a copy. Exit code 2 if it is not whole."""
    from appliance.carry import Verified, verify_copy
    from appliance.checkup import DamageError

    with _plainly():
        try:
            with _copy_of(folder) as copy:
                result = verify_copy(copy, folder)
        except DamageError as error:
            result = Verified(0, 0, 0, "", str(error))
    _say({"schema": "machi.unit.verify/1", **msgspec.to_builtins(result)}, as_json=as_json)
    if result.broken:
        sys.exit(CHECK_FAILED)


@unit.command()
@FOLDER
@click.argument("output", type=click.Path(path_type=Path))
@click.option("--segments", "form", flag_value="segments", help="As segments, for `machi central import`.")
@click.option("--csv", "form", flag_value="csv", help="As a table, for people.")
@click.option("--journal", "form", flag_value="journal", default=True, help="As a SQLite file (the default).")
@JSON
def export(folder: Path, output: Path, form: str, as_json: bool) -> None:
    """Write a consistent copy of the journal to OUTPUT, also while the unit is running."""
    from appliance.carry import export_copy

    if output.exists():
        raise ExistsError(f"{output} is there already; name another file")
    with _plainly(), _copy_of(folder) as copy:
        entries = export_copy(copy, output, form, folder)
    _say({"schema": "machi.unit.export/1", "file": str(output), "entries": entries}, as_json=as_json)


@unit.command(name="import")
@FOLDER
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@JSON
def import_(folder: Path, files: tuple[Path, ...], as_json: bool) -> None:
    """Hand the running unit what `machi central export` wrote: cards, places, orders, without a network."""
    from appliance.uplink.courier import HatchError, NoDaemonError
    from sync.segment import pack, split

    new = 0
    given = [file.absolute() for file in files]  # the hatch is spoken to from inside FOLDER
    with _hatch(folder) as hatch:
        for file in given:
            try:
                for text in split(file.read_bytes()):
                    new += hatch.take(pack(text))
            except NoDaemonError:
                raise
            except (HatchError, ValueError) as error:
                raise RefusedForSafetyError(f"{file}: {error}; nothing of the rest was taken over") from error
    _say({"schema": "machi.unit.import/1", "new": new}, as_json=as_json)


@contextmanager
def _hatch(folder: Path) -> Iterator[Any]:
    from appliance.config import HATCH_SOCKET
    from appliance.uplink.courier import HatchError
    from appliance.uplink.hatch import HttpHatch

    with _inside(folder):
        try:
            yield HttpHatch(HATCH_SOCKET)
        except HatchError as error:
            raise NotFoundError(f"{error}; is it running? machi unit run {folder}") from error


@contextmanager
def _copy_of(folder: Path) -> Iterator[Path]:
    """Yield a consistent copy of the journal: of the daemon, if it runs, else of the file."""
    import tempfile

    from appliance.carry import copy_file
    from appliance.config import HATCH_SOCKET
    from appliance.uplink.courier import HatchError, NoDaemonError
    from appliance.uplink.hatch import HttpHatch

    with tempfile.TemporaryDirectory() as place:
        copy = Path(place) / "journal.db"
        with _inside(folder):
            try:
                copy.write_bytes(HttpHatch(HATCH_SOCKET).copy())
            except NoDaemonError:
                copy_file(Path(), copy)
            except HatchError as error:
                raise HardwareError(str(error)) from error
        yield copy


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    """Work inside a folder: the path of a Unix socket must be short."""
    import contextlib

    if not folder.is_dir():
        raise NotFoundError(f"{folder}: no such folder")
    with contextlib.chdir(folder):
        yield


@contextmanager
def _plainly() -> Iterator[None]:
    """Turn what a technician can mend into a sentence and an exit code."""
    from appliance.checkup import DamageError, UnfitError
    from appliance.config import ConfigError
    from appliance.journal import JournalFullError
    from drivers.card.trust import TrustError
    from drivers.disk import DiskError
    from drivers.keystore import KeystoreError

    try:
        yield
    except ConfigError as error:
        raise NotFoundError(str(error)) from error
    except (TrustError, UnfitError, DamageError) as error:
        raise RefusedForSafetyError(str(error)) from error
    except (DiskError, KeystoreError, JournalFullError) as error:
        raise HardwareError(str(error)) from error


def _say(document: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.encode(document))
        return
    for name, value in document.items():
        if name != "schema":
            click.echo(f"{name}: {value}")
