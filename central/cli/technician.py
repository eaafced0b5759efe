"""`machi central technician …`: who may come to the units over SSH, for how long, and who may not any more."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from central.cli.common import FOLDER, JSON, RefusedForSafetyError, open_folder, plainly, say
from sync.entries import UNIT_PATTERN

if TYPE_CHECKING:
    from central.technicians import Technicians


class _Name(click.ParamType[str]):
    """A name as units have them; it stands in certificates and in logs."""

    name = "name"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        import re

        if not re.fullmatch(UNIT_PATTERN, value):
            self.fail("small letters, digits and hyphens, at most 32, the first a letter", param, ctx)
        return str(value)


@click.group()
def technician() -> None:
    """Say who may come to the units over SSH; how they do it says machi device --help.

    \b
    Examples:
      machi central technician certify /srv/town hanako.pub --name hanako > hanako-cert.pub
      machi central technician trust /srv/town > town.json
      machi central technician list /srv/town
      machi central technician revoke /srv/town 158217683230 --reason "laptop stolen"
    """  # noqa: D301 - click keeps lines as they are behind a real backspace


@contextmanager
def _desk(folder: Path) -> Iterator["Technicians"]:
    from central.folder import KEYS_FOLDER
    from central.ssh import SshAuthority, SshError
    from central.technicians import Technicians

    centre = open_folder(folder)
    with plainly():
        try:
            yield Technicians(centre, SshAuthority(folder / KEYS_FOLDER, centre.town.entropy))
        except SshError as error:
            raise RefusedForSafetyError(str(error)) from error


@technician.command(
    epilog="\b\nExamples:\n  machi central technician certify /srv/town hanako.pub --name hanako > hanako-cert.pub\n"
    "  machi central technician certify /srv/town hanako.pub --name hanako --role support --hours 2 --json"
)
@FOLDER
@click.argument("public", type=click.File("r"))
@click.option("--name", required=True, type=_Name(), help="The technician's, as it stands in logs.")
@click.option(
    "--role",
    type=click.Choice(["provision", "support"]),
    default="provision",
    show_default=True,
    help="provision: look and change; support: look, and take copies along.",
)
@click.option("--hours", default=8, show_default=True, type=click.IntRange(1, 24), help="How long it is good.")
@JSON
def certify(folder: Path, public: Any, name: str, role: str, hours: int, as_json: bool) -> None:
    """Print a certificate for a technician's PUBLIC key (a file, or - for standard input)."""
    from sync.technician import Role

    with _desk(folder) as desk:
        done = desk.certify(public.read(), name, Role(role), hours)
    document = {"schema": "machi.central.technician/1", "name": name, "role": role, "hours": hours}
    _give(done.certificate, document | {"serial": done.serial, "key": done.key}, as_json=as_json)


@technician.command(
    epilog="\b\nExamples:\n  machi central technician host /srv/town lib01 lib01-host.pub > lib01-host-cert.pub"
)
@FOLDER
@click.argument("unit", type=_Name())
@click.argument("public", type=click.File("r"))
@JSON
def host(folder: Path, unit: str, public: Any, as_json: bool) -> None:
    """Print a certificate for the PUBLIC key of the SSH server of UNIT.

    A unit gets one when it is let in; this is for one that has drawn another key since.
    """
    with _desk(folder) as desk:
        done = desk.host(public.read(), unit)
    document = {"schema": "machi.central.technician.host/1", "unit": unit, "serial": done.serial, "key": done.key}
    _give(done.certificate, document, as_json=as_json)


@technician.command(
    epilog="\b\nExamples:\n  machi central technician revoke /srv/town 158217683230 --reason 'laptop stolen'"
)
@FOLDER
@click.argument("serial", type=click.IntRange(0))
@click.option("--reason", required=True, help="Why: stolen, left …")
@JSON
def revoke(folder: Path, serial: int, reason: str, as_json: bool) -> None:
    """Revoke the certificate with the number SERIAL, of a technician or of a unit's SSH server.

    A unit hears of it from the next technician who has the new list: machi central technician trust.
    """
    with _desk(folder) as desk:
        number = desk.revoke(serial, reason)
    document = {"schema": "machi.central.technician.revoke/1", "serial": serial, "list": number}
    say(document, as_json=as_json)


@technician.command(epilog="\b\nExamples:\n  machi central technician trust /srv/town > town.json")
@FOLDER
@JSON
def trust(folder: Path, as_json: bool) -> None:  # noqa: ARG001 - always JSON
    """Print what a technician's laptop has to know of the town: whom units let in, how it knows them (JSON)."""
    with _desk(folder) as desk:
        click.echo(desk.told())


@technician.command(name="list", epilog="\b\nExamples:\n  machi central technician list /srv/town")
@FOLDER
@JSON
def list_(folder: Path, as_json: bool) -> None:
    """Show every certificate that was given to a technician."""
    import msgspec

    with _desk(folder) as desk:
        found = [msgspec.to_builtins(one) for one in desk.listed()]
    say({"schema": "machi.central.technician.list/1", "certificates": found}, as_json=as_json)


def _give(certificate: str, document: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        say(document | {"certificate": certificate}, as_json=True)
        return
    click.echo(certificate)
    click.echo(f"serial: {document['serial']}", err=True)
