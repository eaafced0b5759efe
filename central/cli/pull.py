"""`machi central pull`: what the town has for a span of days, as files in a folder."""

from datetime import datetime
from pathlib import Path

import click

from central.cli.common import FOLDER, JSON, RefusedForSafetyError, of_disks, open_books, plainly, say

_DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.command(
    epilog="\b\nExamples:\n"
    "  machi central pull /srv/town --from 2026-11-01 --upto 2026-11-30 --output /media/usb/november"
)
@FOLDER
@click.option("--from", "first", required=True, type=_DAY, help="The first day, as 2026-11-01.")
@click.option("--upto", "last", required=True, type=_DAY, help="The last day; it is in it.")
@click.option("--output", required=True, type=click.Path(path_type=Path), help="A folder that is not there yet.")
@JSON
def pull(folder: Path, first: datetime, last: datetime, output: Path, as_json: bool) -> None:
    """Lay what the town has for some days into a folder: journals as they arrived, statements, tables.

    Journals are signed segments, which `machi central import` takes. Months are there that lie in the span as a whole,
    and batches that were paid in it. Cards have the names that the town gave them; no person's name is in it.
    """
    from central.calendar import utc_offset_minutes
    from central.pulled import PulledError, Span
    from central.pulling import gather, lay
    from sync.days import day_of

    if last < first:
        raise click.UsageError(f"--upto {last:%Y-%m-%d} is before --from {first:%Y-%m-%d}")
    centre = open_books(folder)
    days = [day_of(day.date()) for day in (first, last)]
    try:
        with plainly(), centre.reconciler.counted() as connection:
            found = gather(connection, Span(days[0], days[1], utc_offset_minutes(connection)))
    except PulledError as error:
        raise RefusedForSafetyError(str(error)) from error
    with of_disks():
        lay(found, output)
    document = {"folder": str(output), "files": {name: len(content) for name, content in found.items()}}
    if as_json:
        say({"schema": "machi.central.pull/1", **document}, as_json=True)
        return
    for name, content in found.items():
        click.echo(f"{len(content):>12,}  {name}")
