"""The terms that count after a loss: shown, or set."""

from pathlib import Path

import click
import msgspec

from central.cli.common import FOLDER, JSON, open_books, plainly, say
from programs.coin.cli.asking import terms_of


@click.command(
    name="after-loss",
    epilog="\b\nExamples:\n  machi central coin after-loss /srv/town\n"
    "  machi central coin after-loss /srv/town --wait-days 14",
)
@FOLDER
@click.option("--wait-days", type=click.IntRange(0, 365), help="So long a lost unit's journal is looked for.")
@JSON
def after_loss(folder: Path, wait_days: int | None, as_json: bool) -> None:
    """Show or set what counts after a loss: how long the fund waits before it pays what a lost unit held."""
    centre = open_books(folder)
    with plainly():
        said = terms_of(centre)
        if wait_days is not None:
            changed = msgspec.structs.replace(said.after_loss, wait_days=wait_days)
            said = msgspec.structs.replace(said, after_loss=changed)
            centre.registrar.say([said])
    say({"schema": "machi.central.coin.afterloss/1", "wait_days": said.after_loss.wait_days}, as_json=as_json)


COMMANDS = (after_loss,)
