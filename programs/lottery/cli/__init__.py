"""`machi central lottery …`: a draw that the whole town can check."""

import click

from programs.lottery.cli import announcing, drawing, prizes, tickets


@click.group()
def lottery() -> None:
    """The digital draw: rules first, then tickets, a frozen list, and winners by a public random number.

    \b
    Examples:
      machi central lottery announce /srv/town spring.toml
      machi central lottery close /srv/town 2026-spring
      machi central lottery draw /srv/town 2026-spring --round-file round.json --by hanako
      machi central lottery confirm /srv/town 2026-spring --by jiro
    """  # noqa: D301 - click keeps lines as they are behind a real backspace


for room in (announcing, tickets, drawing, prizes):
    for command in room.COMMANDS:
        lottery.add_command(command)

COMMANDS = lottery
"""What `machi central` gets of this program."""
