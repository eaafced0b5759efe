"""`machi central coin …`: what the office may do with the coin."""

import click

from programs.coin.cli import (
    after_loss,
    balance,
    case,
    circulation,
    closings,
    code,
    counting,
    disputes,
    expiring,
    feed,
    giving,
    held,
    insuring,
    issuing,
    law,
    losses,
    migrating,
    months,
    moving,
    pin,
    receipt,
    reconciling,
    refund,
    settlement,
    shops,
    statement,
    terms,
    trading,
    turnover,
)


@click.group()
def coin() -> None:
    """The town's coin.

    \b
    Examples:
      machi central coin terms /srv/town --points 5
      machi central coin balance /srv/town 60033bab2dcddc48b295070670d111d3
      machi central coin settle /srv/town --upto 2026-12-15 --output /srv/bank
    """  # noqa: D301 - click keeps lines as they are behind a real backspace


of_money = (terms, balance, giving, issuing, expiring, migrating, refund, pin, law, months, insuring, counting)
of_shops = (closings, shops, code, receipt, settlement, statement, disputes, reconciling, trading)
of_all = (circulation, turnover, held, feed)
of_losses = (after_loss, case, losses, moving)
for room in (*of_money, *of_shops, *of_all, *of_losses):
    for command in room.COMMANDS:
        coin.add_command(command)

COMMANDS = coin
