"""`machi central visits …`: what is used in the town, and the feed in which that is published."""

import click

from programs.visits.cli import feed, show


@click.group()
def visits() -> None:
    """What is used in the town: by place and hour, by whom for the first time, and together with what.

    \b
    Examples:
      machi central visits show /srv/town --month 2026-11
      machi central visits publish /srv/town 2026-11
      machi central visits feed /srv/town /srv/www/visits
    """  # noqa: D301 - click keeps lines as they are behind a real backspace


for command in (*show.COMMANDS, *feed.COMMANDS):
    visits.add_command(command)

COMMANDS = visits
"""What `machi central` gets of this program."""
