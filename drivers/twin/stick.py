"""A USB stick, by the folder where it is mounted: with FAT, as sticks are sold, or whatever else Linux can mount.

A neighbour keeps the twins of others in such a folder too, on its own disk: then room is left there for itself.

Nothing is held open between two records, so that it can be pulled out at any time.
"""

import errno
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, BinaryIO, Final

import msgspec

from drivers.check import Check, State
from drivers.twin import CHECKS, Trouble, TwinError

ROOM_BYTES: Final = 2 * 1024 * 1024  # more than a record can be: what is said to be full is so before one is torn
_TROUBLES: Final = {
    errno.ENOSPC: Trouble.FULL,
    errno.EDQUOT: Trouble.FULL,
    errno.EFBIG: Trouble.FULL,  # FAT ends a file at 4 GiB
    errno.EROFS: Trouble.READ_ONLY,
    errno.EACCES: Trouble.READ_ONLY,
    errno.EPERM: Trouble.READ_ONLY,
    errno.ENODEV: Trouble.GONE,
    errno.ENXIO: Trouble.GONE,
    errno.ENOENT: Trouble.GONE,
    errno.ENOTDIR: Trouble.GONE,
    errno.ENOTCONN: Trouble.GONE,
}
_WHOLE_FILE: Final = 0
_TWIN: Final = ".twin"


class Driver:
    """Capabilities: one medium with a file system; notices when it is gone, full, read-only, failing or another one."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        """`path`: where it is mounted. `beside`: a folder on the disk on which it must not lie; "" if it may.

        `leave_bytes`: so much room stays free.
        """

        path: str = "/media/twin"
        beside: str = "."
        leave_bytes: Annotated[int, msgspec.Meta(ge=0)] = 0

    def __init__(self, options: Options | None = None) -> None:
        self._options = options or self.Options()

    def look(self) -> None:
        with self._folder() as folder:
            room = os.fstatvfs(folder)
            if room.f_flag & os.ST_RDONLY or not os.access(self._options.path, os.W_OK):
                raise TwinError(Trouble.READ_ONLY, f"{self._options.path} cannot be written to")
            if room.f_bavail * room.f_frsize < ROOM_BYTES + self._options.leave_bytes:
                raise TwinError(Trouble.FULL, f"{self._options.path} is full")

    @contextmanager
    def reading(self, name: str) -> Iterator[BinaryIO]:
        with self._folder() as folder:
            try:
                handle = os.open(name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=folder)
            except FileNotFoundError:
                yield io.BytesIO()
                return
            with os.fdopen(handle, "rb") as file:
                os.posix_fadvise(handle, 0, _WHOLE_FILE, os.POSIX_FADV_DONTNEED)  # what Linux remembers proves nothing
                yield file

    def append(self, name: str, size: int, record: bytes) -> int:
        self.look()
        with self._folder() as folder:
            handle = self._open(folder, name, size)
            try:
                self._add(handle, size, record)
                if size == 0:
                    os.fsync(folder)
                self._read_back(handle, size, record)
            finally:
                os.close(handle)
        return size + len(record)

    def sizes(self) -> dict[str, int]:
        with self._folder() as folder, os.scandir(folder) as there:
            return {one.name: one.stat(follow_symlinks=False).st_size for one in there if one.name.endswith(_TWIN)}

    def drop(self, name: str) -> None:
        with self._folder() as folder:
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=folder)
            os.fsync(folder)

    @classmethod
    def probe(cls, options: Options) -> Check:
        try:
            cls(options).look()
        except TwinError as error:
            return CHECKS[error.trouble]
        return Check(State.OK, f"控え用のUSBメモリがあります: {options.path}", f"a stick for the twin: {options.path}")

    @contextmanager
    def _folder(self) -> Iterator[int]:
        """Hold the folder itself, so that nothing is written where a stick was a moment ago."""
        path = self._options.path
        try:
            folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                beside = self._options.beside
                if beside and os.fstat(folder).st_dev == Path(beside).stat().st_dev:
                    raise TwinError(Trouble.GONE, f"nothing is mounted at {path}")
                yield folder
            finally:
                os.close(folder)
        except OSError as error:
            raise TwinError(_TROUBLES.get(error.errno or 0, Trouble.FAILING), f"{path}: {error.strerror}") from error

    def _open(self, folder: int, name: str, size: int) -> int:
        """Open a file that must be `size` bytes long."""
        how = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | (os.O_CREAT if size == 0 else 0)
        try:
            handle = os.open(name, how, 0o600, dir_fd=folder)
        except FileNotFoundError as error:
            raise TwinError(Trouble.CHANGED, f"{name} is not there any more") from error
        if (now := os.fstat(handle).st_size) != size:
            os.close(handle)
            raise TwinError(Trouble.CHANGED, f"{name} has {now} bytes instead of {size}")
        return handle

    @staticmethod
    def _add(handle: int, size: int, record: bytes) -> None:
        try:
            written = 0
            while written < len(record):
                written += os.write(handle, record[written:])
            os.fsync(handle)
        except OSError:
            with suppress(OSError):
                os.ftruncate(handle, size)  # our own beginning of a record; where that fails, readers step over it
            raise

    @staticmethod
    def _read_back(handle: int, size: int, record: bytes) -> None:
        """Read what was written as the stick has it: some are sold that only pretend to keep it."""
        os.posix_fadvise(handle, 0, _WHOLE_FILE, os.POSIX_FADV_DONTNEED)
        if os.pread(handle, len(record), size) != record:
            raise TwinError(Trouble.FAILING, "what was written is not what can be read")
