"""Issues of gift certificates: where and until when they count."""

from pathlib import Path

import click
import msgspec

from central.cli.common import FOLDER, JSON, RefusedForSafetyError, open_books, plainly, say
from programs.coin.cli.giving import DAY
from programs.coin.lots.issues import Issue


@click.command(
    epilog="\b\nExamples:\n  machi central coin issue /srv/town summer-2026 --name 夏の商品券 --place fish"
    " --place bakery --step 500 --expires 2026-12-31"
)
@FOLDER
@click.argument("issue")
@click.option("--name", required=True, help="As people call it.")
@click.option("--place", "places", required=True, multiple=True, help="A shop that takes part; repeatable.")
@click.option(
    "--step", "step_yen", default=1, show_default=True, type=click.IntRange(1), help="Paid in multiples of this."
)
@click.option("--expires", type=DAY, default=0, help="The last day on which it can be spent; for ever if left out.")
@JSON
def issue(
    folder: Path, issue: str, name: str, places: tuple[str, ...], step_yen: int, expires: int, as_json: bool
) -> None:
    """Say what the ISSUE of gift certificates is, or change it: every unit hears of it with its next contact.

    Give them out with `machi central coin give --issue`, or with a column `issue` in a list.
    """
    from central.calendar import day_at
    from programs.coin.agreed import agreed_in
    from programs.coin.lots.days import written

    said = Issue(issue, name, places, step_yen, expires)
    centre = open_books(folder)
    with plainly():
        with centre.reconciler.counted() as connection:
            today = day_at(connection, centre.town.clock.wall_ms())
            why = agreed_in(connection).terms.law.why_not_good_until(today, expires)
        if why:
            raise RefusedForSafetyError(why)
        centre.registrar.say([said])
    document = {**msgspec.to_builtins(said), "expires": written(expires)}
    del document["kind"]
    say({"schema": "machi.central.coin.issue/1", **document}, as_json=as_json)


COMMANDS = (issue,)
