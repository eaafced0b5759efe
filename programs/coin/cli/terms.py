"""The terms of the coin: shown, or set."""

from pathlib import Path
from typing import Any

import click
import msgspec

from central.cli.common import FOLDER, JSON, open_folder, plainly, say


@click.command(
    epilog="\b\nExamples:\n  machi central coin terms /srv/town\n  machi central coin terms /srv/town --points 5"
)
@FOLDER
@click.option("--step", "step_yen", type=click.IntRange(1, 100_000), help="Cash is charged in multiples of this (¥).")
@click.option("--ceiling", "ceiling_yen", type=click.IntRange(1, 10_000_000), help="The most on one card (¥).")
@click.option("--points", "points_per_100_yen", type=click.IntRange(0, 100), help="Points for each whole ¥100 paid.")
@click.option("--cash-good-days", type=click.IntRange(0, 10_000), help="Charged money is good so long; 0: for ever.")
@click.option("--token", "token_yen", type=click.IntRange(0, 1_000_000), help="The most at once by a code or tag (¥).")
@click.option("--network", help="The town's domain, backwards, for its shops' codes: \"jp.example.town\".")
@click.option(
    "--rights-on-receipts/--no-rights-on-receipts", default=None, help="Say on receipts what can still be spent there."
)
@JSON
def terms(folder: Path, as_json: bool, **wanted: Any) -> None:
    """Show the terms that count, or set some of them: every unit hears of it with its next contact."""
    from programs.coin.office import agreed

    centre = open_folder(folder)
    with plainly():
        centre.reconciler.prepare()
        centre.reconciler.catch_up()
        said = agreed(centre.engine).terms
        if changed := {name: value for name, value in wanted.items() if value is not None}:
            said = msgspec.structs.replace(said, **changed)
            centre.registrar.say([said])
    figures = {name: value for name, value in msgspec.structs.asdict(said).items() if isinstance(value, int | str)}
    say({"schema": "machi.central.coin.terms/1"} | figures, as_json=as_json)


COMMANDS = (terms,)
