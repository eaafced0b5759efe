"""`machi unit export|import`: a journal in somebody's hand, and the town's news in somebody else's."""

from pathlib import Path

import click

from appliance.cli.common import FOLDER, JSON, ExistsError, RefusedForSafetyError, copy_of, hatch_of, plainly, say


@click.command(
    epilog="\b\nExamples:\n  machi unit export lib01 stick/lib01.db\n"
    "  machi unit export lib01 stick/lib01.segments --segments"
)
@FOLDER
@click.argument("output", type=click.Path(path_type=Path))
@click.option("--segments", "form", flag_value="segments", help="As segments, for `machi central import`.")
@click.option("--csv", "form", flag_value="csv", help="As a table, for people.")
@click.option("--journal", "form", flag_value="journal", default=True, help="As a SQLite file (the default).")
@JSON
def export(folder: Path, output: Path, form: str, as_json: bool) -> None:
    """Write a consistent copy of the journal to OUTPUT, also while the unit is running."""
    from appliance.carry import export_copy

    if output.exists():
        raise ExistsError(f"{output} is there already; name another file")
    with plainly(), copy_of(folder) as copy:
        entries = export_copy(copy, output, form, folder)
    say({"schema": "machi.unit.export/1", "file": str(output), "entries": entries}, as_json=as_json)


@click.command(name="import", epilog="\b\nExamples:\n  machi unit import lib01 stick/to-lib01.segments")
@FOLDER
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@JSON
def import_(folder: Path, files: tuple[Path, ...], as_json: bool) -> None:
    """Hand the running unit what `machi central export` wrote: cards, places, orders, without a network."""
    from appliance.uplink.courier import HatchError, NoDaemonError
    from sync.segment import pack, split

    new = 0
    given = [file.absolute() for file in files]  # the hatch is spoken to from inside FOLDER
    with hatch_of(folder) as hatch:
        for file in given:
            try:
                for text in split(file.read_bytes()):
                    new += hatch.take(pack(text))
            except NoDaemonError:
                raise
            except (HatchError, ValueError) as error:
                raise RefusedForSafetyError(f"{file}: {error}; nothing of the rest was taken over") from error
    say({"schema": "machi.unit.import/1", "new": new}, as_json=as_json)
