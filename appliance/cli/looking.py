"""`machi unit status|doctor|verify`: how a unit is, what it is made of, and whether its journal is whole."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click
import msgspec

from appliance.cli.common import (
    CHECK_FAILED,
    FOLDER,
    JSON,
    ExistsError,
    HardwareError,
    copy_of,
    hatch_of,
    inside,
    plainly,
    say,
)

if TYPE_CHECKING:
    from appliance.config import Config
    from appliance.doctor import Report


@click.command(epilog="\b\nExamples:\n  machi unit status lib01\n  machi unit status lib01 --json")
@FOLDER
@JSON
def status(folder: Path, as_json: bool) -> None:
    """Show how the running unit is. Exit code 2 if it serves nobody, or its journal is not what it was."""
    with hatch_of(folder) as hatch:
        found = hatch.status()
    say(found if as_json else {**found, "symptoms": _in_words(found["symptoms"])}, as_json=as_json)
    if found["closed"] or found["frozen"] or not found["readers"]:
        sys.exit(CHECK_FAILED)


def _in_words(symptoms: list[Any]) -> list[str]:
    from sync.symptoms import Symptom, meaning

    words = [meaning(one) for one in msgspec.convert(symptoms, list[Symptom])]
    return [f"{one.ja} ({one.en})" for one in words]


@click.command(
    epilog="\b\nExamples:\n  machi unit doctor lib01\n  machi unit doctor lib01 --json\n"
    "  machi unit doctor lib01 --report pi4-acr1252.json"
)
@FOLDER
@click.option(
    "--report",
    "output",
    type=click.Path(path_type=Path),
    help="Write to a file what this board is, and how it does.",
)
@JSON
def doctor(folder: Path, output: Path | None, as_json: bool) -> None:
    """Look at every device of this unit and say in plain words what is wrong. Exit code 2 if somebody is needed.

    What --report writes names no unit, place, person or key, and may be published: docs/hardware.md says what for.
    """
    from appliance.doctor import lines

    if output and output.exists():
        raise ExistsError(f"{output} is there already; name another file")
    where = output.absolute() if output else None
    with inside(folder):
        looked = look_over(Path())
        if where and looked.config:
            where.write_bytes(_proof(looked, looked.config))
    report = looked.report
    click.echo(msgspec.json.encode(report) if as_json else "\n".join(lines(report)))
    if report.failed:
        sys.exit(CHECK_FAILED)


class Looked(NamedTuple):
    """A unit that was looked over: the doctor's report, what its daemon says, its configuration if it can be read."""

    report: "Report"
    status: dict[str, Any] | None
    config: "Config | None"


def look_over(here: Path) -> Looked:
    """Ask the running unit, and look at every device; call it inside the unit's folder."""
    from appliance.config import HATCH_SOCKET, ConfigError, read_config
    from appliance.doctor import examine, unreadable
    from appliance.uplink.courier import HatchError, NoDaemonError
    from appliance.uplink.hatch import HttpHatch
    from appliance.uplink.reach import reach
    from drivers.clock.system import Driver as SystemClock

    try:
        status: dict[str, Any] | None = HttpHatch(HATCH_SOCKET).status()
    except NoDaemonError:
        status = None
    except HatchError:
        status = {}
    try:
        config, clock = read_config(here), SystemClock()
        return Looked(
            examine(config.name, config.drivers, status, lambda: reach(here, config, clock), clock), status, config
        )
    except ConfigError as error:
        return Looked(unreadable(str(error)), status, None)


def _proof(looked: Looked, config: "Config") -> bytes:
    import apsw

    from appliance.config import driver
    from appliance.proving import prove, time_commits
    from appliance.unit import SOFTWARE
    from drivers.clock.system import Driver as SystemClock
    from drivers.inventory import take

    clock = SystemClock()
    with plainly():
        try:
            commits = time_commits(driver(config, "disk"), clock)
        except apsw.Error as error:
            raise HardwareError(f"the disk cannot be tried: {error}") from error
    proof = prove(looked.report, looked.status, take(), commits, clock.wall_ms(), SOFTWARE)
    return msgspec.json.format(msgspec.json.encode(proof), indent=1) + b"\n"


@click.command(epilog="\b\nExamples:\n  machi unit verify lib01")
@FOLDER
@JSON
def verify(folder: Path, as_json: bool) -> None:
    """Check the whole journal, every signature; a running unit is asked for a copy. Exit code 2 if it is not whole."""
    from appliance.carry import Verified, verify_copy
    from appliance.checkup import DamageError

    with plainly():
        try:
            with copy_of(folder) as copy:
                result = verify_copy(copy, folder)
        except DamageError as error:
            result = Verified(0, 0, 0, "", str(error))
    say({"schema": "machi.unit.verify/1", **msgspec.to_builtins(result)}, as_json=as_json)
    if result.broken:
        sys.exit(CHECK_FAILED)
