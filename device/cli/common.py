"""What commands of a laptop share: the technician's folder, the units that are meant, steps, and how it is said."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec

from sync.terminal import printable

if TYPE_CHECKING:
    from device.errors import DeviceError
    from device.fleet import Asked
    from device.keys import Keys
    from device.ssh import Road, Target
    from device.steps import Step, Taken
    from device.unit import Unit

HOME: Final = Path("~/.config/machitap").expanduser()
AT_ONCE: Final = 8

KEYS = click.option(
    "--keys",
    "folder",
    type=click.Path(path_type=Path),
    default=HOME,
    help="The technician's folder [~/.config/machitap].",
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
UNITS = click.argument("units", nargs=-1, metavar="[UNIT@HOST]…")
FLEET = click.option("--fleet", type=click.File("rb"), help="A list of units (TOML): [[unit]] with name, host, port.")
AT_ONCE_OPTION = click.option(
    "--at-once", default=AT_ONCE, show_default=True, type=click.IntRange(1, 64), help="So many units at a time."
)


@contextmanager
def plainly() -> Iterator[None]:
    """Turn what a technician can mend into a sentence in both languages and an exit code."""
    from device.errors import DeviceError

    try:
        yield
    except DeviceError as error:
        for line in said(error):
            click.echo(line, err=True)
        sys.exit(error.code)


def said(error: "DeviceError") -> list[str]:
    """Put what went wrong into lines: Japanese first, English below it."""
    do = [f"  > {error.do_ja}", f"  > {error.do_en}"] if error.do_ja else []
    return [printable(f"Error: {error.ja}"), printable(f"       {error.en}"), *do]


def keys_of(folder: Path, role: str) -> "Keys":
    """Return the technician's folder, if what is in it allows this."""
    from device.keys import Keys
    from drivers.clock.system import Driver as SystemClock
    from sync.technician import Role

    keys = Keys(folder)
    keys.permit(SystemClock().wall_ms(), Role(role))
    keys.told()
    return keys


def targets_of(units: Sequence[str], fleet: Any) -> list["Target"]:
    """Return the units that are meant."""
    from device.fleet import read_fleet, read_target

    targets = [read_target(unit) for unit in units]
    if fleet is not None:
        targets += read_fleet(fleet.read(), fleet.name)
    if not targets:
        raise click.UsageError("which unit? name it as UNIT@HOST, or list several in a file: --fleet FILE")
    return targets


def ask_all(targets: Sequence["Target"], ask: Callable[["Target"], object], at_once: int) -> list["Asked"]:
    """Ask every unit, so many at a time; whoever fails holds up nobody."""
    from concurrent.futures import ThreadPoolExecutor

    from device.errors import DeviceError
    from device.fleet import Asked

    def one(target: "Target") -> Asked:
        try:
            return Asked(target, ask(target), None)
        except DeviceError as error:
            return Asked(target, None, error)

    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(one, targets))


def show(
    schema: str,
    asked: Sequence["Asked"],
    built: Callable[["Asked"], dict[str, Any]],
    lines: Callable[["Asked"], list[str]],
    *,
    as_json: bool,
) -> None:
    """Print what came of asking several units: one JSON document, or lines for each."""
    if as_json:
        units = [
            {"unit": one.target.unit, "host": one.target.host}
            | (_failed(one.error) if one.error else {"code": 0, **built(one)})
            for one in asked
        ]
        click.echo(msgspec.json.encode({"schema": schema, "units": units}))
        return
    for one in asked:
        if len(asked) > 1:
            click.echo(f"== {one.target.unit} ({one.target.host})")
        if one.error:
            for line in said(one.error):
                click.echo(line, err=True)
        else:
            for line in lines(one):
                click.echo(printable(line))


def _failed(error: "DeviceError") -> dict[str, Any]:
    return {
        "code": int(error.code),
        "error": {"ja": error.ja, "en": error.en, "do_ja": error.do_ja, "do_en": error.do_en},
    }


def taken_up(road: "Road", stack: ExitStack, *, dry_run: bool) -> "Unit":
    """Return the unit: held for as long as the stack lasts, unless it is only looked at."""
    from device.unit import HeldUnit, looked_at

    return looked_at(road) if dry_run else HeldUnit(stack.enter_context(road.held()))


def go(steps: "Sequence[Step[Any]]", work: Any, *, dry: bool) -> "list[Taken]":
    """Take the steps, and say each on standard error as it ends."""
    from device.steps import take

    return take(steps, work, lambda line: click.echo(printable(line), err=True), dry=dry)


def finish(document: dict[str, Any], taken: "dict[str, list[Taken]]", *, as_json: bool, ready: bool = False) -> None:
    """Print the document, or that the unit is ready; end here if a step stopped or somebody is needed."""
    from device.steps import State

    if as_json:
        steps = {
            name: [{"step": one.step, **msgspec.to_builtins(one.outcome)} for one in some]
            for name, some in taken.items()
        }
        click.echo(msgspec.json.encode(document | steps))
    every = [one for some in taken.values() for one in some]
    states = [one.outcome.state for one in every]
    if State.STOP in states:
        sys.exit(every[-1].code)
    if ready and not as_json:
        needs, unit = State.FAIL in states, document["unit"]
        click.echo(f"{unit} {'は人の手が要ります。上を見てください。' if needs else 'は使えます。'}")
        click.echo(f"{unit} {'needs somebody: see above.' if needs else 'is ready.'}")
    if State.FAIL in states:
        sys.exit(2)
