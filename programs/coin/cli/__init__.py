"""`machi central coin …`: what the office may do with the coin."""

import click

from programs.coin.cli.balance import balance
from programs.coin.cli.expiring import expire
from programs.coin.cli.giving import give, give_list, premium
from programs.coin.cli.migrating import migrate_certificates
from programs.coin.cli.terms import terms


@click.group()
def coin() -> None:
    """The town's coin.

    \b
    Examples:
      machi central coin terms /srv/town --points 5
      machi central coin balance /srv/town 60033bab2dcddc48b295070670d111d3
      machi central coin give-list /srv/town grants.csv
    """  # noqa: D301 - click keeps lines as they are behind a real backspace


for command in (terms, balance, give, give_list, premium, expire, migrate_certificates):
    coin.add_command(command)

COMMANDS = coin
