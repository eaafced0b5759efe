"""A stick as it is sold: a FAT in a file, mounted by the kernel."""

import subprocess
from pathlib import Path

import pytest

from tests.appliance.small_disk import MIB, OwnDisk


class Fat(OwnDisk):
    """A FAT of its own; `check` says what a repair program has to say about it once it was pulled out."""

    def __init__(self, folder: Path, size: int = 16 * MIB) -> None:
        if "vfat" not in Path("/proc/filesystems").read_text().split():
            pytest.skip("this kernel knows no FAT (modprobe vfat, where it is a module)")
        self._image = folder.with_name(f"{folder.name}.img")
        with self._image.open("wb") as file:
            file.truncate(size)
        subprocess.run(["mkfs.vfat", "-n", "MACHI-TWIN", str(self._image)], check=True, capture_output=True)
        super().__init__(folder, f"mount -t vfat -o loop {self._image}")

    def check(self) -> str:
        """Say what is wrong with the file system, now that it is not mounted any more; "" if nothing is."""
        done = subprocess.run(["fsck.vfat", "-n", str(self._image)], capture_output=True, text=True, check=False)
        return "" if done.returncode == 0 else done.stdout
