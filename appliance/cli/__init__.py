"""`machi unit …`: set a unit up, run it, look at it, carry its journal."""

import click

from appliance.cli.carrying import export, import_
from appliance.cli.keeping import keep, kept
from appliance.cli.living import accept, enrol, init, request, run, twin, uplink
from appliance.cli.looking import doctor, status, verify
from appliance.cli.offered import offered
from appliance.cli.parting import decommission
from appliance.cli.sealing import seal, unseal
from appliance.cli.technician import technician
from appliance.cli.tending import health
from appliance.cli.trying import try_disk
from appliance.cli.updating import boot_slot, update


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def unit() -> None:
    """One unit: the box with a reader. FOLDER is /var/lib/machitap if left out.

    \b
    Examples:
      machi unit init lib01 --name lib01
      machi unit enrol lib01 lib01.ticket
      machi unit run lib01
      machi unit status lib01 --json
      machi unit doctor lib01
      machi unit export lib01 stick/lib01.segments --segments
    """  # noqa: D301 - click keeps lines as they are behind a real backspace


for command in (
    init,
    enrol,
    request,
    accept,
    run,
    uplink,
    twin,
    keep,
    kept,
    status,
    doctor,
    verify,
    export,
    import_,
    try_disk,
    boot_slot,
    update,
    health,
    offered,
    decommission,
    seal,
    unseal,
    technician,
):
    unit.add_command(command)
