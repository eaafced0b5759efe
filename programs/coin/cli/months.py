"""Who has charged more in a month than the town's limit."""

from datetime import datetime
from pathlib import Path

import click
import msgspec

from central.cli.common import CHECK_FAILED, FOLDER, JSON, open_books, plainly, say
from programs.coin.cli.asking import terms_of
from sync.terminal import printable


@click.command(
    name="month-limit",
    epilog="\b\nExamples:\n  machi central coin month-limit /srv/town\n"
    "  machi central coin month-limit /srv/town --month 2026-12",
)
@FOLDER
@click.option("--month", type=click.DateTime(["%Y-%m"]), help="The present one if left out.")
@JSON
@click.pass_context
def month_limit(context: click.Context, folder: Path, month: datetime | None, as_json: bool) -> None:
    """List the cards on which more was charged in a month than the town's limit, at all desks together.

    A desk without a network knows only what it has charged itself. Ends with exit code 2 if there is such a card: give
    back what is too much with `machi central coin cash-out … --cause mistake`.
    """
    from central.calendar import day_at
    from central.store import reading
    from programs.coin.procedures.months import charged_in
    from sync import months

    centre = open_books(folder)
    with plainly():
        limit = terms_of(centre).month_yen
        with reading(centre.engine) as connection:
            today = months.month_of(day_at(connection, centre.town.clock.wall_ms()))
            wanted = today if month is None else month.year * 12 + month.month - 1
            over = [one for one in charged_in(connection, wanted) if limit and one.yen > limit]
    document = {"month": months.written(wanted), "limit_yen": limit, "over": msgspec.to_builtins(over)}
    if as_json:
        say({"schema": "machi.central.coin.month.limit/1", **document}, as_json=True)
    else:
        say({"month": document["month"], "limit_yen": limit or "none"}, as_json=False)
        for one in over:
            click.echo(
                printable(f"{one.card}: {one.yen:,} yen, {one.yen - limit:,} too much, at {', '.join(one.desks)}")
            )
    if over:
        context.exit(CHECK_FAILED)


COMMANDS = (month_limit,)
