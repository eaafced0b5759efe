"""What an image says of its own updates: what it is called, how old the next one may be, and whom it believes."""

import shutil
from pathlib import Path

from bundle import About
from machine import HERE

FLOOR = HERE / "floor.txt"
_SETTINGS = "etc/rauc/system.conf"
_KEYRING = "etc/rauc/keyring.pem"


def floor() -> str:
    """Return below which version no unit goes back from what is built here."""
    lines = FLOOR.read_text().splitlines()
    return next(line.strip() for line in lines if line.strip() and not line.startswith("#"))


def lay(root: Path, about: About, keyring: Path | None) -> None:
    """Write it into a root; without a keyring the image installs nothing."""
    settings = root / _SETTINGS
    settings.write_text(settings.read_text().replace("@NAME@", about.name))
    said = (
        f'# How this image is updated; written when it was built.\nname = "{about.name}"\nversion = "{about.version}"\n'
    )
    (root / "usr/lib/machitap/updates.toml").write_text(f'{said}floor = "{about.floor}"\n\n[boot]\nmake = "pi"\n')
    if keyring:
        shutil.copyfile(keyring, root / _KEYRING)
        (root / _KEYRING).chmod(0o644)
