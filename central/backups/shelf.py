"""The folder in which backups lie: which number is next, what is whole, and which ones go.

Backups are numbered, and go by their numbers: a clock that was set back must not make the newest one the oldest.
"""

import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from central.backups.manifest import MANIFEST_FILE
from central.durable import sync_folder

_NAME: Final = re.compile(r"(?P<town>.+)-(?P<number>[0-9]{6,})-[0-9]{8}-[0-9]{6}")
_PART: Final = ".part"


class Shelf:
    """The backups of a town in a folder. One process at a time may change it."""

    def __init__(self, folder: Path, town: str) -> None:
        self._folder = folder
        self._town = town

    def whole(self) -> list[Path]:
        """Return the backups that were finished, the newest first."""
        named = [(self._number(path.name), path) for path in self._folder.iterdir()]
        found = [(number, path) for number, path in named if number is not None and (path / MANIFEST_FILE).is_file()]
        return [path for _, path in sorted(found, reverse=True)]

    def begin(self, made_ms: int) -> Path:
        """Make the folder for the next backup, under a name that nobody takes for a whole one."""
        for path in self._folder.glob(".*" + _PART):  # of one that was cut off
            if self._number(path.name.removeprefix(".").removesuffix(_PART)) is not None:
                shutil.rmtree(path)
        newest = max((self._number(path.name) or 0 for path in self.whole()), default=0)
        made = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=made_ms)
        part = self._folder / f".{self._town}-{newest + 1:06}-{made:%Y%m%d-%H%M%S}{_PART}"
        part.mkdir(mode=0o700)
        return part

    def finish(self, part: Path) -> Path:
        """Give a backup its name; everything in it is on the disk already."""
        path = part.with_name(part.name.removeprefix(".").removesuffix(_PART))
        part.rename(path)
        sync_folder(self._folder)
        return path

    def keep(self, count: int) -> list[str]:
        """Remove all but so many of the newest backups (1 or more); return the names of those that went."""
        gone = self.whole()[max(count, 1) :]
        for path in gone:
            part = path.with_name(f".{path.name}{_PART}")  # from here on it is no whole one
            path.rename(part)
            sync_folder(self._folder)
            shutil.rmtree(part)
        return [path.name for path in gone]

    def _number(self, name: str) -> int | None:
        fits = _NAME.fullmatch(name)
        return int(fits["number"]) if fits and fits["town"] == self._town else None
