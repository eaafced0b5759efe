"""`machi central update …`: bring a new system to the units of the town, some first and then the others."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec

from central.cli.common import (
    CHECK_FAILED,
    FOLDER,
    JSON,
    REFUSED,
    ExistsError,
    NotFoundError,
    RefusedForSafetyError,
    open_books,
    plainly,
    say,
)
from sync.terminal import printable

if TYPE_CHECKING:
    from central.centre import Centre
    from central.rings import Trouble
    from central.rollout import Done, Picture
    from sync.updates import Hours, OfferState

_AT_NIGHT: Final = "02:00-04:30"
_VERSION = click.argument("version")
_SCHEMA: Final = "machi.central.update"


@click.group()
def update() -> None:
    """Bring a new system to the units: some first, and then the others (docs/updates.md).

    \b
    Examples:
      machi central update ring /srv/town 0 bench01 --name bench
      machi central update ring /srv/town 1 lib01 lib02 bus03 --name first
      machi central update ring /srv/town 2 --everybody --name all
      machi central update add /srv/town machitap-pi-4-tap-0.2.0.raucb --keyring updates-ca.pem
      machi central update offer /srv/town 0.2.0+202611291442.8e20d7f --ring 0
      machi central update status /srv/town
    """  # noqa: D301 - click keeps lines as they are behind a real backspace


@contextmanager
def _desk(folder: Path, *, as_json: bool) -> Iterator["Centre"]:
    """Open the centre; say in two languages what is not done, and why."""
    from central.rollout import HinderedError, UnknownError

    centre = open_books(folder)
    with plainly():
        try:
            yield centre
        except UnknownError as error:
            raise NotFoundError(str(error)) from error
        except HinderedError as error:
            _say_troubles(error.why, as_json=as_json)
            sys.exit(ExistsError.exit_code if error.why[0].about == "exists" else REFUSED)


def _say_troubles(why: "tuple[Trouble, ...]", *, as_json: bool) -> None:
    if as_json:
        say({"schema": f"{_SCHEMA}/1", "refused": msgspec.to_builtins(why)}, as_json=True)
    for one in why:
        click.echo(printable(f"Error: {one.ja}"), err=True)
        click.echo(printable(f"       {one.en}"), err=True)


@update.command(
    epilog="\b\nExamples:\n  machi central update add /srv/town pi-4-tap-0.2.0.raucb --keyring updates-ca.pem\n"
    "  machi central update add /srv/town pi-4-tap-0.2.0.raucb --keyring updates-ca.pem --json"
)
@FOLDER
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option(
    "--keyring",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The authority that the town's images believe: updates-ca.pem.",
)
@JSON
def add(folder: Path, bundle: Path, keyring: Path, as_json: bool) -> None:
    """Look what a BUNDLE is, and keep its file beside the books, so that it can be offered. Nobody is offered it yet.

    Exit code 6 if nobody whom the keyring names has signed it, or units could not compare its version; 5 if another
    bundle of this version is here for the same units.
    """
    from central.bundles import BundleError

    with _desk(folder, as_json=as_json) as centre:
        assert centre.bundles is not None, "this centre has a folder"
        try:
            found = centre.bundles.add(bundle, keyring)
        except BundleError as error:
            raise (NotFoundError if error.is_missing else RefusedForSafetyError)(str(error)) from error
        except OSError as error:
            raise NotFoundError(f"{error.filename or bundle}: {error.strerror}") from error
        is_new = centre.roll_outs.add(found)
    say({"schema": f"{_SCHEMA}.add/1", **msgspec.to_builtins(found), "new": is_new}, as_json=as_json)


@update.command(
    epilog="\b\nExamples:\n  machi central update ring /srv/town 0 bench01 --name bench\n"
    "  machi central update ring /srv/town 2 --everybody --name all --json"
)
@FOLDER
@click.argument("number", type=click.IntRange(0, 99))
@click.argument("units", nargs=-1)
@click.option("--name", required=True, help="What people call it.")
@click.option("--everybody", is_flag=True, help="All units of the town, also those that come later.")
@JSON
def ring(folder: Path, number: int, units: tuple[str, ...], name: str, everybody: bool, as_json: bool) -> None:
    """Say which UNITS are in the ring NUMBER: they get a new system together, and after the rings with lower numbers.

    Said again, the whole list counts anew. Who was offered something is not told anything by this.
    """
    from sync.updates import RingSet

    if everybody == bool(units):
        raise click.UsageError("name the units of the ring, or say --everybody")
    with _desk(folder, as_json=as_json) as centre:
        centre.roll_outs.set_ring(RingSet(number, name, tuple(sorted(set(units))), everybody))
    document = {"schema": f"{_SCHEMA}.ring/1", "ring": number, "name": name, "units": sorted(set(units))}
    say(document | {"everybody": everybody}, as_json=as_json)


class _Hours(click.ParamType["Hours"]):
    name = "hours"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> "Hours":
        from sync.updates import Hours

        found = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)", str(value))
        if not found:
            self.fail("such as 02:00-04:30, by the town's clock", param, ctx)
        hours = [int(part) for part in found.groups()]
        return Hours(hours[0] * 60 + hours[1], hours[2] * 60 + hours[3])


@update.command(
    epilog="\b\nExamples:\n  machi central update offer /srv/town 0.2.0+202611291442.8e20d7f --ring 0 --at-once\n"
    "  machi central update offer /srv/town 0.2.0+202611291442.8e20d7f --ring 1\n"
    "  machi central update offer /srv/town 0.2.0+202611291442.8e20d7f --ring 1 --again --json"
)
@FOLDER
@_VERSION
@click.option("--ring", "number", required=True, type=click.IntRange(0, 99), help="The ring that is opened.")
@click.option("--hours", type=_Hours(), default=_AT_NIGHT, show_default=True, help="When it may go in, town's time.")
@click.option("--at-once", is_flag=True, help="It may go in at any hour.")
@click.option("--again", is_flag=True, help="Offer it once more to those of the ring that went back, or refused it.")
@click.option("--dry-run", "dry", is_flag=True, help="Say only whom it would be offered to.")
@JSON
def offer(
    folder: Path, version: str, number: int, hours: "Hours", at_once: bool, again: bool, dry: bool, as_json: bool
) -> None:
    """Open a ring for VERSION: its units fetch it, and it goes in by the rules of machi unit update.

    Exit code 6 if a unit in an open ring went back, the ring before was not opened or nobody in it has kept it yet, or
    the version was taken back. What was held goes on.
    """
    from sync.updates import Hours

    with _desk(folder, as_json=as_json) as centre:
        done = centre.roll_outs.offer(version, number, Hours(0, 0) if at_once else hours, again=again, dry=dry)
    _say_told("offer", version, done, as_json=as_json, ring=number, dry_run=dry)


@update.command(epilog="\b\nExamples:\n  machi central update hold /srv/town 0.2.0+202611291442.8e20d7f --json")
@FOLDER
@_VERSION
@JSON
def hold(folder: Path, version: str, as_json: bool) -> None:
    """Let VERSION go into no further unit for now; it may be fetched. machi central update offer lets it go on.

    A unit that has it on trial is not reached by this.
    """
    from sync.updates import OfferState

    _stop(folder, version, OfferState.HELD, "hold", as_json=as_json)


@update.command(epilog="\b\nExamples:\n  machi central update withdraw /srv/town 0.2.0+202611291442.8e20d7f --json")
@FOLDER
@_VERSION
@JSON
def withdraw(folder: Path, version: str, as_json: bool) -> None:
    """Take VERSION back, for good: no unit fetches it or puts it in any more. Units that have kept it stay with it."""
    from sync.updates import OfferState

    _stop(folder, version, OfferState.WITHDRAWN, "withdraw", as_json=as_json)


def _stop(folder: Path, version: str, state: "OfferState", verb: str, *, as_json: bool) -> None:
    with _desk(folder, as_json=as_json) as centre:
        done = centre.roll_outs.stop(version, state)
    _say_told(verb, version, done, as_json=as_json)


def _say_told(verb: str, version: str, done: "Done", *, as_json: bool, **more: int | bool) -> None:
    document = {"schema": f"{_SCHEMA}.{verb}/1", "version": version, **more, "told": done.told}
    say(document | {"passed_over": done.passed_over}, as_json=as_json)


@update.command(
    epilog="\b\nExamples:\n  machi central update status /srv/town\n  machi central update status /srv/town --json"
)
@FOLDER
@JSON
def status(folder: Path, as_json: bool) -> None:
    """Show what each unit runs, what it was offered, and what became of it. Exit code 2 if one went back.

    `stage`: offered, held, withdrawn, fetched, trying (on trial), kept, refused, back.
    """
    from central.rings import backs

    with _desk(folder, as_json=as_json) as centre:
        seen = centre.roll_outs.picture()
    document = _document(seen)
    if as_json:
        say(document, as_json=True)
    else:
        _print(document)
    if any(backs(one, seen.rings, seen.units) for one in seen.roll_outs.values()):
        sys.exit(CHECK_FAILED)


def _document(seen: "Picture") -> dict[str, Any]:
    from central.rings import ring_of

    units = [
        {
            "unit": unit.name,
            "ring": ring_of(unit.name, seen.rings),
            "image": unit.compatible,
            "runs": unit.runs,
            "offered": unit.offer.version if unit.offer else "",
            "stage": unit.stage(unit.offer.version) if unit.offer else "",
            "why": unit.why(unit.offer.version) if unit.offer else "",
        }
        for unit in seen.units
    ]
    return {
        "schema": f"{_SCHEMA}.status/1",
        "rings": [
            {"ring": ring.number, "name": ring.name, "units": ring.units, "everybody": ring.everybody}
            for _, ring in sorted(seen.rings.items())
        ],
        "versions": [{**msgspec.to_builtins(one), "opened": sorted(one.opened)} for one in seen.roll_outs.values()],
        "units": units,
    }


def _print(document: dict[str, Any]) -> None:
    from sync.updates import words

    for ring in document["rings"]:
        who = "everybody" if ring["everybody"] else " ".join(ring["units"])
        click.echo(printable(f"ring {ring['ring']:<2} {ring['name']}: {who}"))
    for one in document["versions"]:
        opened = ", ".join(map(str, one["opened"])) or "-"
        back = f"  went back: {', '.join(one['back'])}" if one["back"] else ""
        click.echo(printable(f"{one['version']}  {one['state']}  rings open: {opened}{back}"))
    for unit in document["units"]:
        ring = "-" if unit["ring"] is None else unit["ring"]
        came = f"{unit['offered'] or '-'}  {unit['stage']}".rstrip()
        click.echo(printable(f"{unit['unit']:12} ring {ring:<3} runs {unit['runs'] or '-'}  offered {came}"))
        if unit["why"]:
            for line in words(unit["why"]):
                click.echo(f"{'':12} {line}")
