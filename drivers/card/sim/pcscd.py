"""A real pcscd of our own, with virtual readers, that never meets the machine's own pcscd or its readers.

    with PrivatePcscd(["library", "bus"]) as pcscd:
        os.environ |= pcscd.environment
        pcscd.table.present("library", Plan(pki="var/pki"))

pcscd cannot be told where to put its socket, and vpcd, its virtual reader driver, listens on every network interface.
So both run in namespaces of their own (mount, network, process ids): /run is a private folder there, the only network
is a loopback, and whatever is started there ends with this object, even if this process is killed. Root needs nothing;
an ordinary user needs a kernel that lets users make namespaces. Clients find pcscd by PCSCLITE_CSOCK_NAME, which their
PC/SC library reads once, at its first call.
"""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import drivers
from drivers.card.sim.client import TableClient
from drivers.card.sim.table import Order

READERS_MAX = 8  # vpcd makes two slots for each, and pcscd holds 16
_PORT = 35_963  # vpcd's own number; any would do, as nobody else is in the network
_PCSCD, _DRIVER = Path("/usr/sbin/pcscd"), Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
_READY_SECONDS = 10.0
_READER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,59}", re.ASCII)
_SOCKET_PATH_MAX = 107  # sun_path of a Unix socket, less its final zero
_LOG_LINES = 5


class PrivatePcscdError(Exception):
    """It cannot be started on this machine; the message says what to do."""


class PrivatePcscd:
    """pcscd, its virtual readers, and the table to lay cards on them.

    Args:
        readers: 1 to 8 names. pcscd makes "library 00 00" of "library", and a twin "library 00 01" beside it, which
            stays idle unless cards are laid on "library/1".
        home: a folder for its files, on a short path; a new one in /tmp by default.

    Attributes:
        socket: the path of pcscd's socket.
        control: the path of the table's socket.
        environment: what a client's environment needs.
        table: to lay cards down and take them away.
    """

    def __init__(self, readers: Sequence[str], home: Path | None = None) -> None:
        _check_names(readers)
        self._readers = tuple(readers)
        self._own_home = home is None
        self._home = home or Path(tempfile.mkdtemp(prefix="machi-", dir="/tmp"))
        self._process: subprocess.Popen[bytes] | None = None
        self.socket = self._home / "run" / "pcscd" / "pcscd.comm"
        self.control = self._home / "table"
        self.environment = {"PCSCLITE_CSOCK_NAME": str(self.socket)}
        self.table = TableClient(self.control)
        if len(str(self.socket)) > _SOCKET_PATH_MAX:
            raise PrivatePcscdError(f"{self._home} is too long a path for a Unix socket")

    @property
    def names(self) -> dict[str, str]:
        """Each reader's name as pcscd tells it to clients."""
        return {name: f"{name} 00 00" for name in self._readers}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start everything; return when readers can be listed.

        Raises:
            PrivatePcscdError: a Debian package is missing, or this user may not make namespaces.
        """
        try:
            self._furnish()
            # Root that lacks the capability (a container) may still make a user namespace, so both are tried.
            ways = [["--user", "--map-root-user"]] if os.geteuid() else [[], ["--user", "--map-root-user"]]
            if not any(self._start(way) for way in ways):
                raise PrivatePcscdError(self._why_not())
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End everything that was started. May be called twice."""
        process, self._process = self._process, None
        if process:
            _end(process)
        if self._own_home:
            shutil.rmtree(self._home, ignore_errors=True)

    def kill(self) -> None:
        """Kill pcscd, as a crash would; the table and its cards stay."""
        self.table.tell(Order("kill_pcscd"))

    def restart(self, without: Collection[str] = ()) -> None:
        """Start pcscd again; return when readers can be listed. Readers in `without` are unplugged this time."""
        self._write_configuration(without)
        self.table.tell(Order("start_pcscd"))

    def _furnish(self) -> None:
        """Lay out the folder: the private /run, and a copy of the driver for each reader.

        pcscd loads a library once, and vpcd keeps its slots in static memory; from the same file, a second reader
        would take the first one's slots over.
        """
        if not _DRIVER.exists() or not _PCSCD.exists():
            raise PrivatePcscdError("virtual readers need the Debian packages pcscd and vsmartcard-vpcd")
        for folder in (self.socket.parent, self._home / "no-drivers"):
            folder.mkdir(parents=True, exist_ok=True)
        for number in range(len(self._readers)):
            shutil.copyfile(_DRIVER, self._library(number))
        ports = "".join(
            f"{_port(number)} {name}\n{_port(number) + 1} {name}/1\n" for number, name in enumerate(self._readers)
        )
        (self._home / "ports").write_text(ports)
        self._write_configuration()

    def _write_configuration(self, without: Collection[str] = ()) -> None:
        """Tell pcscd its readers (reader.conf(5))."""
        stanzas = [
            f'FRIENDLYNAME "{name}"\nDEVICENAME /dev/null:{_port(number)}\n'
            f"LIBPATH {self._library(number)}\nCHANNELID {_port(number):#x}\n"
            for number, name in enumerate(self._readers)
            if name not in without
        ]
        (self._home / "readers.conf").write_text("\n".join(stanzas))

    def _library(self, number: int) -> Path:
        return self._home / f"vpcd{number}.so"

    def _start(self, way: list[str]) -> bool:
        command = ["unshare", *way, "--mount", "--net", "--pid", "--fork", "--kill-child", sys.executable]
        with (self._home / "log").open("wb") as log:
            process = subprocess.Popen(  # noqa: S603
                [*command, "-m", "drivers.card.sim.inside", str(self._home)],
                stdin=subprocess.PIPE,  # nobody writes to it: its end tells the other side that we have gone
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,  # a Ctrl-C is for us; they end when we do
                cwd="/",
                env=os.environ | {"PYTHONPATH": os.pathsep.join(_python_path())},
            )
        if _says_ready(process.stdout):
            self._process = process
            return True
        _end(process)
        return False

    def _why_not(self) -> str:
        said = (self._home / "log").read_text(errors="replace").strip().splitlines()[-_LOG_LINES:]
        if any("unshare" in line for line in said):
            return (
                "this user may not make namespaces; run as root, or allow it: "
                f"sysctl kernel.unprivileged_userns_clone=1 ({said[-1]})"
            )
        return "\n".join(["the private pcscd did not start:", *said])


def _port(number: int) -> int:
    return _PORT + 2 * number


def _python_path() -> list[str]:
    """Return where Python finds us, and whatever else it was told."""
    return [str(Path(drivers.__file__).parent.parent), *filter(None, [os.environ.get("PYTHONPATH")])]


def _check_names(readers: Sequence[str]) -> None:
    if not 1 <= len(readers) <= READERS_MAX or len(set(readers)) != len(readers):
        raise ValueError(f"1 to {READERS_MAX} readers, each with its own name")
    for name in readers:
        if not _READER_NAME.fullmatch(name):
            raise ValueError(f'"{name}" cannot be a reader\'s name; use letters, digits, spaces, and . _ -')


def _says_ready(output: IO[bytes] | None) -> bool:
    """Wait for the word "ready"; nothing at all means that the process has ended."""
    return output is not None and output.readline() == b"ready\n"


def _end(process: subprocess.Popen[bytes]) -> None:
    """Let go of the process's standard input, at which it ends; kill it if it does not."""
    for stream in (process.stdin, process.stdout):
        if stream:
            with contextlib.suppress(OSError):
                stream.close()
    try:
        process.wait(timeout=_READY_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
