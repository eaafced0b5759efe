"""Where the centre's parts meet the real world: the system's clock and dice, the folder, the signals."""

import logging
import sys
from pathlib import Path

import click

from central.centre import open_centre
from central.folder import Folder
from central.server import serve
from central.world import SystemClock, SystemEntropy


def run(folder: Path) -> None:
    """Serve until told to stop."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    centre = open_centre(folder, SystemClock(), SystemEntropy())
    config = Folder(folder).config
    click.echo(f"units: {config.server.units_url}  console: http://127.0.0.1:{config.server.console_port}", err=True)
    serve(centre, folder, config.server)


if __name__ == "__main__":
    run(Path(sys.argv[1]))
