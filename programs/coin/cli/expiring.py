"""Money that has run out."""

from pathlib import Path

import click
import msgspec

from central.cli.common import FOLDER, JSON, RefusedForSafetyError, open_books, plainly, say
from programs.coin.cli.giving import DAY


@click.command(
    epilog="\b\nExamples:\n  machi central coin expire /srv/town\n  machi central coin expire /srv/town --on 2027-04-01"
)
@FOLDER
@click.option("--on", "day", type=DAY, help="What was good up to the day before goes; today if left out.")
@JSON
def expire(folder: Path, day: int | None, as_json: bool) -> None:
    """Let what has run out go, and ask units for what they hold of it: run it every night; twice does no harm.

    `waiting_yen`: what has run out, but may have been paid with in time at a unit that was not heard since.
    """
    from central.calendar import day_at
    from programs.coin.lots import expiring
    from programs.coin.lots.days import written

    centre = open_books(folder)
    with plainly():
        with centre.reconciler.counted() as connection:
            on = day_at(connection, centre.town.clock.wall_ms()) if day is None else day
        try:
            outcome = expiring.expire(centre, on)
        except expiring.TooEarlyError as error:
            raise RefusedForSafetyError(str(error)) from error
    say(
        {"schema": "machi.central.coin.expire/1", "on": written(on), **msgspec.structs.asdict(outcome)},
        as_json=as_json,
    )


COMMANDS = (expire,)
