"""`machi central coin …`: what the office may do with the coin."""

import click

from programs.coin.cli.disputes import dispute
from programs.coin.cli.settlement import batch, batches, mark, settle
from programs.coin.cli.shops import paydays, payer, shop
from programs.coin.cli.statement import statement
from programs.coin.cli.terms import terms


@click.group()
def coin() -> None:
    """The town's coin.

    \b
    Examples:
      machi central coin terms /srv/town --points 5
      machi central coin settle /srv/town --upto 2026-12-15 --output /srv/bank
      machi central coin statement /srv/town fish
    """  # noqa: D301 - click keeps lines as they are behind a real backspace


for command in (terms, payer, shop, paydays, settle, batch, batches, mark, statement, dispute):
    coin.add_command(command)

COMMANDS = coin
