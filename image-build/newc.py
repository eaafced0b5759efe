"""Archives as the kernel unpacks them into its first root: cpio, "new ASCII" form (Linux, initramfs-buffer-format)."""

import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_END = "TRAILER!!!"


@dataclass(frozen=True)
class File:
    """One name in an archive: a folder, a file or a device, always root's."""

    name: str
    mode: int
    content: bytes = b""
    device: tuple[int, int] = (0, 0)


def folder(name: str) -> File:
    return File(name, stat.S_IFDIR | 0o755)


def file(name: str, content: bytes, *, runs: bool = False) -> File:
    return File(name, stat.S_IFREG | (0o755 if runs else 0o644), content)


def archive(files: Iterable[File]) -> bytes:
    """Return the archive. Times are 0, and numbers go up, so the same files are the same bytes."""
    return b"".join(_records(files))


def _records(files: Iterable[File]) -> Iterator[bytes]:
    for number, one in enumerate(files, start=1):
        yield from _record(number, one)
    yield from _record(0, File(_END, 0))


def _record(number: int, one: File) -> Iterator[bytes]:
    name = one.name.encode() + b"\0"
    links = 2 if stat.S_ISDIR(one.mode) else 1
    # inode, mode, owner, group, links, time, size, device it lies on (2), device it is (2), size of the name, check
    fields = (number, one.mode, 0, 0, links, 0, len(one.content), 0, 0, *one.device, len(name), 0)
    yield _padded(b"070701" + "".join(f"{field:08x}" for field in fields).encode() + name)
    yield _padded(one.content)


def _padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % 4)
