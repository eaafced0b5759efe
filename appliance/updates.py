"""How this machine's system is updated: what its image says, and what is kept of an update beside the slots.

The image says it (`/usr/lib/machitap/updates.toml`), and not `unit.toml`: which partitions are written as root is no
setting of a unit. What is kept lies in a folder of root's on the partition that stays.
"""

import hashlib
import os
import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import msgspec

from appliance import durable
from appliance.health import NOTHING, Seen
from drivers.boot import Boot, Slot
from drivers.choose import UnknownDriverError, load
from sync.entries import BAD_JSON
from sync.symptoms import Why
from sync.versions import VersionError, newest

_CHUNK_BYTES: Final = 1024 * 1024
_FOR_ALL: Final = 0o644
SETTINGS_FILE: Final = Path("/usr/lib/machitap/updates.toml")


class UpdatesError(Exception):
    """The settings or what was kept cannot be read; the message says which, and why."""


class ReceivedError(Exception):
    """A part of a bundle does not follow what has come; the message says how much has."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an image says of its updates.

    Attributes:
        boot: make of the boot driver and its options; "none" for a device without slots.
        name: of this image, its board and kind: what a bundle has to be for.
        version: of this image.
        floor: no image below this version is installed any more.
        folder: where it is kept what is installed, and how it went.
        rauc: RAUC's own settings.
    """

    boot: dict[str, Any] = msgspec.field(default_factory=lambda: {"make": "none"})
    name: str = ""
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


class Stage(StrEnum):
    """How far an update came."""

    WRITING = "writing"  # the other slot is being written
    TRYING = "trying"  # it is whole, and the next start comes up with it
    LOOKING = "looking"  # it runs, and it is looked at whether all works
    KEPT = "kept"
    BACK = "back"  # the system that was there before runs


class Note(msgspec.Struct, frozen=True):
    """The last update of this unit, whatever became of it.

    Attributes:
        slot: into which it went.
        version, before: of the new system, and of the one that ran.
        at_ms: when it began, Unix milliseconds.
        digest: SHA-256 of its bundle, hexadecimal.
        offer: number of the town's offer that it came by; 0 if a technician brought it.
        worked: how the unit was before.
        why, missing: of one that is back, the reason, and what did not work.
    """

    stage: Stage
    slot: Slot
    version: str
    before: str
    at_ms: int
    digest: str = ""
    worked: Seen = NOTHING
    why: Why | None = None
    missing: tuple[str, ...] = ()
    offer: int = 0


class Refused(msgspec.Struct, frozen=True):
    """An offer of the town that does not go in here, for a reason that will not pass."""

    offer: int
    about: str


_ON_THE_WAY: Final = {Stage.WRITING: Why.INTERRUPTED, Stage.TRYING: Why.NOT_STARTED, Stage.LOOKING: Why.CUT_OFF}


def settled(note: Note, booted: Slot) -> Note:
    """Return what is to be noted at a start that is no trial: nobody else says that an update came to nothing."""
    if note.stage not in _ON_THE_WAY:
        return note
    if note.slot is booted:  # it was made the primary, and cut off before that could be noted
        return msgspec.structs.replace(note, stage=Stage.KEPT)
    return msgspec.structs.replace(note, stage=Stage.BACK, why=_ON_THE_WAY[note.stage])


def went_back(note: Note | None) -> Why | None:
    """Return why the last update came to nothing, or None if it did not."""
    return note.why if note and note.stage is Stage.BACK else None


class Kept:
    """What is kept of updates, in a folder of root's that others can look into."""

    _NOTE: Final = "update.json"
    _REFUSED: Final = "refused.json"
    _FLOOR: Final = "floor"
    _BUNDLE: Final = "update.raucb"
    _RECEIVED: Final = "received-"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def bundle(self) -> Path:
        """Where a bundle is copied to before anything else."""
        return self._folder / self._BUNDLE

    def note(self) -> Note | None:
        """Return what is noted of the last update; None if there was none, or the note has rotted."""
        try:
            return msgspec.json.decode((self._folder / self._NOTE).read_bytes(), type=Note)
        except (OSError, *BAD_JSON):
            return None

    def set_note(self, note: Note) -> None:
        durable.write(self._folder / self._NOTE, msgspec.json.encode(note), _FOR_ALL)

    def forget_note(self) -> None:
        (self._folder / self._NOTE).unlink(missing_ok=True)

    def refused(self) -> Refused | None:
        """Return the last offer that did not go in; None if there was none."""
        try:
            return msgspec.json.decode((self._folder / self._REFUSED).read_bytes(), type=Refused)
        except (OSError, *BAD_JSON):
            return None

    def set_refused(self, refused: Refused) -> None:
        durable.write(self._folder / self._REFUSED, msgspec.json.encode(refused), _FOR_ALL)

    def floor(self, settings: Settings) -> str:
        """Return below which version nothing is installed: what runs says one, and what ran before may have said more.

        Raises:
            UpdatesError: what was kept is no version.
        """
        path = self._folder / self._FLOOR
        try:
            return newest((settings.floor, path.read_text().strip() if path.exists() else ""))
        except (OSError, UnicodeDecodeError, VersionError) as error:
            raise UpdatesError(f"{path}: {error}") from error

    def raise_floor(self, floor: str) -> None:
        durable.write(self._folder / self._FLOOR, floor.encode() + b"\n", _FOR_ALL)

    def free_bytes(self) -> int:
        """Return how much room there is; what was copied here before does not count."""
        room = os.statvfs(self._folder)
        before = self.bundle.stat().st_size if self.bundle.exists() else 0
        return room.f_bavail * room.f_frsize + before

    def copy(self, bundle: Path) -> str:
        """Copy a bundle here, whole or not at all: a stick may be pulled out, and may say something else next time.

        One that was received here is taken as it is. Returns its SHA-256, hexadecimal.

        Raises:
            OSError: it cannot be read, or not be written.
        """
        if bundle.parent == self._folder:
            bundle.replace(self.bundle)
            with self.bundle.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        fresh, digest = self.bundle.with_suffix(".new"), hashlib.sha256()
        with bundle.open("rb") as source, durable.begin(fresh) as target:
            while chunk := source.read(_CHUNK_BYTES):
                digest.update(chunk)
                target.write(chunk)
            durable.end(target)
        fresh.replace(self.bundle)
        return digest.hexdigest()

    def received(self) -> tuple[str, int]:
        """Return of which bundle (SHA-256) how much has come over a wire; "" and 0 of none."""
        for path in self._folder.glob(f"{self._RECEIVED}*"):
            return path.name.removeprefix(self._RECEIVED), path.stat().st_size
        return "", 0

    def received_at(self, digest: str) -> Path:
        """Return where a bundle lies that came over a wire."""
        return self._folder / f"{self._RECEIVED}{digest}"

    def receive(self, digest: str, offset: int, chunk: bytes) -> None:
        """Take the next part of a bundle; one of which something had come before is forgotten.

        Raises:
            ReceivedError: so much has not come, or more.
            OSError: it cannot be written.
        """
        known, size = self.received()
        if known != digest:
            self.forget_received()
            size = 0
        if offset != size:
            raise ReceivedError(f"{size} bytes of this bundle have come, and these begin at {offset}")
        handle = os.open(self.received_at(digest), os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "ab") as file:
            file.write(chunk)
            durable.end(file)

    def forget_received(self) -> None:
        for path in self._folder.glob(f"{self._RECEIVED}*"):
            path.unlink()

    def forget_bundle(self) -> None:
        for path in (self.bundle, self.bundle.with_suffix(".new")):
            path.unlink(missing_ok=True)
