"""`machi central visits publish|feed`: a month is published once and stays; the feed is a folder for any web server."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from central.cli.common import FOLDER, JSON, RefusedForSafetyError, open_books, plainly, say
from programs.visits.cli.asking import month_typed


@contextmanager
def _refusing() -> Iterator[None]:
    from programs.visits.publishing import PublishError

    with plainly():
        try:
            yield
        except PublishError as error:
            raise RefusedForSafetyError(str(error)) from error


@click.command(epilog="\b\nExamples:\n  machi central visits publish /srv/town 2026-11")
@FOLDER
@click.argument("month")
@JSON
def publish(folder: Path, month: str, as_json: bool) -> None:
    """Publish a MONTH with what has arrived by now, once and for good: 2026-11.

    What arrives later changes nothing of it: two versions of a month would tell who came in between. With counts_ages
    in [registration] of central.toml, it is counted by age too, and the journal says that files were opened for it.
    """
    from central.cli.resident import clerk
    from programs.visits.publishing import publish as publish_month

    wanted = month_typed(month)
    centre = open_books(folder)
    with _refusing():
        said = publish_month(centre, wanted, clerk())
    told = {"month": month, "units": said.units, "complete": said.complete, "missing": said.missing}
    told |= {} if said.files is None else {"files": said.files}
    say({"schema": "machi.central.visits.publish/1", **told, "sha256": said.sha256}, as_json=as_json)


@click.command(epilog="\b\nExamples:\n  machi central visits feed /srv/town /srv/www/visits")
@FOLDER
@click.argument("out", type=click.Path(path_type=Path, file_okay=False))
@JSON
def feed(folder: Path, out: Path, as_json: bool) -> None:
    """Write the feed of all published months into a folder OUT: a table for each, and feed.json about them."""
    from central.store import reading
    from programs.visits.publishing import feed as files_of

    centre = open_books(folder)
    with _refusing():
        centre.reconciler.catch_up()
        with reading(centre.engine) as connection:
            files = files_of(connection)
    out.mkdir(parents=True, exist_ok=True)
    for name, raw in files.items():
        (out / name).write_bytes(raw)
    say({"schema": "machi.central.visits.feed/1", "folder": str(out), "files": len(files)}, as_json=as_json)


COMMANDS = (publish, feed)
