"""`machi device …`: what a technician does from a laptop."""

import click

from device.cli.changing import bring, stop
from device.cli.keeping import forget, key
from device.cli.looking import doctor, logs, pull, status
from device.cli.parting import decommission, replace
from device.cli.provisioning import provision
from device.cli.updating import update


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def device() -> None:
    """Set units up and look after them, from a laptop over SSH.

    A unit is named UNIT@HOST or UNIT@HOST:PORT: who it is, and where it stands now. It has to prove that it is that.

    \b
    Examples:
      machi device key
      machi device key --certificate hanako-cert.pub --town town.json
      machi device provision lib01@192.0.2.7 --ticket lib01.ticket
      machi device status --fleet town.toml
      machi device doctor lib01@192.0.2.7
      machi device pull lib01@192.0.2.7
      machi device update lib01@192.0.2.7 machitap-pi-4-tap-0.2.0.raucb
      machi device decommission lib01@192.0.2.7 --release lib01.release
    """  # noqa: D301 - click keeps lines as they are behind a real backspace


for command in (key, forget, provision, status, doctor, logs, pull, bring, stop, update, replace, decommission):
    device.add_command(command)
