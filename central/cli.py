"""`machi central …`: set up the centre, run it, look after its books."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

if TYPE_CHECKING:
    from central.centre import Centre

FOLDER = click.argument("folder", type=click.Path(path_type=Path))
JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
CHECK_FAILED = 2
REFUSED = 6


class NotFoundError(click.ClickException):
    exit_code = 4


class RefusedForSafetyError(click.ClickException):
    exit_code = REFUSED


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def central() -> None:
    """The town's centre: its server, its books, its units.

    \b
    Examples:
      machi central init /srv/town --id todai --name 灯台町 --name-en Todai
      machi central serve /srv/town
      machi central unit add /srv/town lib01 --place library --counter facility > lib01.ticket
      machi central status /srv/town
    """  # noqa: D301 - click keeps lines as they are behind a real backspace


@central.command()
@FOLDER
@click.option("--id", "town_id", required=True, help="Short name of the town in certificates: a-z, 0-9, -.")
@click.option("--name", required=True, help="Name of the town, as on its screens.")
@click.option("--name-en", required=True, help="The same in English.")
@click.option("--phone", default="00-0000", show_default=True, help="Whom residents call.")
@click.option("--units-port", default=8443, show_default=True, help="Where units call (TLS).")
@click.option("--units-name", multiple=True, help="DNS name or address by which units find the centre; repeatable.")
@click.option("--console-port", default=8080, show_default=True, help="The console, on this machine only.")
@click.option("--database", default="", help="SQLAlchemy URL; a SQLite file in FOLDER if left out.")
@JSON
def init(folder: Path, as_json: bool, **options: Any) -> None:
    """Make a new centre in FOLDER, or bring an existing one's database to this version."""
    from central.folder import CONFIG_FILE
    from central.found import Plan, found, upgrade
    from central.world import SystemClock, SystemEntropy

    exists = (folder / CONFIG_FILE).exists()
    if exists:
        upgrade(folder, SystemClock(), SystemEntropy())
    else:
        names = options.pop("units_name") or ("localhost", "127.0.0.1")
        found(folder, Plan(units_names=tuple(names), **options), SystemClock(), SystemEntropy())
    _say({"schema": "machi.central.init/1", "folder": str(folder), "created": not exists}, as_json=as_json)


@central.command()
@FOLDER
def serve(folder: Path) -> None:
    """Run the centre until Ctrl-C or SIGTERM."""
    from central.__main__ import run

    with _plainly():
        run(folder)


@central.command()
@FOLDER
@JSON
def status(folder: Path, as_json: bool) -> None:
    """Show units, backlog, and what needs a person. Exit code 2 if something does."""
    from central.console.books import Books

    centre = _open(folder)
    books = Books(centre.engine, centre.town.register)
    units, incidents = books.units(), books.incidents()
    document = {
        "schema": "machi.central.status/1",
        "units": msgspec.to_builtins(units),
        "incidents": msgspec.to_builtins(incidents),
        "figures": centre.reconciler.figures(),
    }
    if as_json:
        _say(document, as_json=True)
    else:
        for unit in units:
            click.echo(f"{unit.name:12} {unit.state:10} {unit.entries:8} entries  {unit.unsent:6} unsent  {unit.says}")
        for incident in incidents:
            click.echo(f"incident {incident.n}: {incident.unit}: {incident.kind}: {incident.means}")
    if incidents:
        sys.exit(CHECK_FAILED)


@central.command()
@FOLDER
@JSON
def replay(folder: Path, as_json: bool) -> None:
    """Throw away all that was added up and add it up again from the stored segments. Exit code 2 if it differs."""
    centre = _open(folder)
    centre.reconciler.prepare()
    centre.reconciler.catch_up()
    before = centre.reconciler.digest()
    centre.reconciler.wipe()
    segments = centre.reconciler.catch_up()
    after = centre.reconciler.digest()
    differ = sorted(name for name in before if before[name] != after[name])
    _say(
        {
            "schema": "machi.central.replay/1",
            "segments": segments,
            "match": not differ,
            "differ": differ,
            "tables": after,
        },
        as_json=as_json,
    )
    if differ:
        sys.exit(CHECK_FAILED)


@central.command()
@FOLDER
@JSON
def verify(folder: Path, as_json: bool) -> None:
    """Check every stored segment anew: chain, signature, form, and that no entry is held twice. Exit code 2 if not."""
    from central.audit import audit

    centre = _open(folder)
    result = audit(centre.engine, centre.town)
    _say({"schema": "machi.central.verify/1", **msgspec.to_builtins(result)}, as_json=as_json)
    if result.broken:
        sys.exit(CHECK_FAILED)


@central.command(name="import")
@FOLDER
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@JSON
def import_(folder: Path, files: tuple[Path, ...], as_json: bool) -> None:
    """Take in segments that were carried here: files written by `machi unit export --segments`."""
    from central.refusal import RefusedError
    from sync.segment import SegmentError, pack, split

    centre = _open(folder)
    new = known = 0
    refused: list[str] = []
    for file in files:
        try:
            texts = split(file.read_bytes())
        except SegmentError as error:
            refused.append(f"{file}: {error}")
            continue
        for text in texts:
            try:
                grew = centre.intake.carry_in(pack(text))
            except RefusedError as error:
                refused.append(f"{file}: {error}")
                continue
            new, known = new + grew, known + (not grew)
    document = {"schema": "machi.central.import/1", "new": new, "known": known, "refused": refused}
    _say(document, as_json=as_json)
    if refused:
        sys.exit(REFUSED)


@central.command()
@FOLDER
@click.argument("unit")
@click.option("--output", type=click.Path(path_type=Path), help="File to write; standard output if left out.")
def export(folder: Path, unit: str, output: Path | None) -> None:
    """Write what the centre has to say to UNIT as a file of segments, for `machi unit import`."""
    from central import shelves
    from central.streams import ONE_UNIT
    from sync.messages import TOWN_STREAM
    from sync.segment import join

    centre = _open(folder)
    with centre.engine.begin() as connection:
        segments = [
            segment
            for writer in (TOWN_STREAM, ONE_UNIT + unit)
            for segment in shelves.take(connection, writer, [], shelves.EVERYTHING)
        ]
    with click.open_file(str(output) if output else "-", "wb") as file:
        file.write(join(segments))


@central.group()
def unit() -> None:
    """Let units in, and close their lives."""


@unit.command(name="add")
@FOLDER
@click.argument("name")
@click.option("--place", required=True, help="The place where it stands, as in `machi central place`.")
@click.option("--counter", required=True, help="What it serves there, for example facility.")
def add_unit(folder: Path, name: str, place: str, counter: str) -> None:
    """Print a ticket with which the unit NAME can enrol once; a known unit gets a new life with new keys."""
    from central.folder import Folder

    centre = _open(folder)
    ticket = centre.enroller.invite(name, place, counter, Folder(folder).config.server.units_url)
    click.echo(msgspec.json.encode(ticket))


@unit.command(name="close")
@FOLDER
@click.argument("name")
@click.option("--reason", required=True, help="Why: lost, stolen, scrapped …")
def close_unit(folder: Path, name: str, reason: str) -> None:
    """End the present life of the unit NAME: nothing that it signs is taken any more."""
    if not _open(folder).enroller.close(name, reason):
        raise NotFoundError(f"there is no unit {name}")


@central.command()
@FOLDER
@click.argument("place")
@click.option("--name", required=True)
@click.option("--kana", required=True, help="How the name is read, for voice and sorting.")
@click.option("--name-en", required=True)
def place(folder: Path, place: str, name: str, kana: str, name_en: str) -> None:
    """Name a PLACE where units stand, or rename it."""
    from sync.facts import PlaceNamed

    _open(folder).registrar.place(PlaceNamed(place, name, kana, name_en))


@central.group()
def card() -> None:
    """Register and stop cards."""


@card.command(name="add")
@FOLDER
@click.argument("reading", type=click.File("rb"))
@JSON
def add_card(folder: Path, reading: Any, as_json: bool) -> None:
    """Register a card from what `machi card read --json` printed (READING, - for standard input)."""
    from central.reading import ReadingError, read_reading

    centre = _open(folder)
    try:
        read = read_reading(reading.read())
    except ReadingError as error:
        raise RefusedForSafetyError(str(error)) from error
    name = centre.registrar.card(read.profile, read.identifier, read.index, read.face)
    _say({"schema": "machi.central.card/1", "card": name, "profile": read.profile}, as_json=as_json)


@card.command(name="stop")
@FOLDER
@click.argument("name")
def stop_card(folder: Path, name: str) -> None:
    """Stop the card NAME (32 hex digits): every unit refuses it as soon as it hears of it."""
    from sync.facts import CardState

    _open(folder).registrar.set_card(name, CardState.STOPPED)


@central.command()
@FOLDER
@click.argument("number", type=int)
@click.option("--because", required=True, help="What was found out and done.")
def settle(folder: Path, number: int, because: str) -> None:
    """Close incident NUMBER: a person has looked at it."""
    from central import incidents

    centre = _open(folder)
    with centre.engine.begin() as connection:
        if incidents.close(connection, centre.streams, number, because, centre.town.clock.wall_ms()) is None:
            raise NotFoundError(f"there is no open incident {number}")


def _open(folder: Path) -> "Centre":
    from central.centre import open_centre
    from central.world import SystemClock, SystemEntropy

    with _plainly():
        return open_centre(folder, SystemClock(), SystemEntropy())


@contextmanager
def _plainly() -> Iterator[None]:
    """Turn what a technician can mend into a sentence and an exit code."""
    from central.folder import FolderError
    from central.store import SchemaError, UnsafeDatabaseError

    try:
        yield
    except FolderError as error:
        raise NotFoundError(str(error)) from error
    except (SchemaError, UnsafeDatabaseError) as error:
        raise RefusedForSafetyError(str(error)) from error


def _say(document: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.encode(document))
        return
    for name, value in document.items():
        if name != "schema":
            click.echo(f"{name}: {value}")
