"""Where the centre's parts meet the real world: the system's clock and dice, the folder, the signals."""

import logging
import sys
from pathlib import Path

import click

from central.centre import Centre, open_centre
from central.folder import Folder, FolderError
from central.server import serve
from central.store import SchemaError
from central.world import SystemClock, SystemEntropy


class UnusableError(click.ClickException):
    """The centre's folder cannot be used as it is."""

    exit_code = 9


def open_here(folder: Path) -> Centre:
    """Open the centre in a folder, for a command or for the server."""
    try:
        return open_centre(folder, SystemClock(), SystemEntropy())
    except (FolderError, SchemaError, RuntimeError) as error:
        raise UnusableError(str(error)) from error


def run(folder: Path) -> None:
    """Serve until told to stop."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    centre = open_here(folder)
    config = Folder(folder).config
    click.echo(f"units: {config.server.units_url}  console: http://127.0.0.1:{config.server.console_port}", err=True)
    serve(centre, folder, config.server)


if __name__ == "__main__":
    run(Path(sys.argv[1]))
