"""Writes a fresh unit's folder: a configuration that says everything, and an empty trust folder."""

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
    """Write `unit.toml` and `trust/trust.toml` into a folder that has none.

    Raises:
        FileExistsError: it has.
    """
    trust = folder / TRUST_FOLDER
    trust.mkdir(mode=0o755, parents=True, exist_ok=True)
    text = _CONFIG.format(name=name, screen_port=screen_port, reader=reader, reader_name=reader_name)
    for path, content in (
        (folder / CONFIG_FILE, text),
        (trust / "trust.toml", _TRUST.format(production=str(not test).lower())),
    ):
        with path.open("x") as file:
            file.write(content)
