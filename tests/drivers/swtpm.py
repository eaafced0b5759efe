"""A TPM of a board: Debian's swtpm, a whole TPM 2.0 as a process, with what it holds in a folder.

A TPM has room for three sessions, and systemd leaves its own behind, for Linux clears up behind whoever closes
/dev/tpmrm0. There is no such device here, so the door in front of swtpm clears up.
"""

import shutil
import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.ports import free_port, wait_for_port

_HEAD = 10
_START_SESSION, _FLUSH = 0x176, 0x165  # TPM2_CC_StartAuthSession, TPM2_CC_FlushContext
_NO_SESSIONS = 0x8001  # TPM2_ST_NO_SESSIONS
_NO_ROOM = b"\0\0\x09\x03"  # TPM2_RC_SESSION_MEMORY


def lacks_swtpm() -> str:
    """Return why no TPM can be had here, or ""."""
    missing = [name for name in ("swtpm", "systemd-creds") if shutil.which(name) is None]
    if missing:
        return f"{missing[0]} is not installed (packages swtpm, systemd)"
    there = any(Path("/usr/lib").glob("*/libtss2-tcti-swtpm.so.0"))
    return "" if there else "systemd finds no way to a swtpm (package libtss2-tcti-swtpm0)"


@contextmanager
def chip(folder: Path, port: int) -> Iterator[str]:
    """Have a TPM answer at a port, and yield how systemd names it. The same folder is the same chip."""
    folder.mkdir(exist_ok=True)
    behind = (free_port(), free_port())
    command = ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={folder.absolute()}"]
    doors = ["--server", f"type=tcp,port={behind[0]}", "--ctrl", f"type=tcp,port={behind[1]}"]
    quiet = ["--flags", "not-need-init,startup-clear"]
    with subprocess.Popen([*command, *doors, *quiet], stdin=subprocess.DEVNULL) as process:
        try:
            for inner in behind:
                wait_for_port(inner, process)
            with _door(port, behind[0], _Commands()), _door(port + 1, behind[1], _words):
                yield f"swtpm:host=127.0.0.1,port={port}"
        finally:
            process.terminate()
            process.wait(30)


@contextmanager
def _door(port: int, behind: int, carry: Callable[[socket.socket, socket.socket], None]) -> Iterator[None]:
    """Carry what comes to one port to the one behind it, one caller after the other."""
    door = socket.create_server(("127.0.0.1", port))

    def serve() -> None:
        while True:
            try:
                caller, _ = door.accept()
            except OSError:  # it is closed
                return
            with suppress(OSError), caller, socket.create_connection(("127.0.0.1", behind)) as inner:
                carry(caller, inner)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield
    finally:
        door.shutdown(socket.SHUT_RDWR)
        door.close()
        thread.join(10)


class _Commands:
    """Carries commands and answers; where there is no room for a session, the oldest that was left behind goes."""

    def __init__(self) -> None:
        self._sessions: list[bytes] = []

    def __call__(self, caller: socket.socket, inner: socket.socket) -> None:
        while command := _one(caller):
            answer = _said(inner, command)
            while answer[6:] == _NO_ROOM and self._sessions:
                _said(inner, struct.pack(">HII", _NO_SESSIONS, _HEAD + 4, _FLUSH) + self._sessions.pop(0))
                answer = _said(inner, command)
            if struct.unpack_from(">I", command, 6)[0] == _START_SESSION and len(answer) > _HEAD:
                begun = answer[_HEAD : _HEAD + 4]  # a number may come again, once who had it is gone
                self._sessions = [*(one for one in self._sessions if one != begun), begun]
            caller.sendall(answer)


def _said(inner: socket.socket, command: bytes) -> bytes:
    inner.sendall(command)
    return _one(inner)


def _one(line: socket.socket) -> bytes:
    """Return the next command or answer, with its head, which says how long it is; empty at the end."""
    whole = b""
    wanted = _HEAD
    while len(whole) < wanted:
        if not (part := line.recv(wanted - len(whole))):
            return b""
        whole += part
        if len(whole) == _HEAD:
            (wanted,) = struct.unpack_from(">I", whole, 2)
    return whole


def _words(caller: socket.socket, inner: socket.socket) -> None:
    """Carry what is said to swtpm itself: each word is short, and so is its answer."""
    while word := caller.recv(4096):
        inner.sendall(word)
        caller.sendall(inner.recv(4096))
