"""`machi central points …`: which touches give points, decided by two officers and tried before."""

import click

from programs.points.cli import books, plans


@click.group()
def points() -> None:
    """Points for touches, by rules.

    \b
    Examples:
      machi central points preview /srv/town RULES.toml
      machi central points propose /srv/town RULES.toml --by 山田
      machi central points activate /srv/town 3f0a6c1b22d4 --by 佐藤
      machi central points explain /srv/town lib01/9f3c0a1b22d4e5f6/42
    """  # noqa: D301 - click keeps lines as they are behind a real backspace


for command in (*plans.COMMANDS, *books.COMMANDS):
    points.add_command(command)

COMMANDS = points
