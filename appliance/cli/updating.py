"""`machi unit boot-slot|update`: what is started, and how a unit gets another system."""

import fcntl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
import msgspec

from appliance.cli.common import (
    JSON,
    ExistsError,
    HardwareError,
    NotFoundError,
    RefusedForSafetyError,
    inside,
)
from appliance.updates import SETTINGS_FILE
from sync.terminal import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from appliance.cli.looking import Looked
    from appliance.health import Seen
    from appliance.installing import Machine, Refusal
    from appliance.slots import Slots
    from appliance.updates import Kept, Note, Settings
    from drivers.boot import Boot

SETTINGS = click.option(
    "--settings",
    type=click.Path(path_type=Path),
    default=SETTINGS_FILE,
    help=f"What the image says of its updates [{SETTINGS_FILE}].",
)
UNIT = click.option("--folder", type=click.Path(path_type=Path), default=Path("/var/lib/machitap"), help="The unit's.")
_WITHOUT_SLOT: Final = ("get-primary", "get-current")
_WITH_STATE: Final = "set-state"
_GOOD, _BAD = "good", "bad"
_VERBS: Final = (*_WITHOUT_SLOT, "set-primary", "get-state", _WITH_STATE)


@contextmanager
def of_slots() -> Iterator[None]:
    """Turn what a technician can mend into a sentence and an exit code."""
    from appliance.slots import SlotError
    from appliance.updates import UpdatesError
    from drivers.boot import BootError, CannotTryError

    try:
        yield
    except UpdatesError as error:
        raise NotFoundError(str(error)) from error
    except (SlotError, CannotTryError) as error:
        raise RefusedForSafetyError(str(error)) from error
    except BootError as error:
        raise HardwareError(str(error)) from error
    except (FileNotFoundError, IsADirectoryError) as error:
        raise NotFoundError(f"{error.filename}: {error.strerror}") from error
    except PermissionError:
        raise
    except OSError as error:
        raise HardwareError(f"{error.filename or 'the disk'}: {error.strerror}") from error


@click.command(
    "boot-slot",
    epilog="\b\nExamples:\n  machi unit boot-slot get-primary\n  machi unit boot-slot get-state b --json\n"
    "  machi unit boot-slot set-primary b\n  machi unit boot-slot set-state b good",
)
@click.argument("verb", type=click.Choice(_VERBS))
@click.argument("slot", type=click.Choice(["a", "b"]), required=False)
@click.argument("state", type=click.Choice([_GOOD, _BAD]), required=False)
@SETTINGS
@JSON
def boot_slot(verb: str, slot: str | None, state: str | None, settings: Path, as_json: bool) -> None:
    """Say or set which of the card's two systems is started: what RAUC asks of a bootloader.

    A slot that is made primary is only tried, once; it stays if it is called good while it runs.
    """
    from appliance.slots import Slots
    from appliance.updates import boot_of, read_settings

    if (slot is None) != (verb in _WITHOUT_SLOT) or (state is None) != (verb != _WITH_STATE):
        raise click.UsageError("say get-primary, get-current, get-state SLOT, set-primary SLOT, set-state SLOT STATE")
    with of_slots():
        said = _answer(Slots(boot_of(read_settings(settings))), verb, slot or "", state or "")
    if as_json:
        click.echo(msgspec.json.encode({"schema": "machi.unit.boot-slot/1", "said": said}))
    elif said:
        click.echo(said)


def _answer(slots: "Slots", verb: str, name: str, state: str) -> str:
    from drivers.boot import Slot

    match verb, state:
        case "get-primary", _:
            return slots.primary()
        case "get-current", _:
            return slots.current()
        case "get-state", _:
            return _GOOD if slots.is_good(Slot(name)) else _BAD
        case "set-primary", _:
            slots.start_next(Slot(name))
        case _, "good":
            slots.mark_good(Slot(name))
        case _:
            slots.mark_bad(Slot(name))
    return ""


@click.command(
    epilog="\b\nExamples:\n  machi unit update /media/stick/machitap-pi-4-tap-0.2.0.raucb\n"
    "  machi unit update machitap-pi-4-tap-0.2.0.raucb --restart --json"
)
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("--older", is_flag=True, help="It is older than what runs, and that is meant; never below the floor.")
@click.option("--restart", is_flag=True, help="Start the unit anew at the end, with the new system on trial.")
@UNIT
@SETTINGS
@JSON
def update(bundle: Path, older: bool, restart: bool, folder: Path, settings: Path, as_json: bool) -> None:
    """Write a signed BUNDLE into the slot that does not run, and let the next start try it, once.

    Exit code 6 if that may not be now: money is not sent, somebody is signed in, it is below the floor, not signed by
    anybody whom this image believes, or for another board. If the new system does not come up, or what worked before
    does not work any more, the next start is this system's again.
    """
    from appliance.updates import Kept, boot_of, read_settings

    with of_slots():
        said = read_settings(settings)
        kept, boot = Kept(Path(said.folder)), boot_of(said)
        with alone(Path(said.folder)):
            try:
                note = install(Job(bundle, may_be_older=older), folder, said, kept, boot)
            except InTheWay as refused:
                say_refusals(refused.why, as_json=as_json)
                sys.exit(RefusedForSafetyError.exit_code)
            finally:
                kept.forget_bundle()
    say_installed(note, restart=restart, as_json=as_json)
    if restart:
        start_anew()


def no_more() -> "list[Refusal]":
    """Return what else is in the way: nothing."""
    return []


@dataclass(frozen=True)
class Job:
    """What is to be installed.

    Attributes:
        digest: SHA-256 that it must have, or "" if nobody has said so.
        offer: number of the town's offer, or 0.
        still: asked right before the end whether anything has come into the way meanwhile.
    """

    bundle: Path
    may_be_older: bool = False
    digest: str = ""
    offer: int = 0
    still: "Callable[[], list[Refusal]]" = no_more


class InTheWay(Exception):  # noqa: N818 - no error of anybody's
    """It is not installed now; `why` says it in words."""

    def __init__(self, why: "list[Refusal]") -> None:
        super().__init__()
        self.why = why


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Go on if nobody else updates this unit."""
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    with (folder / "lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ExistsError("another update of this unit is at work") from error
        yield


def install(job: Job, folder: Path, settings: "Settings", kept: "Kept", boot: "Boot") -> "Note":
    """Look whether it may be, copy, look what is in it, write, and look once more; return what is noted of it.

    Raises:
        InTheWay: nothing has changed, or nobody starts what was written.
        HardwareError: the other slot could not be written.
    """
    from appliance.cli.rauc import RaucError, info
    from appliance.cli.rauc import install as write
    from appliance.health import with_centre
    from appliance.installing import busy, hindered, no_room, other_bytes, unfit, unsigned
    from appliance.slots import Slots
    from appliance.updates import Note, Stage
    from drivers.clock.system import Driver as SystemClock

    size = (
        0 if job.bundle.parent == kept.bundle.parent else job.bundle.stat().st_size
    )  # what lies there already needs no room
    looked = looked_over(folder)
    machine = machine_of(folder, looked, settings, kept, boot)
    _refuse(hindered(machine) + no_room(size, machine.free_bytes))
    digest = kept.copy(job.bundle)
    _refuse(other_bytes(digest, job.digest))
    try:
        found = info(settings.rauc, kept.bundle)
    except RaucError as error:
        if error.is_missing:
            raise NotFoundError(str(error)) from error
        raise InTheWay([unsigned(str(error))]) from error
    _refuse(unfit(machine, found, may_be_older=job.may_be_older))
    slots, before = Slots(boot), kept.note()
    slot = slots.current().other
    began = SystemClock().wall_ms()
    versions = found.version, settings.version
    worked = with_centre(seen_of(looked), looked.status, began) if job.offer else seen_of(looked)
    note = Note(Stage.WRITING, slot, *versions, began, digest, worked, offer=job.offer)
    kept.set_note(note)
    try:
        write(settings.rauc, kept.bundle)
        _refuse(busy(is_enrolled=machine.is_enrolled, status=looked_over(folder).status) + job.still())
    except (RaucError, InTheWay) as error:
        slots.mark_bad(slot)
        kept.set_note(before) if before else kept.forget_note()
        if isinstance(error, RaucError):
            raise HardwareError(f"the other slot was not written: {error}") from error
        raise
    kept.set_note(note := msgspec.structs.replace(note, stage=Stage.TRYING))
    return note


def looked_over(folder: Path) -> "Looked":
    from appliance.cli.looking import look_over

    with inside(folder):
        return look_over(Path())


def seen_of(looked: "Looked", *, is_whole: bool | None = None) -> "Seen":
    from appliance.health import seen
    from drivers.check import State

    well = [finding.part for finding in looked.report.findings if finding.state is State.OK]
    return seen(looked.status, well, is_whole=is_whole)


def machine_of(folder: Path, looked: "Looked | None", settings: "Settings", kept: "Kept", boot: "Boot") -> "Machine":
    """Look what a bundle would go into; `looked` None: nobody asks whether the unit is at work."""
    from appliance.config import ENROLMENT_FILE
    from appliance.installing import Machine
    from drivers.boot import BootError

    try:
        boots = boot.look() if settings.boot.get("make") != "none" else None
    except BootError as error:
        raise HardwareError(f"what is started cannot be read: {error}") from error
    return Machine(
        compatible=settings.name,
        version=settings.version,
        floor=kept.floor(settings),
        boots=boots,
        tries=boot.tries,
        is_enrolled=looked is not None and (folder / ENROLMENT_FILE).exists(),
        status=looked.status if looked else None,
        free_bytes=kept.free_bytes(),
    )


def _refuse(why: "list[Refusal]") -> None:
    if why:
        raise InTheWay(why)


def say_refusals(why: "list[Refusal]", *, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.encode({"schema": "machi.unit.update/1", "stage": "refused", "refused": why}))
    for one in why:
        click.echo(printable(f"Error: {one.ja}"), err=True)
        click.echo(printable(f"       {one.en}"), err=True)
        if one.do_ja:
            click.echo(printable(f"  > {one.do_ja}"), err=True)
            click.echo(printable(f"  > {one.do_en}"), err=True)


def say_installed(note: "Note", *, restart: bool, as_json: bool) -> None:
    if as_json:
        said = {"slot": note.slot, "version": note.version, "before": note.before, "worked": note.worked}
        document = {"schema": "machi.unit.update/1", "stage": note.stage, **said, "restart": restart}
        click.echo(msgspec.json.encode(document))
        return
    click.echo(f"版 {note.version} を {note.slot} に書きました。次の起動で一度だけ試します。")
    click.echo(f"Version {note.version} is in slot {note.slot}; the next start tries it, once.")
    if not restart:
        click.echo("  > 電源を抜かずに、再起動してください: systemctl reboot(電源を抜くと、試さずに前のまま起動します)")
        click.echo(
            "  > start it anew without unplugging it: systemctl reboot (unplugged, it starts as before, untried)"
        )


def start_anew() -> None:
    """Start the machine anew, with whatever is set to be started."""
    done = subprocess.run(["systemctl", "--no-block", "reboot"], capture_output=True, text=True, check=False)  # noqa: S607
    if done.returncode:
        raise HardwareError(f"systemctl reboot: {done.stderr.strip()}")
