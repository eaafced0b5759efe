"""`machi central init|serve|status|replay|verify|restored|settle|clocks`: the centre and its books."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec

from central.cli.common import (
    CHECK_FAILED,
    FOLDER,
    JSON,
    ExistsError,
    NotFoundError,
    RefusedForSafetyError,
    open_folder,
    plainly,
    say,
)
from sync.terminal import printable

if TYPE_CHECKING:
    from central.centre import Centre

_WRONG_S: Final = 60


@click.command(
    epilog="\b\nExamples:\n  machi central init /srv/town --id todai --name 灯台町 --name-en Todai\n"
    "  machi central init /srv/town"
)
@FOLDER
@click.option("--id", "town_id", help="Short name of a new town in certificates: a-z, 0-9, -.")
@click.option("--name", help="Name of a new town, as on its screens.")
@click.option("--name-en", help="The same in English.")
@click.option("--phone", default="00-0000", show_default=True, help="Whom residents call.")
@click.option("--units-port", default=8443, show_default=True, help="Where units call (TLS).")
@click.option("--units-name", multiple=True, help="DNS name or address by which units find the centre; repeatable.")
@click.option("--console-port", default=8080, show_default=True, help="The console, on this machine only.")
@click.option("--resident-port", default=0, help="The residents' page, behind a server that speaks TLS; 0: none.")
@click.option("--resident-url", default="", help="Where residents find it: https://…")
@click.option("--reader-port", default=0, help="Where `machi desk` reads cards on each clerk's PC; 0: at none.")
@click.option("--database", default="", help="SQLAlchemy URL; a SQLite file in FOLDER if left out.")
@JSON
def init(folder: Path, as_json: bool, **options: Any) -> None:
    """Make a new centre in FOLDER; without a town's name, bring an existing one's database to this version."""
    from central.folder import CONFIG_FILE, FolderError
    from central.found import Plan, found, upgrade
    from central.world import SystemClock, SystemEntropy

    named = [options[name] for name in ("town_id", "name", "name_en")]
    exists = (folder / CONFIG_FILE).exists()
    if exists and any(named):
        raise ExistsError(f"{folder} is a centre already; to bring it to this version: machi central init {folder}")
    if exists:
        with plainly():
            upgrade(folder, SystemClock(), SystemEntropy())
    elif not all(named):
        raise click.UsageError("a new centre needs --id, --name and --name-en")
    else:
        names = options.pop("units_name") or ("localhost", "127.0.0.1")
        plan = Plan(units_names=tuple(names), **options)
        with plainly():
            try:
                found(folder, plan, SystemClock(), SystemEntropy())
            except FolderError as error:
                raise click.UsageError(str(error)) from error
            except FileExistsError as error:
                raise ExistsError(f"{error.filename} is there already; name another folder, or move it away") from error
    say({"schema": "machi.central.init/1", "folder": str(folder), "created": not exists}, as_json=as_json)


@click.command(epilog="\b\nExamples:\n  machi central serve /srv/town\n  machi central serve /srv/town --json")
@FOLDER
@JSON
def serve(folder: Path, as_json: bool) -> None:
    """Run the centre until Ctrl-C or SIGTERM."""
    from central.__main__ import run
    from central.server import DoorError, ExposedError

    try:
        with plainly():
            run(folder, as_json=as_json)
    except DoorError as error:
        raise ExistsError(str(error)) from error
    except ExposedError as error:
        raise RefusedForSafetyError(str(error)) from error


@click.command(epilog="\b\nExamples:\n  machi central status /srv/town\n  machi central status /srv/town --json")
@FOLDER
@JSON
def status(folder: Path, as_json: bool) -> None:
    """Show units, backlog, and what needs a person. Exit code 2 if something does.

    `by_hour`: touches of today and of the seven days before, the newest first, each day's 24 hours.
    `unheard`: units that were not heard since the database was put back; nothing is granted and paid out before.
    """
    from central.console.books import Books
    from sync.symptoms import meaning

    centre = open_folder(folder)
    books = Books(centre.engine, centre.town.register)
    units, incidents, silent = books.units(), books.incidents(), books.unheard()
    made, drill = books.backups()
    document = {
        "schema": "machi.central.status/1",
        "units": msgspec.to_builtins(units),
        "incidents": msgspec.to_builtins(incidents),
        "unheard": silent,
        "figures": centre.reconciler.figures(),
        **_people(centre),
        "backup": msgspec.to_builtins(made),
        "drill": msgspec.to_builtins(drill),
    }
    if as_json:
        say(document, as_json=True)
    else:
        for unit in units:
            counts = f"{unit.entries:8} entries  {unit.unsent:6} unsent"
            click.echo(f"{unit.name:12} {unit.state:10} {counts}  {printable(unit.says)}")
            for symptom in unit.symptoms:
                words = meaning(symptom)
                click.echo(f"{'':12} {symptom.grade}: {words.en}; {words.do_en}")
        for incident in incidents:
            click.echo(f"incident {incident.n}: {incident.unit}: {incident.kind}: {incident.means}")
        if silent:
            click.echo(f"restored: nothing is granted before these were heard: {', '.join(silent)}")
        if drill and not drill.is_good:
            click.echo("drill: the last backup that was tried could not be put back; make another, and try that")
    if incidents or silent or (drill and not drill.is_good):
        sys.exit(CHECK_FAILED)


def _people(centre: "Centre") -> dict[str, Any]:
    """Return what people did, with which the console's first page begins: today's numbers, and touches by the hour."""
    from central.calendar import utc_offset_minutes
    from central.console.by_hour import by_hour
    from central.console.moment import Moment
    from central.console.today import today
    from central.store import reading

    with reading(centre.engine) as connection:
        moment = Moment(centre.town.clock.wall_ms(), utc_offset_minutes(connection))
        found = {"today": today(connection, moment), "by_hour": by_hour(connection, moment)}
        return {name: msgspec.to_builtins(value) for name, value in found.items()}


@click.command(epilog="\b\nExamples:\n  machi central replay /srv/town\n  machi central replay /srv/town --json")
@FOLDER
@JSON
def replay(folder: Path, as_json: bool) -> None:
    """Throw away all that was added up and add it up again from the stored segments. Exit code 2 if it differs."""
    centre = open_folder(folder)
    centre.reconciler.prepare()
    centre.reconciler.catch_up()
    before = centre.reconciler.digest()
    centre.reconciler.wipe()
    segments = centre.reconciler.catch_up()
    after = centre.reconciler.digest()
    differ = sorted(name for name in before if before[name] != after[name])
    say(
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


@click.command(epilog="\b\nExamples:\n  machi central verify /srv/town\n  machi central verify /srv/town --json")
@FOLDER
@JSON
def verify(folder: Path, as_json: bool) -> None:
    """Check every stored segment anew, and the tables beside them against them. Exit code 2 if something is wrong.

    `broken`: segments that are not as they were signed. `unfounded`: what other tables say without them.
    """
    from central.audit import audit

    centre = open_folder(folder)
    result = audit(centre.engine, centre.town)
    say({"schema": "machi.central.verify/1", **msgspec.to_builtins(result)}, as_json=as_json)
    if result.broken or result.unfounded:
        sys.exit(CHECK_FAILED)


@click.command(epilog="\b\nExamples:\n  machi central clocks /srv/town\n  machi central clocks /srv/town --json")
@FOLDER
@JSON
def clocks(folder: Path, as_json: bool) -> None:
    """Show which units' clocks are wrong, as far as the books show it. Exit code 2 if one is more than a minute off."""
    from central.clocks import read_clocks

    centre = open_folder(folder)
    with plainly():
        centre.reconciler.prepare()
        centre.reconciler.catch_up()
        lines = read_clocks(centre.engine)
    wrong = [line.unit for line in lines if max(line.ahead_s, line.back_s) > _WRONG_S]
    if as_json:
        say({"schema": "machi.central.clocks/1", "units": msgspec.to_builtins(lines), "wrong": wrong}, as_json=True)
    else:
        for line in lines:
            off = f"{line.ahead_s:6} s fast  {line.back_s:6} s set back"
            click.echo(f"{line.unit:12} {line.says or '-':10} {off}")
    if wrong:
        sys.exit(CHECK_FAILED)


@click.command(epilog="\b\nExamples:\n  machi central restored /srv/town")
@FOLDER
@JSON
def restored(folder: Path, as_json: bool) -> None:
    """Say that the database was put back from a backup, once, before it serves: units then bring what it lost."""
    from central.console.books import Books
    from central.history import begin_history

    centre = open_folder(folder)
    with plainly():
        generation = begin_history(centre.engine, centre.town.entropy)
        silent = Books(centre.engine, centre.town.register).unheard()
    say({"schema": "machi.central.restored/1", "generation": generation, "unheard": silent}, as_json=as_json)


@click.command(
    epilog="\b\nExamples:\n  machi central settle /srv/town 1 --because 'the disk was changed by the technician'"
)
@FOLDER
@click.argument("number", type=int)
@click.option("--because", required=True, help="What was found out and done.")
@JSON
def settle(folder: Path, number: int, because: str, as_json: bool) -> None:
    """Close incident NUMBER: a person has looked at it."""
    from central import incidents

    centre = open_folder(folder)
    with plainly(), centre.engine.begin() as connection:
        if incidents.close(connection, centre.streams, number, because, centre.town.clock.wall_ms()) is None:
            raise NotFoundError(f"there is no open incident {number}")
    say({"schema": "machi.central.settle/1", "incident": number, "because": because}, as_json=as_json)
