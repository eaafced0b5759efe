"""`machi central coin statement`: what a shop has to get, and why."""

from pathlib import Path
from typing import Final

import click

from central.cli.common import FOLDER, JSON, NotFoundError, RefusedForSafetyError, open_books, say
from programs.coin.cli.asking import refusing
from sync.terminal import printable

_FOR_ALL: Final = "all"


@click.command(
    epilog="\b\nExamples:\n  machi central coin statement /srv/town fish\n"
    "  machi central coin statement /srv/town fish --batch 3\n"
    "  machi central coin statement /srv/town all --batch 3 --csv > entries.csv"
)
@FOLDER
@click.argument("place")
@click.option("--batch", "number", type=int, default=0, help="Of the period that it settled; left out: of the present.")
@click.option("--csv", "as_csv", is_flag=True, help="Print the single entries as a table.")
@JSON
def statement(folder: Path, place: str, number: int, as_csv: bool, as_json: bool) -> None:
    """Show what a shop has to get and why: of PLACE, or of all."""
    from central.calendar import utc_offset_minutes
    from central.places import name_of
    from programs.coin.settlement import counted, paper
    from programs.coin.settlement.settle import named
    from programs.coin.settlement.statement import statement as state
    from programs.coin.settlement.tables import office_books

    centre = open_books(folder)
    with refusing(), centre.reconciler.counted() as connection:
        books, offset = office_books(connection), utc_offset_minutes(connection)
        if number and named(books, number).is_void:
            raise RefusedForSafetyError(f"batch {number} is void: it settled nothing")
        places = sorted(counted.totals(connection))
        if place != _FOR_ALL and place not in places:
            raise NotFoundError(f"nothing was ever paid at {place}")
        wanted = places if place == _FOR_ALL else [place]
        found = [state(connection, books, one, number, offset) for one in wanted]
        names = {one: name_of(connection, one) for one in wanted}
    if as_json:
        say(
            {"schema": "machi.central.coin.statement/1", "statements": [paper.document(one) for one in found]},
            as_json=True,
        )
    elif as_csv:
        click.echo(paper.statement_table(found), nl=False)
    else:
        click.echo("\n".join(paper.text(one, printable(names[one.place])) for one in found), nl=False)


COMMANDS = (statement,)
