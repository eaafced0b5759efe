"""Where the centre's parts meet the real world: the system's clock and dice, the folder, the signals."""

import logging
import sys
from pathlib import Path

import click
import msgspec

from central.centre import open_centre
from central.folder import Folder
from central.server import serve
from central.world import SystemClock, SystemEntropy


def run(folder: Path, *, as_json: bool = False) -> None:
    """Serve until told to stop; say where as soon as every door is open."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    centre = open_centre(folder, SystemClock(), SystemEntropy())
    config = Folder(folder).config.server
    console = f"http://{config.console_host}:{config.console_port}"

    def ready() -> None:
        if as_json:
            document = {"schema": "machi.central.serve/1", "units": config.units_url, "console": console}
            document |= {"resident": config.resident_address} if config.resident_port else {}
            click.echo(msgspec.json.encode(document))
        else:
            click.echo(f"units: {config.units_url}  console: {console}", err=True)

    serve(centre, folder, config, ready)


if __name__ == "__main__":
    run(Path(sys.argv[1]))
