"""`machi central …`: set up the centre, run it, look after its books."""

import click

from central.cli.alarms import alarms
from central.cli.backup import backup, restore
from central.cli.books import clocks, init, replay, restored, serve, settle, status, verify
from central.cli.map import map_
from central.cli.neighbour import neighbour
from central.cli.office import card, export, import_, place, storm, twin, unit
from central.cli.phone import phone
from central.cli.pull import pull
from central.cli.resident import resident
from central.cli.resident_cards import card as resident_card
from central.cli.resident_life import COMMANDS as RESIDENT_LIFE
from central.cli.resident_papers import COMMANDS as RESIDENT_PAPERS
from central.cli.retention import retention
from central.cli.rights import rights
from central.cli.staff import person, staff
from central.cli.technician import technician
from central.cli.updates import update
from central.cli.user import user
from sync import installed


class Central(click.Group):
    """Has the commands of the installed programs too, and loads them only when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *installed.with_part("cli")})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in installed.with_part("cli"):
            command: click.Command = installed.parts("cli")[cmd_name].COMMANDS
            return command
        return super().get_command(ctx, cmd_name)


@click.group(cls=Central, context_settings={"help_option_names": ["-h", "--help"]})
def central() -> None:
    """The town's centre: its server, its books, its units.

    \b
    Examples:
      machi central init /srv/town --id todai --name 灯台町 --name-en Todai
      machi central serve /srv/town
      machi central unit add /srv/town lib01 --place library --counter facility > lib01.ticket
      machi central status /srv/town
    """  # noqa: D301 - click keeps lines as they are behind a real backspace


unit.add_command(neighbour)
for of_residents in (resident_card, *RESIDENT_LIFE, *RESIDENT_PAPERS):
    resident.add_command(of_residents)
for command in (
    alarms,
    init,
    serve,
    status,
    replay,
    verify,
    backup,
    restore,
    restored,
    settle,
    clocks,
    retention,
    unit,
    place,
    map_,
    card,
    phone,
    storm,
    rights,
    staff,
    person,
    resident,
    technician,
    update,
    user,
    import_,
    twin,
    export,
    pull,
):
    central.add_command(command)
