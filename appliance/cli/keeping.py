"""`machi unit keep|kept`: keep the twins of neighbours' journals, and take one along."""

from pathlib import Path

import click

from appliance.cli.common import FOLDER, JSON, ExistsError, HardwareError, NotFoundError, inside, plainly, say


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
    from appliance.config import read_config
    from sync.twin import life_of

    to = output.absolute() if output else None
    with plainly(), inside(folder):
        place = Path() / read_config(Path()).keeper.path
        names = sorted(path.name for path in place.glob("*.twin")) if place.is_dir() else []
        found = [(name, *life) for name in names if (life := life_of(name)) and unit in (None, life[0])]
        if unit and not found:
            raise NotFoundError(f"{unit} の控えはここにありません\nnothing of {unit} is kept here")
        for name, *_ in found if to else ():
            if to and (to / name).exists():
                raise ExistsError(f"{to / name} is there already; name another folder")
        try:
            for name, *_ in found if to else ():
                if to:
                    durable.write(to / name, (place / name).read_bytes())
        except OSError as error:
            raise HardwareError(f"{error.filename or to}: {error.strerror}") from error
        twins = [
            {"file": name, "unit": of, "life": life, "bytes": (place / name).stat().st_size} for name, of, life in found
        ]
    if as_json:
        say({"schema": "machi.unit.kept/1", "twins": twins}, as_json=True)
    for one in () if as_json else twins:
        say(one, as_json=False)
