"""Folders that are on the disk with all that lies in them, before anybody relies on it; and held by one process."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_NO_SUCH_CALL: Final = (
    errno.EINVAL,
    errno.ENOTSUP,
)  # a share that cannot sync a folder: its server sees to it


class HeldError(Exception):
    """Another process holds this folder."""


def sync_folder(folder: Path) -> None:
    """Have the names in a folder be on the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NO_SUCH_CALL:
            raise
    finally:
        os.close(handle)


def sync_tree(folder: Path) -> None:
    """Have every file below a folder be on the disk, and every name of one; the folder's own name is its parent's."""
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            sync_tree(path)
            continue
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    sync_folder(folder)


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold a folder on this machine's disk; the system lets go of it when the process ends, however it ends.

    Raises:
        HeldError: another process holds it.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise HeldError(str(folder)) from error
        yield
    finally:
        os.close(handle)
