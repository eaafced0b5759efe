"""`machi unit try-disk`: writes to a disk until somebody cuts its power, and looks afterwards for what it lost."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

import click
import msgspec

from appliance.cli.common import CHECK_FAILED, JSON, NotFoundError, plainly, say

if TYPE_CHECKING:
    from appliance.opening import World

_KEY: Final = "trial.key"


@click.command(
    epilog="\b\nExamples, from another machine that stays on:\n"
    "  ssh board machi unit try-disk /mnt/card/trial >> announced.txt      (cut the power; start the board)\n"
    "  scp announced.txt board: && ssh board machi unit try-disk /mnt/card/trial --announced announced.txt"
)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--entries", default=0, show_default="until it is stopped", help="How many to write.")
@click.option("--announced", type=click.File("r"), help="Look for what this file names (- for standard input).")
@JSON
def try_disk(folder: Path, entries: int, announced: TextIO | None, as_json: bool) -> None:
    """Try whether a disk keeps what it says it has kept, with a journal of its own in FOLDER.

    Prints the id of each entry once it is durable, one a line. With --announced it looks whether those are there;
    exit code 2 if one is not. docs/hardware.md has the bench for it.
    """
    from appliance.trial import look, write
    from sync.entries import EntryError, EntryId

    if announced is None:
        with plainly():
            for one in write(_world(folder), entries):
                click.echo(str(one))
        return
    if not folder.is_dir():
        raise NotFoundError(f"{folder}: no such folder; was anything written there before?")
    try:
        # A last line without an end was cut in the middle: nobody was told of that entry.
        ids = [EntryId.parse(line) for line in announced.read().split("\n")[:-1]]
    except EntryError as error:
        raise click.UsageError(f"{announced.name}: {error}; name the file that try-disk wrote") from error
    with plainly():
        outcome = look(_world(folder), ids)
    missing = [str(one) for one in outcome.missing]
    say({"schema": "machi.unit.try-disk/1", **msgspec.to_builtins(outcome), "missing": missing}, as_json=as_json)
    if missing:
        sys.exit(CHECK_FAILED)


def _world(folder: Path) -> "World":
    """Return a world with the disk on which `folder` lies, and with a key that is kept there."""
    from appliance.opening import World
    from drivers.clock.system import Driver as Clock
    from drivers.disk.file import Driver as Disk
    from drivers.entropy.system import Driver as Entropy
    from drivers.keystore.file import Driver as Keystore
    from drivers.keystore.file import create
    from drivers.monotonic.none import Driver as Monotonic

    folder.mkdir(exist_ok=True)
    if not (folder / _KEY).exists():
        create(folder / _KEY)
        os.sync()  # the folder and its key outlive the first cut
    disk, keystore = Disk(Disk.Options(str(folder))), Keystore(Keystore.Options(str(folder / _KEY)))
    return World(disk, keystore, Clock(), Entropy(), Monotonic())
