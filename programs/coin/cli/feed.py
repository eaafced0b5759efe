"""`machi central coin publish|feed`: a month is published once and stays; the feed is a folder for any web server."""

from pathlib import Path

import click

from central.cli.common import FOLDER, JSON
from central.cli.feeds import publish_month, write_feed


@click.command(epilog="\b\nExamples:\n  machi central coin publish /srv/town 2026-11")
@FOLDER
@click.argument("month")
@JSON
def publish(folder: Path, month: str, as_json: bool) -> None:
    """Publish a MONTH with what has arrived by now, once and for good: 2026-11.

    It has no shop and no person: sums of at least 5 people, of which nobody can tell what one shop took in. What
    arrives later changes nothing of it.
    """
    from programs.coin.publishing import publish as made

    publish_month(folder, month, made, "machi.central.coin.publish/1", as_json=as_json)


@click.command(epilog="\b\nExamples:\n  machi central coin feed /srv/town /srv/www/coin")
@FOLDER
@click.argument("out", type=click.Path(path_type=Path, file_okay=False))
@JSON
def feed(folder: Path, out: Path, as_json: bool) -> None:
    """Write the feed of all published months into a folder OUT: a table for each, and feed.json about them."""
    from programs.coin.publishing import feed as files_of

    write_feed(folder, out, files_of, "machi.central.coin.feed/1", as_json=as_json)


COMMANDS = (publish, feed)
