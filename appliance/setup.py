"""Writes a fresh unit's folder: a configuration that says everything, and an empty trust folder."""

import errno
import os
from pathlib import Path
from typing import Final

from appliance.config import CONFIG_FILE, TRUST_FOLDER

_CONFIG: Final = """\
# One unit. What it serves and where it stands is said by the town; this is about the box itself.
name = "{name}"

[screen]
port = {screen_port}

[drivers.reader]
make = "{reader}"
name = "{reader_name}"

[drivers.light]
make = "none"

[drivers.sound]
make = "none"
"""

_TRUST: Final = """\
# Whom this unit believes, besides those whom the town names. See: machi card read --help
order = ["pass", "face"]
production = {production}
"""


def write_config(
    folder: Path, name: str, reader: str, reader_name: str, screen_port: int, *, test: bool = False
) -> None:
    """Write `unit.toml` and `trust/trust.toml` into a folder that has none; the first is there once both are whole.

    Raises:
        FileExistsError: it has.
    """
    config, trust = folder / CONFIG_FILE, folder / TRUST_FOLDER / "trust.toml"
    if config.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(config))
    trust.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    _write(trust, _TRUST.format(production=str(not test).lower()))
    text = _CONFIG.format(name=name, screen_port=screen_port, reader=reader, reader_name=reader_name)
    _write(config, text)


def _write(path: Path, content: str) -> None:
    """Write a file that is there once it is whole. One that says the same may be there: this was begun before."""
    if path.exists() and path.read_text() != content:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(content)
    fresh.replace(path)
