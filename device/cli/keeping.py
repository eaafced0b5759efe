"""`machi device key|forget`: what a laptop keeps: the technician's key, and whom it knows."""

from pathlib import Path
from typing import Any

import click
import msgspec

from device.cli.common import JSON, KEYS, plainly


@click.command(
    epilog="\b\nExamples:\n  machi device key\n  machi device key --certificate hanako-cert.pub --town town.json"
)
@KEYS
@click.option("--certificate", type=click.File("rb"), help="What the office gave for your key.")
@click.option("--town", type=click.File("rb"), help="What the office gave for every laptop.")
@JSON
def key(folder: Path, certificate: Any, town: Any, as_json: bool) -> None:
    """Make a key for this technician, if there is none, and print its public half, for the office.

    What the office gives back is kept with --certificate (good for hours) and --town (good until the next one).
    """
    from device.keys import Keys

    keys = Keys(folder)
    with plainly():
        keys.create()
        keys.keep(certificate.read() if certificate else None, town.read() if town else None)
    public = keys.key.with_suffix(".pub").read_text().strip()
    if as_json:
        click.echo(msgspec.json.encode({"schema": "machi.device.key/1", "file": f"{keys.key}.pub", "public": public}))
    else:
        click.echo(public)


@click.command(epilog="\b\nExamples:\n  machi device forget lib01")
@KEYS
@click.argument("unit")
@JSON
def forget(folder: Path, unit: str, as_json: bool) -> None:
    """Forget the key of UNIT that was compared by hand: its machine was exchanged."""
    from device.errors import DeviceError, Exit
    from device.keys import Keys

    with plainly():
        if not Keys(folder).forget(unit):
            raise DeviceError(
                Exit.NOT_FOUND,
                ja=f"{unit} の鍵は覚えていません",
                en=f"no key of {unit} was ever compared here",
            )
    document = {"schema": "machi.device.forget/1", "unit": unit}
    click.echo(msgspec.json.encode(document) if as_json else f"forgotten: {unit}")
