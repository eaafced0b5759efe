"""A folder of the real file system."""

import errno
import os
from pathlib import Path

import apsw
import msgspec

from drivers.disk import DiskError

_CHUNK = b"\0" * 65_536


class Driver:
    """Capabilities: everything; as honest as the medium below."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        path: str

    def __init__(self, options: Options) -> None:
        self._folder = Path(options.path).absolute()

    def connect(self, name: str) -> apsw.Connection:
        path = self._folder / name
        if not self._folder.is_dir():
            raise DiskError(f"{self._folder}: no such folder; make it, or name another one")
        if path.is_dir():
            raise DiskError(f"{path} is a directory; move it away")
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o640))  # SQLite would open a read-only file without a word
        except OSError as error:
            raise DiskError(f"{path}: {_advice(error)}") from error
        try:
            return apsw.Connection(str(path))
        except apsw.Error as error:
            raise DiskError(f"{path}: {error}") from error

    def exists(self, name: str) -> bool:
        path = self._folder / name
        return path.exists() and path.stat().st_size > 0

    def raw(self, name: str) -> bytes:
        paths = (self._folder / name, self._folder / f"{name}-wal")
        return b"".join(path.read_bytes() for path in paths if path.exists())

    def move(self, name: str, to: str) -> None:
        for suffix in ("-wal", "-shm", ""):  # the database last: with it gone, the log would be taken for another's
            path = self._folder / (name + suffix)
            if path.exists():
                path.rename(self._folder / (to + suffix))
        self._sync_folder()

    def free_bytes(self) -> int:
        room = os.statvfs(self._folder)
        return room.f_bavail * room.f_frsize

    def reserve(self, name: str, size: int) -> None:
        path = self._folder / name
        if path.exists() and path.stat().st_size >= size:
            return
        try:
            with path.open("wb") as file:
                for _ in range(0, size, len(_CHUNK)):
                    file.write(_CHUNK)  # written, not just allocated: a copy-on-write card would promise too much
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            path.unlink(missing_ok=True)
            raise DiskError(f"{path}: {_advice(error)}") from error

    def remove(self, name: str) -> None:
        for suffix in ("-wal", "-shm", ""):
            (self._folder / (name + suffix)).unlink(missing_ok=True)
        self._sync_folder()

    def _sync_folder(self) -> None:
        handle = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _advice(error: OSError) -> str:
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return "no room left on the disk; free some"
        case errno.EROFS:
            return "the disk is read-only; it may be failing, so copy the journal away before anything else"
        case errno.EACCES | errno.EPERM:
            return f"may not be written by user {os.getuid()}; give the file to the daemon's user"
        case _:
            return error.strerror or str(error)
