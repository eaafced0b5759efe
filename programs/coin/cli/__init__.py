"""`machi central coin …`: what the office may do with the coin."""

import click

from programs.coin.cli.closings import closings
from programs.coin.cli.terms import terms


@click.group()
def coin() -> None:
    """The town's coin.

    \b
    Examples:
      machi central coin terms /srv/town --points 5
      machi central coin closings /srv/town
    """  # noqa: D301 - click keeps lines as they are behind a real backspace


for command in (closings, terms):
    coin.add_command(command)

COMMANDS = coin
