"""`machi central coin …`: what the office may do with the coin."""

import click

from programs.coin.cli import after_loss, law, losses, moving
from programs.coin.cli.terms import terms


@click.group()
def coin() -> None:
    """The town's coin.

    \b
    Examples:
      machi central coin terms /srv/town --points 5
      machi central coin case /srv/town shop01
    """  # noqa: D301 - click keeps lines as they are behind a real backspace


for command in (terms, *after_loss.COMMANDS, *losses.COMMANDS, *moving.COMMANDS, *law.COMMANDS):
    coin.add_command(command)

COMMANDS = coin
