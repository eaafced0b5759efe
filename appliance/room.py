"""Notices a full disk before a touch is lost on it: some room is kept back, and given up when the rest runs out.

A unit whose disk is full serves nobody, but it still syncs, and what it holds can be carried away; that takes a little
room too, which the reserve then gives.
"""

from typing import Final

from drivers.disk import Disk, DiskError

BALLAST: Final = "ballast"


class Room:
    """The room on a unit's disk. `ballast_bytes`: how much is kept back; 0 for none, and the disk is never full."""

    def __init__(self, disk: Disk, ballast_bytes: int) -> None:
        self._disk = disk
        self._ballast_bytes = ballast_bytes
        self._low = ballast_bytes // 4  # more than any queue at a counter brings before somebody looks again
        self._holds = False
        self.look()

    def enough(self) -> bool:
        """Whether touches may be written."""
        return not self._ballast_bytes or (self._holds and self._disk.free_bytes() >= self._low)

    def look(self) -> None:
        """Give the reserve up if the disk is full, and take it back when somebody has made room."""
        if not self._ballast_bytes:
            return
        free = self._disk.free_bytes()
        if self._holds and free < self._low:
            self._disk.remove(BALLAST)
            self._holds = False
        elif not self._holds:
            self._holds = self._take(free)

    def _take(self, free: int) -> bool:
        held = self._ballast_bytes if self._disk.exists(BALLAST) else 0
        if free + held < self._ballast_bytes + self._low:
            self._disk.remove(BALLAST)
            return False
        try:
            self._disk.reserve(BALLAST, self._ballast_bytes)
        except DiskError:
            return False
        return True
