"""`machi central visits publish|feed`: a month is published once and stays; the feed is a folder for any web server."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from central.cli.common import FOLDER, JSON
from central.cli.feeds import publish_month, write_feed

if TYPE_CHECKING:
    from programs.visits.entries import Published


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
    from programs.visits.publishing import publish as made

    by = clerk()
    schema = "machi.central.visits.publish/1"
    publish_month(folder, month, lambda centre, wanted: made(centre, wanted, by), schema, _files, as_json=as_json)


def _files(said: "Published") -> dict[str, int]:
    return {} if said.files is None else {"files": said.files}


@click.command(epilog="\b\nExamples:\n  machi central visits feed /srv/town /srv/www/visits")
@FOLDER
@click.argument("out", type=click.Path(path_type=Path, file_okay=False))
@JSON
def feed(folder: Path, out: Path, as_json: bool) -> None:
    """Write the feed of all published months into a folder OUT: a table for each, and feed.json about them."""
    from programs.visits.publishing import feed as files_of

    write_feed(folder, out, files_of, "machi.central.visits.feed/1", as_json=as_json)


COMMANDS = (publish, feed)
