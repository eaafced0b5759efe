"""What a technician who comes by SSH may ask a unit for: a verb each, most of them commands that there are anyway.

A change is answered by how far the unit is after it. Whatever is changed here is root's until the unit's services
start: they give it to their own users.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import click
import msgspec

from appliance import durable
from appliance.cli.carrying import import_
from appliance.cli.common import HardwareError, NotFoundError, RefusedForSafetyError, copy_of, plainly
from appliance.cli.keeping import kept_in
from appliance.cli.living import accept, enrol, request
from appliance.cli.looking import doctor, status, verify
from appliance.cli.parting import decommission, stands
from appliance.cli.updating import of_slots, start_anew, update
from appliance.installing import no_room
from appliance.updates import SETTINGS_FILE, Kept, ReceivedError, read_settings

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
TARGET: Final = "machi-unit.target"
SERVICES: Final = ("machi-tap.service", "machi-uplink.service", "pcscd.service")
LOGGED: Final = (
    *SERVICES,
    *("machi-twin.service", "machi-keeper.service", "machi-display.service", "machi-screen.service"),
    *("machitap-health.service", "machitap-update.service", "rauc.service"),
)
HOST_KEY: Final = "host_ed25519.pub"
HOST_CERTIFICATE: Final = "host_ed25519-cert.pub"
TECHNICIANS: Final = "technicians.json"  # what the town said of them, as it signed it
CA: Final = "technicians.pub"
REVOKED: Final = "revoked.krl"
_LOG_LINES_MAX: Final = 5_000
_GIVEN_MAX_BYTES: Final = 64 * 1024 * 1024  # as much as the hatch takes at a time
_TIMEOUT_S: Final = 120
_MS: Final = 1000


class Places(NamedTuple):
    """Where a unit's things lie: its own, those of its SSH server, what its image says of updates. `by`: who asks."""

    folder: Path
    ssh: Path
    settings: Path = SETTINGS_FILE
    by: str = ""


def _about(at: Places, words: Sequence[str]) -> None:
    """Say how far this unit is set up."""
    from appliance.config import ENROLMENT_FILE, PUBLIC_FILE, TLS_FOLDER, ConfigError, read_config, read_enrolment
    from appliance.uplink.certificate import Tls
    from drivers.clock.system import Driver as SystemClock
    from sync.technician import About

    _no_words(words)
    try:
        epoch = read_enrolment(at.folder).epoch if (at.folder / ENROLMENT_FILE).exists() else 0
    except ConfigError as error:
        raise RefusedForSafetyError(str(error)) from error
    try:
        ends = round(Tls(at.folder / TLS_FOLDER).ends().timestamp() * _MS)
    except (OSError, ValueError):
        ends = 0
    try:
        name = read_config(at.folder).name
    except ConfigError:
        name = ""
    states = _system("systemctl", "is-active", *SERVICES).stdout.split()
    room = os.statvfs(at.folder if at.folder.is_dir() else at.folder.parent)
    about = About(
        schema="machi.unit.about/1",
        unit=name,
        epoch=epoch,
        key=_text(at.folder / PUBLIC_FILE) if epoch else "",
        at=SystemClock().wall_ms(),
        free_bytes=room.f_bavail * room.f_frsize,
        certificate_ends=ends,
        host_key=_text(at.ssh / HOST_KEY),
        host_certificate=_text(at.ssh / HOST_CERTIFICATE),
        technicians=_known(at),
        active=[name for name, state in zip(SERVICES, states, strict=False) if state == "active"],
    )
    click.echo(msgspec.json.encode(about))


def _logs(_at: Places, words: Sequence[str]) -> None:
    """Show what the services said since a moment, at most so many lines."""
    since, lines = _words(words, 2)
    number = min(_number(lines), _LOG_LINES_MAX)
    asked = ["journalctl", "--no-pager", "--quiet", "--output=short-iso", f"--since={since}", f"--lines={number}"]
    by = [f"{field}={name}" for name in LOGGED for field in ("_SYSTEMD_UNIT", "UNIT")]
    done = _system(*asked, *" + ".join([*by, "SYSLOG_IDENTIFIER=machi-technician"]).split())
    if done.returncode:
        raise click.UsageError(done.stderr.strip())
    click.echo(done.stdout, nl=False)


def _journal(at: Places, words: Sequence[str]) -> None:
    """Give the whole journal away, as segments: it is for the centre, and proves itself."""
    from appliance.carry import export_copy

    _no_words(words)
    with plainly(), copy_of(at.folder) as copy, tempfile.TemporaryDirectory() as place:
        output = Path(place) / "journal.segments"
        export_copy(copy, output, "segments", at.folder)
        sys.stdout.buffer.write(output.read_bytes())


def _kept(at: Places, words: Sequence[str]) -> None:
    """Say which twins this unit keeps for its neighbours, or give one of them away: it is sealed for the centre."""
    with plainly():
        place, twins = kept_in(at.folder)
    if not words:
        click.echo(msgspec.json.encode(twins))
        return
    (file,) = _words(words, 1)
    if file not in {one.file for one in twins}:
        raise NotFoundError(f"{file} is not kept here")
    sys.stdout.buffer.write((place / file).read_bytes())


def _standing(at: Places, words: Sequence[str]) -> None:
    """Say what the town does not hold of this unit: by the leave on standard input, or by what it last said."""
    _no_words(words)
    click.echo(msgspec.json.encode(stands(at.folder, _given())))


def _clock(_at: Places, words: Sequence[str]) -> None:
    """Set this unit's clock to so many Unix milliseconds."""
    import time

    (word,) = _words(words, 1)
    now_ms = _number(word)
    try:
        time.clock_settime(time.CLOCK_REALTIME, now_ms / _MS)
    except OSError as error:
        raise HardwareError(f"the clock cannot be set: {error.strerror}") from error


def _init(at: Places, words: Sequence[str]) -> None:
    """Write this unit's configuration, from what standard input says."""
    from appliance.setup import write_config
    from sync.entries import BAD_JSON
    from sync.technician import SetUp

    _no_words(words)
    try:
        asked = msgspec.json.decode(_given(), type=SetUp)
    except BAD_JSON as error:
        raise click.UsageError(str(error)) from error
    write_config(at.folder, asked.name, asked.reader, asked.reader_name, asked.screen_port, test=asked.test)


def _enrol(at: Places, words: Sequence[str]) -> None:
    """Let this unit into its town with the ticket on standard input, perhaps through a port that leads there."""
    through = ("--through", str(_number(*_words(words, 1)))) if words else ()
    enrol.main([str(at.folder), "-", "--json", *_host_key(at), *through], standalone_mode=False)
    _system("systemctl", "reload", "ssh.service")  # it shows its certificate from now on; others go on as they are


def _request(at: Places, words: Sequence[str]) -> None:
    """Write what this unit asks the office for with the ticket on standard input, where nothing reaches the centre."""
    _no_words(words)
    request.main([str(at.folder), "-", *_host_key(at)], standalone_mode=False)


def _accept(at: Places, words: Sequence[str]) -> None:
    """Let this unit in with the office's answer to that, from standard input."""
    _no_words(words)
    accept.main([str(at.folder), "-", "--json", *_host_key(at)], standalone_mode=False)
    _system("systemctl", "reload", "ssh.service")


def _host_key(at: Places) -> tuple[str, ...]:
    return ("--host-key", str(at.ssh / HOST_KEY)) if (at.ssh / HOST_KEY).exists() else ()


def _trust(at: Places, words: Sequence[str]) -> None:
    """Go by what the town says of its technicians, which standard input brings: it is signed, and never older."""
    from appliance.config import read_enrolment
    from sync.messages import MessageError, Technicians, open_signed, raw_bytes

    _no_words(words)
    raw = _given()
    with plainly():
        enrolment = read_enrolment(at.folder)
    try:
        told = open_signed(raw, Technicians, raw_bytes(enrolment.town_key))
        krl = raw_bytes(told.revoked)
    except MessageError as error:
        raise RefusedForSafetyError(str(error)) from error
    if told.town != enrolment.town:
        raise RefusedForSafetyError(
            f"this is about the technicians of {told.town}, and this unit is {enrolment.town}'s"
        )
    if told.number < (known := _known(at)):
        raise RefusedForSafetyError(f"list {told.number} of the technicians is older than this unit's, {known}")
    for name, content in ((REVOKED, krl), (CA, told.ca.encode() + b"\n"), (TECHNICIANS, raw)):
        durable.write(at.ssh / name, content, 0o644)


def _news(at: Places, words: Sequence[str]) -> None:
    """Hand the running unit what the centre says to it (`machi central export`), from standard input."""
    _no_words(words)
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "news.segments"
        file.write_bytes(_given())
        import_.main([str(at.folder), str(file), "--json"], standalone_mode=False)


def _start(_at: Places, words: Sequence[str]) -> None:
    _no_words(words)
    _switch("enable", "--quiet")
    _switch("start")


def _stop(_at: Places, words: Sequence[str]) -> None:
    _no_words(words)
    _switch("stop")


def _wipe(at: Places, words: Sequence[str]) -> None:
    """Wipe this unit, whose name is given, with the town's leave on standard input; answer with its last word."""
    (name,) = _words(words, 1)
    _switch("disable", "--quiet", "--now")
    with tempfile.TemporaryDirectory() as place:
        leave = Path(place) / "release"
        leave.write_bytes(_given())
        given = [str(at.folder), str(leave), "--confirm", name, "--by", at.by, "--json"]
        decommission.main(given, standalone_mode=False)


def _leave(at: Places, words: Sequence[str]) -> None:
    """Forget who this SSH server was and whom it let in, after the unit is wiped; the next start draws a new key."""
    from appliance.config import ENROLMENT_FILE
    from appliance.wiping import erase

    _no_words(words)
    if (at.folder / ENROLMENT_FILE).exists():
        raise RefusedForSafetyError("this unit is not wiped; that comes first")
    for path in sorted(at.ssh.iterdir()):
        erase(path)
    _system("systemctl", "restart", "ssh.service")  # whoever is connected stays so


def _switch(*words: str) -> None:
    done = _system("systemctl", *words, TARGET)
    if done.returncode:
        raise HardwareError(f"systemctl {words[0]} {TARGET}: {done.stderr.strip()}")


def _updated(at: Places, words: Sequence[str]) -> None:
    """Say how the last update went, and what has come of another one."""
    from sync.technician import Updated

    _no_words(words)
    with of_slots():
        said = read_settings(at.settings)
        kept = Kept(Path(said.folder))
        note, (receiving, received) = kept.note(), kept.received()
    found = Updated("machi.unit.updated/1", said.name, said.version, receiving=receiving, received=received)
    if note:
        found = msgspec.structs.replace(
            found, stage=note.stage, digest=note.digest, update=note.version, why=note.why or 0, missing=note.missing
        )
    click.echo(msgspec.json.encode(found))


def _bundle(at: Places, words: Sequence[str]) -> None:
    """Take the next part of a bundle from standard input: its SHA-256, and how much has come before."""
    digest, offset = _words(words, 2)
    if not _DIGEST.fullmatch(digest):
        raise click.UsageError(f'"{digest}" is no SHA-256 in hexadecimal')
    with of_slots():
        folder = Path(read_settings(at.settings).folder)
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        kept, chunk = Kept(folder), _given()
        if why := no_room(len(chunk), kept.free_bytes()):
            raise RefusedForSafetyError(why[0].en)
        try:
            kept.receive(digest, _number(offset), chunk)
        except ReceivedError as error:
            raise RefusedForSafetyError(str(error)) from error


def _install(at: Places, words: Sequence[str]) -> None:
    """Install a bundle that has come; the second word says that it may be an older one."""
    digest, older = _words(words, 2)
    with of_slots():
        kept = Kept(Path(read_settings(at.settings).folder))
    if not _DIGEST.fullmatch(digest) or not kept.received_at(digest).exists():
        raise NotFoundError("nothing has come of this bundle")
    given = [str(kept.received_at(digest)), "--folder", str(at.folder), "--settings", str(at.settings), "--json"]
    update.main([*given, *(["--older"] if older == "older" else [])], standalone_mode=False)


def _restart(_at: Places, words: Sequence[str]) -> None:
    """Start the unit anew, with whatever is set to be started."""
    _no_words(words)
    start_anew()


def _command(command: click.Command) -> Callable[[Places, Sequence[str]], None]:
    """Make a verb of a command that there is anyway."""

    def run(at: Places, words: Sequence[str]) -> None:
        _no_words(words)
        command.main([str(at.folder), "--json"], standalone_mode=False)

    return run


VERBS: Final[dict[str, Callable[[Places, Sequence[str]], None]]] = {
    "about": _about,
    "status": _command(status),
    "doctor": _command(doctor),
    "verify": _command(verify),
    "logs": _logs,
    "journal": _journal,
    "standing": _standing,
    "kept": _kept,
    "clock": _clock,
    "init": _init,
    "trust": _trust,
    "enrol": _enrol,
    "request": _request,
    "accept": _accept,
    "news": _news,
    "start": _start,
    "stop": _stop,
    "wipe": _wipe,
    "leave": _leave,
    "updated": _updated,
    "bundle": _bundle,
    "install": _install,
    "restart": _restart,
}


def _given() -> bytes:
    """Return what came by standard input, if it is no more than a unit ever takes."""
    given = sys.stdin.buffer.read(_GIVEN_MAX_BYTES + 1)
    if len(given) > _GIVEN_MAX_BYTES:
        raise RefusedForSafetyError(f"more than {_GIVEN_MAX_BYTES} bytes")
    return given


def _words(words: Sequence[str], count: int) -> Sequence[str]:
    """Return the words behind a verb, if there are as many as it takes."""
    if len(words) != count:
        raise click.UsageError(f"this takes {count} words behind it, and there are {len(words)}: {' '.join(words)}")
    return words


def _no_words(words: Sequence[str]) -> None:
    _words(words, 0)


def _number(word: str) -> int:
    if not word.isascii() or not word.isdigit():
        raise click.UsageError(f'"{word}" is not a number')
    return int(word)


def _known(at: Places) -> int:
    """Return the number of the list of technicians that this unit goes by; 0 if none was ever brought."""
    path = at.ssh / TECHNICIANS
    return int(msgspec.json.decode(path.read_bytes())["body"]["number"]) if path.exists() else 0


def _text(path: Path) -> str:
    return path.read_text().strip() if path.exists() else ""


def _system(*words: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(words, capture_output=True, text=True, check=False, timeout=_TIMEOUT_S)  # noqa: S603
    except OSError as error:
        raise NotFoundError(f"{words[0]}: {error.strerror}") from error
