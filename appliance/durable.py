"""Files that are there whole or not at all, and on the disk before anybody goes by them."""

import os
from pathlib import Path
from typing import BinaryIO


def begin(path: Path, mode: int = 0o600) -> BinaryIO:
    """Begin a file anew; whatever had its name was left over from a try that ended."""
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode), "wb")


def end(file: BinaryIO) -> None:
    """Have what was written be on the disk."""
    file.flush()
    os.fsync(file.fileno())


def write(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write a file, whole or not at all; `mode` is what its owner and others may do, whatever the umask says."""
    fresh = path.with_name(f"{path.name}.new")
    with begin(fresh, mode) as file:
        os.fchmod(file.fileno(), mode)
        file.write(content)
        end(file)
    fresh.replace(path)
    sync(path.parent)


def sync(folder: Path) -> None:
    """Have the names in a folder be on the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
