"""`machi device bring|stop`: what a unit gets by hand instead of by network, and how it is taken out of service."""

from pathlib import Path
from typing import Any

import click
import msgspec

from device.cli.common import JSON, KEYS, keys_of, plainly


@click.command(
    epilog="\b\nExamples:\n  machi central export /srv/town lib01 --output to-lib01.segments\n"
    "  machi device bring lib01@192.0.2.7 to-lib01.segments"
)
@click.argument("unit", metavar="UNIT@HOST")
@click.argument("news", type=click.File("rb"))
@KEYS
@JSON
def bring(unit: str, news: Any, folder: Path, as_json: bool) -> None:
    """Bring UNIT what the centre says to it (NEWS, from machi central export): cards, places and orders by hand."""
    from device.fleet import read_target
    from device.ssh import Road
    from device.unit import HeldUnit

    with plainly():
        target = read_target(unit)
        with Road(keys_of(folder, "provision"), target).held() as session:
            new = HeldUnit(session).bring(news.read())
    document = {"schema": "machi.device.bring/1", "unit": target.unit, "new": new}
    click.echo(msgspec.json.encode(document) if as_json else f"{target.unit}: 新しい記録 {new} 件 new entries")


@click.command(epilog="\b\nExamples:\n  machi device stop lib01@192.0.2.7\n  machi device stop lib01@192.0.2.7 --json")
@click.argument("unit", metavar="UNIT@HOST")
@KEYS
@JSON
def stop(unit: str, folder: Path, as_json: bool) -> None:
    """Take UNIT out of service until its next start, such as before its journal is taken along for the last time."""
    from device.fleet import read_target
    from device.ssh import Road
    from device.unit import HeldUnit

    with plainly():
        target = read_target(unit)
        with Road(keys_of(folder, "provision"), target).held() as session:
            about = HeldUnit(session).stop()
    document = {"schema": "machi.device.stop/1", "unit": target.unit, "active": about.active}
    click.echo(msgspec.json.encode(document) if as_json else f"{target.unit}: お休みにしました serves nobody now")
