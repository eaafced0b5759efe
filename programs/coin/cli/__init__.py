"""`machi central coin …`: what the office may do with the coin."""

import click

from programs.coin.cli.code import code
from programs.coin.cli.receipt import receipt
from programs.coin.cli.terms import terms


@click.group()
def coin() -> None:
    """The town's coin.

    \b
    Examples:
      machi central coin terms /srv/town --points 5
    """  # noqa: D301 - click keeps lines as they are behind a real backspace


for command in (terms, code, receipt):
    coin.add_command(command)

COMMANDS = coin
