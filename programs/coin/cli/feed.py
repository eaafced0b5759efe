"""`machi central coin publish|feed`: a month is published once and stays; the feed is a folder for any web server."""

from pathlib import Path

import click

from central.cli.common import FOLDER, JSON, month_typed, open_books, say
from central.cli.feeds import lay_out, refusing


@click.command(epilog="\b\nExamples:\n  machi central coin publish /srv/town 2026-11")
@FOLDER
@click.argument("month")
@JSON
def publish(folder: Path, month: str, as_json: bool) -> None:
    """Publish a MONTH with what has arrived by now, once and for good: 2026-11.

    It has no shop and no person: sums of at least 5 people, of which nobody can tell what one shop took in. What
    arrives later changes nothing of it.
    """
    from programs.coin.publishing import publish as publish_month

    wanted = month_typed(month)
    centre = open_books(folder)
    with refusing():
        said = publish_month(centre, wanted)
    told = {"month": month, "units": said.units, "complete": said.complete, "missing": said.missing}
    say({"schema": "machi.central.coin.publish/1", **told, "sha256": said.sha256}, as_json=as_json)


@click.command(epilog="\b\nExamples:\n  machi central coin feed /srv/town /srv/www/coin")
@FOLDER
@click.argument("out", type=click.Path(path_type=Path, file_okay=False))
@JSON
def feed(folder: Path, out: Path, as_json: bool) -> None:
    """Write the feed of all published months into a folder OUT: a table for each, and feed.json about them."""
    from central.store import reading
    from programs.coin.publishing import feed as files_of

    centre = open_books(folder)
    with refusing():
        centre.reconciler.catch_up()
        with reading(centre.engine) as connection:
            files = files_of(connection)
    lay_out(files, out)
    say({"schema": "machi.central.coin.feed/1", "folder": str(out), "files": len(files)}, as_json=as_json)


COMMANDS = (publish, feed)
