"""The way to a unit: the system's OpenSSH client, with nothing of the user's own configuration.

A unit is known by its name, wherever it stands: OpenSSH is told to look for a host certificate of the town for that
name (HostKeyAlias), or for the one key that a person has compared. Whoever changes a unit holds it: one connection,
which all requests share and none outlives.
"""

import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from device.errors import DeviceError, Exit
from device.keys import Keys
from device.openssh import environment, keygen, keyscan, program
from device.trouble import explain
from sync.entries import BAD_JSON
from sync.technician import ACCOUNT, Held, Role

CONNECT_S: Final = 10
_ALIVE_S: Final = 5
_LOST: Final = 255  # how `ssh` ends when it, and not what it ran, has failed
TIMEOUT_S: Final = 120.0
_SETTINGS: Final = {
    "BatchMode": "yes",
    "IdentitiesOnly": "yes",
    "StrictHostKeyChecking": "yes",
    "GlobalKnownHostsFile": "none",
    "UpdateHostKeys": "no",
    "CheckHostIP": "no",
    "HostKeyAlgorithms": "ssh-ed25519-cert-v01@openssh.com,ssh-ed25519",
    "PreferredAuthentications": "publickey",
    "ForwardAgent": "no",
    "ForwardX11": "no",
    "ConnectTimeout": str(CONNECT_S),
    "ServerAliveInterval": str(_ALIVE_S),
    "ServerAliveCountMax": "3",
    "LogLevel": "ERROR",
    "ExitOnForwardFailure": "yes",
}


@dataclass(frozen=True)
class Target:
    """A unit, and where it stands now."""

    unit: str
    host: str
    port: int = 22


@dataclass(frozen=True)
class Answer:
    """What came of a request: how it ended, what was answered, what was said beside it."""

    code: int
    out: bytes
    err: str


class Road:
    """The way to one unit."""

    def __init__(self, keys: Keys, target: Target) -> None:
        self.target = target
        self._keys = keys

    def ask(self, role: Role, words: Sequence[str], given: bytes = b"") -> Answer:
        """Make one request in a connection of its own.

        Raises:
            DeviceError: the unit was not reached, or is not the one, or refused us.
        """
        return self._run(role, [], words, given)

    def shown(self) -> tuple[str, str]:
        """Return the key that the unit's SSH server shows, unproven, and its fingerprint.

        Raises:
            DeviceError: nothing answers.
        """
        lines = keyscan("-T", str(CONNECT_S), "-t", "ed25519", "-p", str(self.target.port), self.target.host)
        if not lines:
            raise explain("timed out", self.target.unit, self.target.host)
        key = lines[0].partition(" ")[2]
        return key, keygen("-l", "-f", "-", given=f"{key}\n").split()[1]

    @contextmanager
    def held(self) -> Iterator["Session"]:
        """Hold the unit: nobody else changes it meanwhile, and it is let go however this ends.

        Raises:
            DeviceError: somebody else holds it, or it was not reached.
        """
        with tempfile.TemporaryDirectory(prefix="machi-") as place:  # short: the path of a Unix socket must be
            control = Path(place) / "way"
            command = self._command(Role.PROVISION, ["-M", "-S", str(control)], ["hold"])
            with (Path(place) / "said").open("w+") as said, self._begin(command, said.fileno()) as holder:
                assert holder.stdin is not None
                assert holder.stdout is not None
                try:
                    line = holder.stdout.readline()
                    self._check_hold(holder, line, Path(said.name))
                    yield Session(self, control)
                finally:
                    holder.stdin.close()  # by which the unit lets go
                    holder.terminate()

    def through(self, control: Path, words: Sequence[str], given: bytes, timeout_s: float) -> Answer:
        """Make a request in the connection that holds the unit, and in no other."""
        return self._run(Role.PROVISION, ["-S", str(control), "-o", "ProxyCommand=false"], words, given, timeout_s)

    def forward(self, control: Path, host: str, port: int) -> int:
        """Let a port of the unit's loopback lead to an address as this laptop sees it; return the port."""
        named = f"[{host}]" if ":" in host else host
        extra = ["-S", str(control), "-O", "forward", "-R", f"127.0.0.1:0:{named}:{port}"]
        done = subprocess.run(
            self._command(Role.PROVISION, extra, []), capture_output=True, text=True, check=False, timeout=CONNECT_S
        )
        if done.returncode:
            raise explain(done.stderr, self.target.unit, self.target.host)
        return int(done.stdout)

    def _begin(self, command: list[str], said: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, env=environment())

    def _check_hold(self, holder: subprocess.Popen[bytes], line: bytes, said: Path) -> None:
        try:
            held = msgspec.json.decode(line, type=Held)
        except BAD_JSON as error:
            code = holder.wait(TIMEOUT_S)
            if code == _LOST:
                raise explain(said.read_text(errors="replace"), self.target.unit, self.target.host) from error
            raise refusal(self.target.unit, Answer(code, b"", said.read_text(errors="replace"))) from error
        if held.yours:
            return
        raise DeviceError(
            Exit.EXISTS,
            ja=f"{held.by} が {self.target.unit} の作業中です",
            en=f"{held.by} is at work on {self.target.unit}",
            do_ja="終わるのを待ってください。相手の接続が切れたのなら、15秒で空きます",
            do_en="wait until that is done; if that connection was lost, the unit is free within 15 seconds",
        )

    def _run(
        self, role: Role, extra: Sequence[str], words: Sequence[str], given: bytes, timeout_s: float = TIMEOUT_S
    ) -> Answer:
        command = self._command(role, extra, words)
        try:
            done = subprocess.run(
                command, input=given, capture_output=True, check=False, timeout=timeout_s, env=environment()
            )
        except subprocess.TimeoutExpired as error:
            raise explain("timed out", self.target.unit, self.target.host) from error
        said = done.stderr.decode(errors="replace")
        if done.returncode == _LOST:
            raise explain(said, self.target.unit, self.target.host)
        return Answer(done.returncode, done.stdout, said)

    def _command(self, role: Role, extra: Sequence[str], words: Sequence[str]) -> list[str]:
        known, compared, revoked = self._keys.known_hosts(self.target.unit)
        settings = _SETTINGS | {
            "IdentityFile": f'"{self._keys.key}"',
            "CertificateFile": f'"{self._keys.certificate}"',
            "UserKnownHostsFile": f'"{known}" "{compared}"',
            "RevokedHostKeys": f'"{revoked}"',
            "HostKeyAlias": self.target.unit,
            "User": f"{ACCOUNT}{role}",
            "Port": str(self.target.port),
        }
        options = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
        return [program("ssh"), "-F", "none", "-T", *options, *extra, "--", self.target.host, *words]


class Session:
    """A unit that is held: requests that may change it, and a way to the town for one that has none."""

    def __init__(self, road: Road, control: Path) -> None:
        self._road = road
        self._control = control

    @property
    def target(self) -> Target:
        return self._road.target

    def ask(self, words: Sequence[str], given: bytes = b"", timeout_s: float = TIMEOUT_S) -> Answer:
        """Make one request.

        Raises:
            LostError: the connection is gone, and nobody holds the unit any more.
        """
        return self._road.through(self._control, words, given, timeout_s)

    def forward(self, host: str, port: int) -> int:
        """Let a port of the unit's loopback lead to an address as this laptop sees it; return the port."""
        return self._road.forward(self._control, host, port)


def refusal(unit: str, answer: Answer) -> DeviceError:
    """Return what a unit that was reached said instead of an answer: in both languages, if it knew it in both."""
    lines = [line for line in answer.err.splitlines() if line.strip()]
    why = lines[-1].removeprefix("Error: ") if lines else f"exit code {answer.code}"
    in_both = len(lines) > 1 and lines[-2].startswith("Error: ")
    ja = f"{unit}: {lines[-2].removeprefix('Error: ')}" if in_both else f"{unit} ができませんでした"
    try:
        code = Exit(answer.code)
    except ValueError:
        code = Exit.HARDWARE
    return DeviceError(code, ja=ja, en=f"{unit}: {why}")
