"""`machi central steps …`: what phones and lists say of people's steps goes into the books."""

import click

from programs.steps.cli import importing, looking


@click.group()
def steps() -> None:
    """Steps by person and day: bring them in from phones and lists, look at them, strike them out.

    \b
    Examples:
      machi card read --json | machi central steps import /srv/town export.zip --card -
      machi central steps show /srv/town 60033bab2dcddc48b295070670d111d3
    """  # noqa: D301 - click keeps lines as they are behind a real backspace


for room in (importing, looking):
    for command in room.COMMANDS:
        steps.add_command(command)

COMMANDS = steps
"""What `machi central` gets of this program."""
