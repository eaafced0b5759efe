"""Where a process reads a secret: from its file, or, once that is sealed, from what systemd opened for this process."""

import os
from functools import cache
from pathlib import Path
from typing import Final

from drivers.choose import load
from drivers.seal import SealError

END: Final = ".sealed"
RUN_FOLDER: Final = Path("/run/machi-keys")  # what opens on this board, for systemd to load
WHY_FILE: Final = "why"
_NOTHING: Final = b"-"  # what a service is given that is to start all the same
_OWNER_ONLY: Final = 0o600


class LockedError(Exception):
    """A secret of this unit is sealed, and cannot be opened here; the message says what to do."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(
            f"{name} は封じられていて、ここでは開けません。カードや TPM を移したなら、もとに戻してください。"
            "だめなら、記録を持ち出してから(machi unit export --segments)、新しい鍵を: machi unit enrol --again\n"
            f"{name} is sealed and cannot be opened here ({why}); if card or TPM were moved, put them back; else "
            "bring the journal in (machi unit export --segments) and give this unit new keys: machi unit enrol --again"
        )
        self.why = why


def sealed(path: Path) -> Path:
    """Return where a secret lies once it is sealed."""
    return path.with_name(path.name + END)


def at(path: Path) -> Path:
    """Return where a secret can be read: itself, or a copy in this process's memory; itself also if there is none.

    Raises:
        LockedError: it is sealed, and was not opened for this process.
    """
    if path.exists() or not sealed(path).exists():
        return path
    return _in_memory(path.name, _given(path.name) or _opened(path))


def why() -> str:
    """Return why something could not be opened at this start, as `machi unit seal` left it."""
    try:
        return (RUN_FOLDER / WHY_FILE).read_text().strip()
    except OSError:
        return ""


def _given(name: str) -> bytes:
    """Return what systemd opened for this service (LoadCredentialEncrypted=); empty if nothing."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    try:
        found = (Path(folder) / name).read_bytes() if folder else _NOTHING
    except FileNotFoundError:
        return b""
    return b"" if found == _NOTHING else found


def _opened(path: Path) -> bytes:
    """Open it as root: a command that a technician runs is no service."""
    if os.geteuid() != 0:
        raise LockedError(
            path.name, why() or "systemd did not open it for this process; machi unit doctor, as root, says why"
        )
    try:
        opened: bytes = load("seal", "creds").open(path.name, sealed(path).read_bytes())
    except SealError as error:
        raise LockedError(path.name, str(error)) from error
    return opened


@cache
def _in_memory(name: str, secret: bytes) -> Path:
    """Return a file that is nowhere but in this process's memory, and ends with it."""
    handle = os.memfd_create(name)
    os.fchmod(handle, _OWNER_ONLY)
    with os.fdopen(os.dup(handle), "wb") as file:
        file.write(secret)
    return Path(f"/proc/self/fd/{handle}")
