"""`machi unit status|doctor|verify`: how a unit is, what it is made of, and whether its journal is whole."""

import sys
from pathlib import Path
from typing import Any

import click
import msgspec

from appliance.cli.common import CHECK_FAILED, FOLDER, JSON, copy_of, hatch_of, inside, plainly, say


@click.command(epilog="\b\nExamples:\n  machi unit status lib01\n  machi unit status lib01 --json")
@FOLDER
@JSON
def status(folder: Path, as_json: bool) -> None:
    """Show how the running unit is. Exit code 2 if it serves nobody, or its journal is not what it was."""
    with hatch_of(folder) as hatch:
        found = hatch.status()
    say(found, as_json=as_json)
    if found["closed"] or found["frozen"] or not found["readers"]:
        sys.exit(CHECK_FAILED)


@click.command(epilog="\b\nExamples:\n  machi unit doctor lib01\n  machi unit doctor lib01 --json")
@FOLDER
@JSON
def doctor(folder: Path, as_json: bool) -> None:
    """Look at every device of this unit and say in plain words what is wrong. Exit code 2 if somebody is needed."""
    from appliance.config import HATCH_SOCKET, ConfigError, read_config
    from appliance.doctor import examine, lines, unreadable
    from appliance.uplink.courier import HatchError, NoDaemonError
    from appliance.uplink.hatch import HttpHatch
    from appliance.uplink.reach import reach
    from drivers.clock.system import Driver as SystemClock

    with inside(folder):
        try:
            status: dict[str, Any] | None = HttpHatch(HATCH_SOCKET).status()
        except NoDaemonError:
            status = None
        except HatchError:
            status = {}
        try:
            config, clock = read_config(Path()), SystemClock()
            report = examine(config.name, config.drivers, status, lambda: reach(Path(), config, clock), clock)
        except ConfigError as error:
            report = unreadable(str(error))
    click.echo(msgspec.json.encode(report) if as_json else "\n".join(lines(report)))
    if report.failed:
        sys.exit(CHECK_FAILED)


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
