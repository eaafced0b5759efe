"""A unit's daemon as a process of its own, in a folder as a technician leaves it; to be started, asked and killed."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw
import httpx

from central.centre import Centre
from drivers.card.trust import Trust
from simulation.deeds import FACILITY
from simulation.folder import furnish
from tests.ports import free_port

MACHI = Path(sys.executable).parent / "machi"
CHECKER = Path(__file__).parents[2] / "docs" / "verify_journal.py"
PATIENCE_S = 60.0
Done = subprocess.CompletedProcess[str]


def wait_until(
    true: Callable[[], object], otherwise: str | Callable[[], str], seconds: float = PATIENCE_S, every_s: float = 0.02
) -> None:
    """Look again and again until it is true; fail with the words in `otherwise` if it does not come about."""
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, otherwise if isinstance(otherwise, str) else otherwise()
        time.sleep(every_s)


def machi(*words: str | Path, cwd: Path | None = None, within: Sequence[str] = ()) -> Done:
    """Run a command as a technician does."""
    command = [*within, str(MACHI), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, cwd=cwd)


def said(done: Done) -> dict[str, Any]:
    """Return the one JSON document that a command printed."""
    assert done.stdout, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def published_check(journal: Path, public: Path) -> Done:
    """Check a copy of a journal by the published format alone."""
    command = [sys.executable, str(CHECKER), str(journal), str(public)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


class _Hatch(http.client.HTTPConnection):
    """HTTP over the Unix socket in the present folder: the path of one must be short."""

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect("hatch.sock")


@dataclass
class LiveUnit:
    """One unit in its folder, and its daemon while it runs.

    Attributes:
        folder: where it was set up; what is written about it lies beside.
        port: of its screen.
        environment: what the daemon needs besides ours: where its pcscd is.
        within: a command in front of every command, for a unit on a disk of its own.
        inside, root: where the folder lies on that disk: for the daemon, and for us.
    """

    folder: Path
    port: int
    environment: Mapping[str, str] = field(default_factory=dict)
    within: Sequence[str] = ()
    inside: Path | None = None
    root: Path | None = None
    process: subprocess.Popen[bytes] | None = None

    @property
    def here(self) -> Path:
        return self.root or self.folder

    @property
    def log(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}.log")

    @property
    def ear(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}.heard")

    @property
    def counter(self) -> Path:
        """The counter outside the disk."""
        return self.folder.with_name(f"{self.folder.name}.counter")

    def begin(self, *python: str) -> subprocess.Popen[bytes]:
        """Start the daemon and do not wait for anything; `python`: options for the interpreter."""
        command = [*self.within, sys.executable, *python, str(MACHI), "unit", "run", str(self.inside or self.folder)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=os.environ | self.environment
            )
        return self.process

    def start(self, *python: str) -> None:
        """Start the daemon; return when its reader is there."""
        process = self.begin(*python)
        wait_until(lambda: process.poll() is not None or self.status().get("readers"), self.said)
        assert process.poll() is None, self.said()

    def stop(self, with_signal: int = signal.SIGTERM) -> int:
        """End the daemon, and return its exit code."""
        process, self.process = self.process, None
        assert process is not None, "it does not run"
        process.send_signal(with_signal)
        return process.wait(PATIENCE_S)

    def clean_up(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()

    def command(self, verb: str, *words: str | Path) -> Done:
        """Run `machi unit VERB` on this unit."""
        return machi("unit", verb, self.inside or self.folder, *words, within=self.within)

    def refuses_to_run(self) -> Done:
        """Run the daemon to its end, which comes at once."""
        command = [*self.within, str(MACHI), "unit", "run", str(self.inside or self.folder)]
        environment = os.environ | self.environment
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S, env=environment)

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def status(self) -> dict[str, Any]:
        """Ask the daemon how it is; an empty answer while it does not run."""
        try:
            found: dict[str, Any] = json.loads(self._ask("/status"))
        except OSError:
            return {}
        return found

    def _ask(self, question: str) -> bytes:
        with contextlib.chdir(self.here), contextlib.closing(_Hatch("unit", timeout=10)) as hatch:
            hatch.request("GET", question)
            answer = hatch.getresponse()
            assert answer.status == http.HTTPStatus.OK, self.said()
            return answer.read()

    def view(self) -> dict[str, Any]:
        """Return what the screen shows."""
        answer = httpx.get(f"http://127.0.0.1:{self.port}/view", trust_env=False)
        assert answer.status_code == httpx.codes.OK, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    def closed(self) -> str:
        """Return the English words with which the screen says that nobody is served, or ""."""
        words = self.view()["closed"]
        return str(words["en"]) if words else ""

    def heard(self) -> list[tuple[str, str]]:
        """Return every sound that was played, and the entry that it was about."""
        lines = self.ear.read_text().splitlines() if self.ear.exists() else []
        return [(sound["earcon"], sound["about"]) for sound in map(json.loads, lines)]

    def copy(self, path: Path) -> Path:
        """Take a copy of the journal while the daemon runs, through its hatch."""
        path.write_bytes(self._ask("/copy"))
        return path

    def entries(self) -> dict[str, tuple[str, dict[str, Any]]]:
        """Return every entry of the running unit's journal: its id, its hash, its body."""
        copy = self.copy(self.folder.with_name(f"{self.folder.name}.copy"))
        found = entries_of(copy, self.folder.name)
        copy.unlink()
        return found


def entries_of(journal: Path, unit: str) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return every entry of a journal that nobody else has open: its id, its hash, its body."""
    connection = apsw.Connection(str(journal), flags=apsw.SQLITE_OPEN_READONLY)
    rows = connection.execute("SELECT boot, seq, lower(hex(hash)), body FROM entry ORDER BY boot, seq").fetchall()
    connection.close()
    return {f"{unit}/{boot}/{seq}": (str(digest), json.loads(str(body))) for boot, seq, digest, body in rows}


def settle_in(
    folder: Path,
    centre: Centre,
    trust: Trust,
    reader: str = "",
    environment: Mapping[str, str] | None = None,
    counter: str = FACILITY,
) -> LiveUnit:
    """Set a unit up in a folder, with an ear beside its loudspeaker and a counter outside its disk.

    Args:
        reader: part of the name of its PC/SC reader; empty for a simulated one, on which nothing ever lies.
    """
    furnish(folder, centre, folder.name, "library", trust, reader or "desk", counter)
    unit = LiveUnit(folder, free_port(), environment or {})
    equip(unit, "pcsc" if reader else "sim")
    return unit


def equip(unit: LiveUnit, reader: str) -> None:
    """Give a unit its screen, a reader of this make, an ear beside its loudspeaker and a counter outside its disk."""
    change(
        unit.folder,
        ("port = 0", f"port = {unit.port}"),
        ('make = "pcsc"', f'make = "{reader}"'),
        ('[drivers.sound]\nmake = "none"', f'[drivers.sound]\nmake = "sim"\nheard = "{unit.ear}"'),
    )
    config = unit.folder / "unit.toml"
    config.write_text(
        f'{config.read_text()}\n[drivers.monotonic]\nmake = "file"\npath = "{unit.counter}"\n'
        '\n[drivers.board]\nmake = "none"\n'  # how hot the machine is that runs the tests, or how full, is no matter
    )


def change(folder: Path, *changes: tuple[str, str]) -> None:
    """Edit a unit's configuration, as a technician would."""
    config = folder / "unit.toml"
    text = config.read_text()
    for old, new in changes:
        assert old in text, f"{old!r} is not in {config}"
        text = text.replace(old, new)
    config.write_text(text)


def wait_for_scanner(unit: LiveUnit, times: int = 1) -> None:
    """Wait until a unit listens to its scanner, for the n-th time; what was scanned before, nobody heard."""
    wait_until(lambda: unit.said().count("scanner is there") >= times, unit.said)
