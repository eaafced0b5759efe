"""`machi central map`: where the town's places are, for the page of units."""

from pathlib import Path
from typing import Any

import click

from central.cli.common import FOLDER, JSON, NotFoundError, RefusedForSafetyError, open_books, plainly, say


@click.command(
    name="map",
    epilog="\b\nExamples:\n  machi central map /srv/town places.geojson\n  machi central map /srv/town --off",
)
@FOLDER
@click.argument("file", required=False, type=click.File("rb"))
@click.option("--off", is_flag=True, help="Show no map any more.")
@JSON
def map_(folder: Path, file: Any, off: bool, as_json: bool) -> None:
    """Take the places of a GeoJSON FILE for the map on the console's page of units, in the place of the one before.

    Points with the property `place` say where places are, by their names in machi central place; lines and areas are
    drawn below them.
    """
    from central import settings
    from central.console.town_map import BYTES_MAX, SETTING, MapError, TownMap, kept, read_map
    from central.places import named

    if off == bool(file):
        raise click.UsageError("say a FILE, or --off")
    centre = open_books(folder)
    try:
        town = read_map(file.read(BYTES_MAX + 1)) if file else TownMap()
    except MapError as error:
        raise RefusedForSafetyError(str(error)) from error
    with plainly(), centre.reconciler.counted() as connection:
        strange = [place for place in town.places if not named(connection, place)]
        if strange:
            raise NotFoundError(f"no such place: {', '.join(sorted(strange))}; name it first: machi central place")
        settings.put(connection, SETTING, kept(town))
    say({"schema": "machi.central.map/1", "places": len(town.places), "lines": len(town.lines)}, as_json=as_json)
