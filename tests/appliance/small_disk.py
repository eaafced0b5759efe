"""Disks of a process's own, mounted in a namespace of their own and gone with the process that holds it."""

import os
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import pytest

from tests.appliance.live import LiveUnit

MIB = 1024 * 1024
_WAYS: Final[tuple[list[str], ...]] = ([], ["--user", "--map-root-user"])


class OwnDisk:
    """A disk mounted over an empty folder, seen only by what is started with `within`.

    Attributes:
        folder: where it is mounted, for whoever is inside.
        root: the same, for us.
        within: put this in front of a command to start it there.
    """

    def __init__(self, folder: Path, mount: str) -> None:
        """`mount`: the command that mounts it, without the folder."""
        self.folder = folder
        folder.mkdir()
        for way in _WAYS[1:] if os.geteuid() else _WAYS:
            self._holder = subprocess.Popen(
                ["unshare", *way, "--mount", "sh", "-c", f"{mount} {folder} && echo ready && exec cat"],
                stdin=subprocess.PIPE,  # its end tells the other side that we have gone
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            assert self._holder.stdout is not None
            if self._holder.stdout.readline() == b"ready\n":
                break
            self._let_go()
        else:
            pytest.skip(f"neither root nor a user's namespace may do this here: {mount}")
        same_user = ["--user", "--preserve-credentials"] if way else []
        self.within = ["nsenter", "--target", str(self._holder.pid), *same_user, "--mount"]
        self.root = Path(f"/proc/{self._holder.pid}/root{folder}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._let_go()

    def take_in(self, unit: LiveUnit) -> None:
        """Move a unit's folder to this disk."""
        subprocess.run(["cp", "-a", str(unit.folder), str(self.root)], check=True)
        unit.root, unit.within = self.root / unit.folder.name, self.within
        unit.inside = self.folder / unit.folder.name

    def _let_go(self) -> None:
        for stream in (self._holder.stdin, self._holder.stdout):
            if stream:
                stream.close()
        self._holder.wait(10)


class SmallDisk(OwnDisk):
    """A disk in memory, of so many bytes."""

    def __init__(self, folder: Path, size: int) -> None:
        super().__init__(folder, f"mount -t tmpfs -o size={size} small")

    @property
    def free(self) -> int:
        room = os.statvfs(self.root)
        return room.f_bavail * room.f_frsize

    def fill(self, leave: int = 0) -> None:
        """Let pictures take the room, until so many bytes are left."""
        with (self.root / "pictures").open("ab") as file:
            while (room := self.free - leave) > 0:
                file.write(bytes(min(room, MIB)))
                file.flush()

    def make_room(self) -> None:
        (self.root / "pictures").unlink()

    def read_only(self, *, on: bool) -> None:
        """Let the disk refuse to be written, as a worn-out card does, or be well again."""
        how = "ro" if on else "rw"
        subprocess.run([*self.within, "mount", "-o", f"remount,{how}", str(self.folder)], check=True)
