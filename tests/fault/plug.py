"""A real ext4 whose power can be cut: what was not synced is gone, and the file system replays its log."""

import fcntl
import os
import struct
import subprocess
from pathlib import Path

from tests.appliance.small_disk import MIB, OwnDisk

_SHUTDOWN = 0x8004587D  # EXT4_IOC_SHUTDOWN
_WITHOUT_FLUSHING_THE_LOG = 2  # EXT4_GOING_FLAGS_NOLOGFLUSH


class PluggedDisk(OwnDisk):
    """An ext4 in a file, behind a loop device."""

    def __init__(self, folder: Path, size: int = 64 * MIB) -> None:
        self._image = folder.with_name(f"{folder.name}.img")
        with self._image.open("wb") as file:
            file.truncate(size)
        subprocess.run(["mkfs.ext4", "-q", "-F", str(self._image)], check=True)
        super().__init__(folder, f"mount -o loop {self._image}")

    def settle(self) -> None:
        """Let everything that is there have been there for long."""
        subprocess.run(["sync", "--file-system", str(self.root)], check=True)

    def pull(self, computer: subprocess.Popen[bytes] | None = None) -> None:
        """Cut the power: from now on nothing reaches the disk, and what has not yet reached it never will.

        Args:
            computer: what runs there. Its power goes first: Linux answers a sync that meets the shutdown with success
                now and then, though nothing was written, and no program lives to hear that when a plug is pulled.
        """
        if computer:
            computer.kill()  # from here on it returns from no system call
        handle = os.open(self.root, os.O_RDONLY)
        try:
            fcntl.ioctl(handle, _SHUTDOWN, struct.pack("I", _WITHOUT_FLUSHING_THE_LOG))
        finally:
            os.close(handle)

    def plug(self) -> None:
        """Bring the power back, once nothing runs there any more; ext4 replays its log."""
        subprocess.run([*self.within, "umount", str(self.folder)], check=True)
        subprocess.run([*self.within, "mount", "-o", "loop", str(self._image), str(self.folder)], check=True)
