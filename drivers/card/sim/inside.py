"""What runs in the namespaces of a private pcscd: pcscd itself, and the table with its readers (see `pcscd.py`).

Started by `PrivatePcscd`, as the first process of its process-id namespace: when it ends, the kernel ends all the rest.
It ends when its standard input does.
"""

import contextlib
import ctypes
import fcntl
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

from drivers.card.sim.table import Control, RefusedError, Table

_MS_BIND = 4096  # mount(2)
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1  # netdevice(7)
_INTERFACE_REQUEST = struct.Struct("16sh22x")
_READY_SECONDS = 10.0
_LOOK_SECONDS = 0.002
_PCSCD = "/usr/sbin/pcscd"


class Pcscd:
    """The pcscd in here."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._folder = Path("/run/pcscd")
        self._process: subprocess.Popen[bytes] | None = None
        about = subprocess.run([_PCSCD, "--version"], capture_output=True, check=True)  # noqa: S603
        # From 2.0 on pcscd asks polkit who may use it; here only we can reach it.
        self._options = ["--disable-polkit"] if b"polkit" in about.stdout else []

    def start(self) -> None:
        """Start it, and return when it takes connections."""
        if self._process and self._process.poll() is None:
            raise RefusedError("pcscd is running")
        for leftover in self._folder.iterdir():
            leftover.unlink()
        configuration = str(self._home / "readers.conf")
        self._process = subprocess.Popen(  # noqa: S603
            [_PCSCD, "--foreground", "--config", configuration, *self._options],
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,  # a file; our own output is a pipe that nobody empties, and a full one would stop pcscd
        )
        self._wait()

    def kill(self) -> None:
        if not self._process:
            raise RefusedError("pcscd is not running")
        self._process.kill()
        self._process.wait()
        self._process = None

    def _wait(self) -> None:
        until = time.monotonic() + _READY_SECONDS
        while time.monotonic() < until:
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as link:
                link.connect(str(self._folder / "pcscd.comm"))
                return
            if self._process and self._process.poll() is not None:
                break
            time.sleep(_LOOK_SECONDS)
        self.kill()
        raise RefusedError("pcscd does not start")


def main(home: Path) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # a first process has no default for it
    _bind(home / "run", "/run")
    _bind(home / "no-drivers", "/usr/lib/pcsc/drivers")  # or it would take the machine's own readers as well
    _raise_loopback()
    pcscd = Pcscd(home)
    pcscd.start()
    lines = (home / "ports").read_text().splitlines()
    ports = {name: int(port) for port, name in (line.split(" ", 1) for line in lines)}
    table = Table(ports, more={"kill_pcscd": pcscd.kill, "start_pcscd": pcscd.start})
    Control(table, home / "table")
    os.write(sys.stdout.fileno(), b"ready\n")
    while os.read(sys.stdin.fileno(), 1):
        pass


def _bind(source: Path, target: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(os.fsencode(source), os.fsencode(target), None, ctypes.c_ulong(_MS_BIND), None):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), target)


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        answer = fcntl.ioctl(any_socket, _SIOCGIFFLAGS, _INTERFACE_REQUEST.pack(b"lo", 0))
        _, flags = _INTERFACE_REQUEST.unpack(answer)
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, _INTERFACE_REQUEST.pack(b"lo", flags | _IFF_UP))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
