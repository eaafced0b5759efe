"""The disk port: where a journal lives, and what may go wrong there.

The journal is opened through this port, so that the simulator can put a disk below it that loses, tears and lies.
"""

from typing import Protocol

import apsw


class DiskError(Exception):
    """The disk cannot be used as it is; the message says what to do."""


class Disk(Protocol):
    """One folder on one medium. Names are plain file names in that folder."""

    def connect(self, name: str) -> apsw.Connection:
        """Open, or create, a database file. Nothing has been read or set yet.

        Raises:
            DiskError: it is a directory, read-only, somebody else's, or the folder is missing.
        """

    def exists(self, name: str) -> bool: ...

    def raw(self, name: str) -> bytes:
        """Return the bytes of a database and of its write-ahead log, whatever state they are in."""

    def move(self, name: str, to: str) -> None:
        """Rename a closed database with its write-ahead log, durably."""

    def free_bytes(self) -> int:
        """Return the room that is left."""

    def reserve(self, name: str, size: int) -> None:
        """Take `size` bytes of room with a file of that name, really written; does nothing if it is there already.

        Raises:
            DiskError: there is not that much room.
        """

    def remove(self, name: str) -> None:
        """Remove a closed database, or give reserved room back; does nothing if there is none of that name."""
