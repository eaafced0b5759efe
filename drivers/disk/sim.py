"""A disk in memory below SQLite that forgets, tears and lies as a real one does when the power goes.

What was written since the last honest sync may survive, vanish, or be torn at 512-byte sectors, each write on its own
and in any order. The model follows what is known of SD cards and of POSIX: a name that was created or deleted is
certain only once its folder was synced. SQLite reaches it through a virtual file system of its own (apsw's VFS).
"""

import contextlib
import itertools
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

import apsw
import msgspec

from drivers.disk import DiskError

SECTOR = 512
_NAME_LOST = 0.5  # chances at a power cut, of what was not yet certain
_WRITE_LOST = 0.4
_WRITE_TORN = 0.2
_SECTOR_LOST = 0.5
_numbers = itertools.count(1)  # every disk needs a VFS name of its own within the process


class PowerCutError(Exception):
    """The power went away in the middle of this operation; call `crash()`, then start the unit again."""


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep Python from reporting power cuts that SQLite swallowed, as it does while it changes the journal mode."""
    before = sys.unraisablehook

    def hook(report: "sys.UnraisableHookArgs") -> None:
        if not isinstance(report.exc_value, PowerCutError):
            before(report)

    sys.unraisablehook = hook
    try:
        yield
    finally:
        sys.unraisablehook = before


@dataclass
class _File:
    """`now` is what a running system reads; `durable` is what is certain to be there after a power cut."""

    now: bytearray = field(default_factory=bytearray)
    durable: bytearray = field(default_factory=bytearray)
    waiting: list[tuple[int, bytes | None]] = field(default_factory=list)  # (offset, data), or (length, None): cut

    def write(self, offset: int, data: bytes | None) -> None:
        _apply(self.now, offset, data)
        self.waiting.append((offset, data))

    def settle(self) -> None:
        for offset, data in self.waiting:
            _apply(self.durable, offset, data)
        self.waiting.clear()

    def copy(self) -> "_File":
        return _File(bytearray(self.now), bytearray(self.durable), list(self.waiting))


def _apply(content: bytearray, offset: int, data: bytes | None) -> None:
    if data is None:
        del content[offset:]
        return
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data


class Driver:
    """Capabilities: databases, power cuts, and these faults.

    `cut_after(n)`: power cut at the n-th disk operation from now. `lies`: share of syncs that are claimed but not done.
    `size`: bytes that fit. `broken`: every sync fails (EIO), and what it should have written can be read until the
    power goes and is never on the disk, as with Linux. `rot(name, at, bit)`: one flipped bit. `snapshot`/`restore`: a
    copied, or an old, SD card. `misbehaves` says whether it has been told to fail in a way that its user may notice.
    """

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        seed: int = 0
        size: int = 1 << 30

    def __init__(self, options: Options | None = None) -> None:
        options = options or self.Options()
        self._dice = random.Random(options.seed)  # noqa: S311 - a simulator wants dice that can be thrown again
        self._vfs: _Vfs | None = None
        self._cut_in: int | None = None
        self.files: dict[str, _File] = {}
        self.certain: dict[str, _File] = {}  # the names that are durable
        self.size = options.size
        self.lies = 0.0
        self.broken = False
        self.dead = False
        self._spoilt = False
        self.life = 0  # files opened before a power cut belong to an earlier life, and stay dead
        self.operations = 0

    # ---- the port

    def connect(self, name: str) -> apsw.Connection:
        if self.dead:
            raise DiskError("the power is off; crash() first")
        if self._vfs is None or self._vfs.life != self.life:  # one for each life: a dead one deletes files of its own
            self._vfs = _Vfs(self, f"machitap-sim-{next(_numbers)}", self.life)
        return apsw.Connection(f"/{name}", vfs=self._vfs.vfs_name)

    def exists(self, name: str) -> bool:
        return bool(f"/{name}" in self.files and self.files[f"/{name}"].now)

    def raw(self, name: str) -> bytes:
        return b"".join(bytes(self.files[path].now) for path in (f"/{name}", f"/{name}-wal") if path in self.files)

    def move(self, name: str, to: str) -> None:
        for suffix in ("-wal", ""):  # the power may go between the two; each is done or not done
            if f"/{name}{suffix}" in self.files and self.operation(self.life):
                self.files[f"/{to}{suffix}"] = self.files.pop(f"/{name}{suffix}")
                self.sync_names()

    def free_bytes(self) -> int:
        return max(0, self.size - self.used_bytes)

    def reserve(self, name: str, size: int) -> None:
        if f"/{name}" in self.files:
            return
        if self.free_bytes() < size:
            raise DiskError("no room left on the simulated disk")
        self.files[f"/{name}"] = _File(bytearray(size), bytearray(size))
        self.sync_names()

    def remove(self, name: str) -> None:
        for suffix in ("-wal", ""):
            if f"/{name}{suffix}" in self.files and self.operation(self.life):
                del self.files[f"/{name}{suffix}"]
                self.sync_names()

    # ---- the extra doors

    @property
    def misbehaves(self) -> bool:
        """Whether errors and damage are to be expected of this disk, other than by a power cut."""
        return self.broken or self._spoilt or self.lies > 0 or self.size < self.Options().size

    @property
    def used_bytes(self) -> int:
        return sum([len(file.now) for file in self.files.values()])

    def cut_after(self, operations: int | None) -> None:
        """Cut the power at the n-th disk operation from now; None takes it back."""
        self._cut_in = operations

    def cut(self) -> None:
        """Cut the power now: whatever is still done to the disk does not reach it."""
        self.dead = True

    def crash(self) -> None:
        """Let the power have been gone, and come back: what was not certain is now whatever the dice say."""
        self._spoilt |= self.lies > 0 or self.broken
        names = dict(self.certain)
        for name in sorted(self.files.keys() | self.certain.keys()):
            if self.files.get(name) is not self.certain.get(name) and self._dice.random() < _NAME_LOST:
                names.pop(name, None)
                if name in self.files:
                    names[name] = self.files[name]
        for file in {id(file): file for file in names.values()}.values():
            self._lose(file)
        self.files = names
        self.certain = dict(names)
        self.dead = False
        self.life += 1
        self._cut_in = None

    def rot(self, name: str, at: int, bit: int = 4) -> None:
        """Flip one bit of a byte, 0 to 7, in a file that lies still."""
        self._spoilt = True
        for content in (self.files[f"/{name}"].now, self.files[f"/{name}"].durable):
            if content:
                content[at % len(content)] ^= 1 << bit

    def snapshot(self) -> dict[str, _File]:
        """Copy the disk, as whoever takes the card out finds it: without what failing syncs should have written."""
        image = {name: file.copy() for name, file in self.files.items()}
        for file in image.values() if self.broken else ():
            file.now = bytearray(file.durable)
        return image

    def restore(self, snapshot: dict[str, _File]) -> None:
        """Put an old state of the disk back, as with a copied card; what was open before stays dead."""
        self.life += 1
        self.files = {name: file.copy() for name, file in snapshot.items()}
        self.certain = dict(self.files)
        for file in self.files.values():
            file.settle()

    def _lose(self, file: _File) -> None:
        for offset, data in file.waiting:
            fate = self._dice.random()
            if fate < _WRITE_LOST:
                continue
            if data is not None and fate < _WRITE_LOST + _WRITE_TORN:
                for start in range(0, len(data), SECTOR):
                    if self._dice.random() >= _SECTOR_LOST:
                        _apply(file.durable, offset + start, data[start : start + SECTOR])
            else:
                _apply(file.durable, offset, data)
        file.waiting.clear()
        file.now = bytearray(file.durable)

    # ---- what the virtual file system asks

    def operation(self, life: int) -> bool:
        """Count one disk operation, and be cut off by it if it is the one; False: the power is off already.

        Only the first operation is told. SQLite tidies up after it, and an exception for each of those would drown
        the one that matters; nothing of that reaches the disk.
        """
        if self.dead or life != self.life:
            return False
        self.operations += 1
        if self._cut_in is not None:
            self._cut_in -= 1
            if self._cut_in <= 0:
                self.dead = True
                raise PowerCutError
        return True

    def sync(self, file: _File) -> None:
        if self.broken:
            file.waiting.clear()
            raise apsw.IOError("the simulated disk fails to sync")
        if self.lies and self._dice.random() < self.lies:
            return
        file.settle()
        for name, other in self.files.items():  # syncing a file makes its own name certain, as ext4 does
            if other is file:
                self.certain[name] = file

    def sync_names(self) -> None:
        self.certain = dict(self.files)


class _Vfs(apsw.VFS):
    def __init__(self, disk: Driver, name: str, life: int) -> None:
        self._disk = disk
        self.vfs_name = name
        self.life = life
        super().__init__(name, base="")

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        if not self._disk.operation(self.life):
            raise apsw.CantOpenError("the power is off")
        path = name.filename() if isinstance(name, apsw.URIFilename) else name or "/temporary"
        if path not in self._disk.files:
            if not flags[0] & apsw.SQLITE_OPEN_CREATE:
                raise apsw.CantOpenError(path)
            self._disk.files[path] = _File()
        flags[1] = flags[0]
        handle = _Handle(self._disk, path, delete=bool(flags[0] & apsw.SQLITE_OPEN_DELETEONCLOSE))
        return cast("apsw.VFSFile", handle)  # any object with these methods will do

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        disk: Driver | None = getattr(self, "_disk", None)  # gone where a heap of objects is thrown away as a whole
        if disk and disk.operation(self.life):
            disk.files.pop(filename, None)
            if syncdir:
                disk.sync_names()

    def xAccess(self, pathname: str, flags: int) -> bool:  # noqa: N802, ARG002
        return pathname in self._disk.files

    def xFullPathname(self, name: str) -> str:  # noqa: N802
        return name


class _Handle:
    """One open file; SQLite calls these by name."""

    def __init__(self, disk: Driver, path: str, *, delete: bool) -> None:
        self._disk, self._path, self._delete = disk, path, delete
        self._file = disk.files[path]
        self._life = disk.life

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802
        return bytes(self._file.now[offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        if not self._disk.operation(self._life):
            return
        file = self._file
        growth = offset + len(data) - len(file.now)
        if growth > 0 and growth > self._disk.free_bytes():
            raise apsw.FullError("the simulated disk is full")
        file.write(offset, bytes(data))

    def xTruncate(self, size: int) -> None:  # noqa: N802
        if self._disk.operation(self._life):
            self._file.write(size, None)

    def xSync(self, flags: int) -> None:  # noqa: N802, ARG002
        if self._disk.operation(self._life):
            self._disk.sync(self._file)

    def xFileSize(self) -> int:  # noqa: N802
        return len(self._file.now)

    def xClose(self) -> None:  # noqa: N802
        if self._delete and self._life == self._disk.life:
            self._disk.files.pop(self._path, None)

    def xLock(self, level: int) -> None:  # noqa: N802
        """One connection at a time is all that a journal has."""

    def xUnlock(self, level: int) -> None:  # noqa: N802
        """See xLock."""

    def xCheckReservedLock(self) -> bool:  # noqa: N802
        return False

    def xFileControl(self, op: int, pointer: int) -> bool:  # noqa: N802, ARG002
        return False

    def xSectorSize(self) -> int:  # noqa: N802
        return SECTOR

    def xDeviceCharacteristics(self) -> int:  # noqa: N802
        """As on Linux: what stands beside written bytes is safe, so SQLite does not fill its log up to sectors."""
        return apsw.SQLITE_IOCAP_POWERSAFE_OVERWRITE
