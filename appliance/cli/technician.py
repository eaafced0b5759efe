"""`machi unit technician`: the one program that a technician who comes by SSH can run on a unit.

sshd starts it for every request, whatever was asked for (ForceCommand, firmware-config/ssh), as root by sudo. It finds
out who asks from the certificate that sshd accepted, writes it into the system's log, and does one of the things in
`sync/technician.py`, or says why not. There is no shell.
"""

import fcntl
import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Final

import click
import msgspec

from appliance.cli.common import ExistsError, HardwareError, NoPermissionError, RefusedForSafetyError
from appliance.cli.requests import VERBS, Places
from appliance.cli.updating import SETTINGS
from sync.technician import ALLOWED, CHANGE, Held, Role
from sync.terminal import printable

_RUN: Final = Path("/run/machi-technician")
_SSH: Final = Path("/var/lib/machi-ssh")
_CHUNK_BYTES: Final = 4096


@click.command(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="\b\nExamples:\n  SSH_ORIGINAL_COMMAND=about machi unit technician support\n"
    "  SSH_ORIGINAL_COMMAND='logs -1h 200' machi unit technician support --json",
)
@click.argument("role", type=click.Choice([str(role) for role in Role]))
@click.option("--folder", type=click.Path(path_type=Path), default=Path("/var/lib/machitap"), help="The unit's.")
@click.option("--ssh", type=click.Path(path_type=Path), default=_SSH, help="Where keys and lists of its sshd lie.")
@SETTINGS
@click.option("--run", type=click.Path(path_type=Path), default=_RUN, help="Where it is noted who holds the unit.")
@click.option("--json", "as_json", is_flag=True, help="Has no effect: answers are JSON, or what was asked for.")
def technician(role: str, folder: Path, ssh: Path, settings: Path, run: Path, as_json: bool) -> None:  # noqa: ARG001
    """Answer one request of a technician who came by SSH; sshd says which in SSH_ORIGINAL_COMMAND."""
    asked, by = os.environ.get("SSH_ORIGINAL_COMMAND", ""), _who()
    _note(printable(f"{by} ({role}): {asked}"))
    try:
        words = shlex.split(asked)
    except ValueError as error:
        raise click.UsageError(f"{error}: {asked}") from error
    verb = words[0] if words else ""
    if verb not in ALLOWED[Role(role)]:
        known = ", ".join(ALLOWED[Role(role)])
        if verb not in VERBS and verb != "hold":
            raise click.UsageError(f'there is no shell here, and no "{verb}"; there is: {known}')
        raise NoPermissionError(f'your certificate does not allow "{verb}"; it allows: {known}')
    run.mkdir(mode=0o700, exist_ok=True)
    if verb == "hold":
        _hold(run, by)
        return
    at = Places(folder, ssh, settings, by)
    with _alone(run) if verb in CHANGE else nullcontext():
        try:
            VERBS[verb](at, words[1:])
            if verb in CHANGE:
                VERBS["about"](at, ())
        except (BrokenPipeError, PermissionError):
            raise
        except OSError as error:
            raise HardwareError(f"{error.filename or 'the disk'}: {error.strerror}") from error


def _who() -> str:
    """Return the name and number in the certificate that sshd accepted; "?" where it does not say (ExposeAuthInfo)."""
    from cryptography.hazmat.primitives.serialization import SSHCertificate, load_ssh_public_identity

    try:
        method, _, shown = Path(os.environ["SSH_USER_AUTH"]).read_text().strip().partition(" ")
        certificate = load_ssh_public_identity(shown.encode())
    except (KeyError, OSError, ValueError):
        return "?"
    if method != "publickey" or not isinstance(certificate, SSHCertificate):
        return "?"
    return f"{certificate.key_id.decode(errors='replace')} #{certificate.serial}"


def _note(what: str) -> None:
    import syslog

    syslog.openlog("machi-technician", 0, syslog.LOG_AUTH)
    syslog.syslog(syslog.LOG_NOTICE, what)


def _hold(run: Path, by: str) -> None:
    """Hold the unit for as long as this request lasts; when its connection is gone, the kernel lets go."""
    from drivers.clock.system import Driver as SystemClock

    with (run / "held").open("a+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            click.echo((run / "held").read_bytes())
            sys.exit(ExistsError.exit_code)
        held = Held(by, SystemClock().wall_ms(), os.environ.get("SSH_CONNECTION", ""))
        file.truncate(0)
        file.write(msgspec.json.encode(held))
        file.flush()
        click.echo(msgspec.json.encode(msgspec.structs.replace(held, yours=True)))
        sys.stdout.flush()
        while sys.stdin.buffer.read(_CHUNK_BYTES):
            pass  # until the other end lets go


@contextmanager
def _alone(run: Path) -> Iterator[None]:
    """Go on if this connection holds the unit; one change at a time, also after a connection that was lost in one."""
    with (run / "held").open("a+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            held = msgspec.json.decode((run / "held").read_bytes(), type=Held)
        else:
            raise RefusedForSafetyError("nobody holds this unit; a change needs that first: hold")
    if held.connection != os.environ.get("SSH_CONNECTION", ""):
        raise ExistsError(f"{held.by} is changing this unit")
    with (run / "changing").open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
