"""`machi device update`: a new system for a unit, from the copy to the day on which it stays."""

import hashlib
from contextlib import ExitStack
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING

import click

from device.cli.common import JSON, KEYS, finish, go, keys_of, plainly, taken_up

if TYPE_CHECKING:
    from device.updating import Bundle


@click.command(
    epilog="\b\nExamples:\n  machi device update lib01@192.0.2.7 machitap-pi-4-tap-0.2.0.raucb\n"
    "  machi device update lib01@192.0.2.7 machitap-pi-4-tap-0.2.0.raucb --dry-run --json"
)
@click.argument("unit", metavar="UNIT@HOST")
@click.argument("bundle", type=click.File("rb"))
@click.option("--older", is_flag=True, help="It is older than what runs, and that is meant; never below the floor.")
@click.option("--dry-run", is_flag=True, help="Change nothing; say what is so already, and what would be done.")
@KEYS
@JSON
def update(unit: str, bundle: BufferedReader, older: bool, dry_run: bool, folder: Path, as_json: bool) -> None:
    """Bring the unit at UNIT@HOST a new system: copy BUNDLE, install it, start anew, see whether it stays.

    Saying it twice goes on where it ended, also in the middle of the copy. The unit refuses what must not be now, and
    goes back by itself to what it had if something that worked does not work any more.
    """
    from device.fleet import read_target
    from device.ssh import Road
    from device.unit import looked_at
    from device.updating import STEPS, Work
    from drivers.clock.system import Driver as SystemClock

    with plainly(), ExitStack() as stack:
        target = read_target(unit)
        road = Road(keys_of(folder, "provision"), target)
        looked, held = looked_at(road), taken_up(road, stack, dry_run=dry_run)
        work = Work(held, looked, _of(bundle), older, SystemClock(), looked.updated())
        taken = go(STEPS, work, dry=dry_run)
    document = {"schema": "machi.device.update/1", "unit": target.unit, "dry_run": dry_run}
    finish(document, {"steps": taken}, as_json=as_json)
    if not as_json and not dry_run:
        click.echo(f"{target.unit} は新しいシステムで動いています。\n{target.unit} runs its new system.")


def _of(file: BufferedReader) -> "Bundle":
    from device.updating import Bundle

    def read(offset: int, count: int) -> bytes:
        file.seek(offset)
        return file.read(count)

    return Bundle(hashlib.file_digest(file, "sha256").hexdigest(), file.seek(0, 2), read)
