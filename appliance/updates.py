"""How this machine's system is updated: what its image says, and what is kept of an update beside the slots.

The image says it (`/usr/lib/machitap/updates.toml`), and not `unit.toml`: which partitions are written as root is no
setting of a unit. What is kept lies in a folder of root's on the partition that stays.
"""

import tomllib
from pathlib import Path
from typing import Any, Final

import msgspec

from drivers.boot import Boot
from drivers.choose import UnknownDriverError, load

SETTINGS_FILE: Final = Path("/usr/lib/machitap/updates.toml")


class UpdatesError(Exception):
    """The settings or what was kept cannot be read; the message says which, and why."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an image says of its updates.

    Attributes:
        boot: make of the boot driver and its options; "none" for a device without slots.
        version: of this image.
        floor: no image below this version is installed any more.
        folder: where it is kept what is installed, and how it went.
        rauc: RAUC's own settings.
    """

    boot: dict[str, Any] = msgspec.field(default_factory=lambda: {"make": "none"})
    version: str = ""
    floor: str = ""
    folder: str = "/var/lib/machi-update"
    rauc: str = "/etc/rauc/system.conf"


def read_settings(path: Path) -> Settings:
    """Read what the image says; a device without an image has no such file, and no slots.

    Raises:
        UpdatesError: it says something that is not understood.
    """
    try:
        return msgspec.convert(tomllib.loads(path.read_text()), Settings)
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise UpdatesError(f"{path}: {error}") from error


def boot_of(settings: Settings) -> Boot:
    """Build the boot driver.

    Raises:
        UpdatesError: the make or one of its options does not exist.
    """
    options = dict(settings.boot)
    make = str(options.pop("make", ""))
    try:
        boot: Boot = load("boot", make, options)
    except UnknownDriverError as error:
        raise UpdatesError(str(error)) from error
    return boot
