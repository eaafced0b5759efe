"""`machi unit keep|kept`: keep the twins of neighbours' journals, and take one along."""

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from appliance.cli.common import FOLDER, JSON, ExistsError, HardwareError, NotFoundError, inside, plainly, say

if TYPE_CHECKING:
    from sync.technician import KeptTwin


@click.command(epilog="\b\nExamples:\n  machi unit keep shop01\n  machi unit keep shop01 --json")
@FOLDER
@JSON
def keep(folder: Path, as_json: bool) -> None:
    """Run the process that keeps the twins of neighbours, sealed, where unit.toml says so in [keeper].

    Whose they are the office says: machi central unit neighbour. With --json it prints one line whenever it has more.
    """
    from appliance.keeper.__main__ import run as run_keeper

    if not folder.is_dir():
        raise NotFoundError(f"{folder}: no such folder; make one with: machi unit init {folder}")
    with plainly():
        run_keeper(folder, as_json=as_json)


@click.command(
    epilog="\b\nExamples:\n  machi unit kept shop01\n  machi unit kept /var/lib/machitap --of lib01 --output stick"
)
@FOLDER
@click.option("--of", "unit", help="Only of this unit.")
@click.option("--output", type=click.Path(exists=True, file_okay=False, path_type=Path), help="A folder to copy into.")
@JSON
def kept(folder: Path, unit: str | None, output: Path | None, as_json: bool) -> None:
    """Show the twins that this unit keeps for its neighbours, or copy them, to be brought to the office.

    There: machi central twin. Here they stay, and more may be added meanwhile.
    """
    from appliance import durable

    to = output.absolute() if output else None
    with plainly(), inside(folder):
        place, twins = kept_in(Path())
        found = [one for one in twins if unit in (None, one.unit)]
        if unit and not found:
            raise NotFoundError(f"{unit} の控えはここにありません\nnothing of {unit} is kept here")
        if to:
            for one in found:
                if (to / one.file).exists():
                    raise ExistsError(f"{to / one.file} is there already; name another folder")
            try:
                for one in found:
                    durable.write(to / one.file, (place / one.file).read_bytes())
            except OSError as error:
                raise HardwareError(f"{error.filename or to}: {error.strerror}") from error
    shown = msgspec.to_builtins(found)
    if as_json:
        say({"schema": "machi.unit.kept/1", "twins": shown}, as_json=True)
    for line in () if as_json else shown:
        say(line, as_json=False)


def kept_in(folder: Path) -> tuple[Path, "list[KeptTwin]"]:
    """Return where the unit in a folder keeps the twins of others, and which there are.

    Raises:
        ConfigError: its configuration cannot be used.
    """
    from appliance.config import read_config
    from sync.technician import KeptTwin
    from sync.twin import life_of

    place = folder / read_config(folder).keeper.path
    files = sorted(place.glob("*.twin")) if place.is_dir() else []
    named = [(file, life_of(file.name)) for file in files]
    return place, [KeptTwin(file.name, *life, file.stat().st_size) for file, life in named if life]
