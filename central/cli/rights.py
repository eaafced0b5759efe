"""`machi central rights`: how much units may give out without asking, and how much one may at most."""

from pathlib import Path

import click

from central.cli.common import FOLDER, JSON, open_books, plainly, say


@click.command(
    epilog="\b\nExamples:\n"
    "  machi central rights /srv/town\n"
    "  machi central rights /srv/town --limit 2000000\n"
    "  machi central rights /srv/town --no-limit"
)
@FOLDER
@click.option("--limit", type=click.IntRange(0), metavar="YEN", help="No unit may hold more, of all cards together.")
@click.option("--no-limit", is_flag=True, help="Units may hold as much as serves people (usual).")
@JSON
def rights(folder: Path, limit: int | None, no_limit: bool, as_json: bool) -> None:
    """Say what each unit may give out without asking, the most first, and how much one unit may hold at most.

    What a unit holds is at stake if it is stolen together with its key, and out of use while it is away. With a limit
    less is, and more people are refused at places without a network. A lower limit is reached as units call.
    """
    if limit is not None and no_limit:
        raise click.UsageError("--limit and --no-limit contradict each other: give one of them")
    centre = open_books(folder)
    with plainly():
        if no_limit or limit is not None:
            centre.dealer.set_limit(limit)
        said = {"limit": centre.dealer.limit(), "at_units": centre.dealer.held()}
    say({"schema": "machi.central.rights/1", **said}, as_json=as_json)
