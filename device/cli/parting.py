"""`machi device decommission|replace`: a unit that is put away for good, and one whose place another box takes."""

from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from device.cli.common import JSON, KEYS, finish, go, keys_of, plainly, taken_up
from device.cli.provisioning import compare, options, read, work_for
from sync.terminal import printable

if TYPE_CHECKING:
    from device.keys import Keys
    from device.provision import Ticket
    from device.ssh import Target
    from device.steps import Taken
    from device.unit import Unit

_RELEASE = click.option("--release", type=click.File("rb"), help="The office's leave: machi central unit release.")


@click.command(
    epilog="\b\nExamples:\n  machi device decommission lib01@192.0.2.7 --release lib01.release\n"
    "  machi device decommission lib01@192.0.2.7 --release lib01.release --dry-run"
)
@click.argument("unit", metavar="UNIT@HOST")
@_RELEASE
@click.option("--confirm", metavar="NAME", help="The unit's name, instead of being asked for it.")
@click.option("--dry-run", is_flag=True, help="Change nothing; say what would be done.")
@KEYS
@JSON
def decommission(unit: str, release: Any, confirm: str | None, dry_run: bool, folder: Path, as_json: bool) -> None:
    """Put the unit at UNIT@HOST away for good: take its journal along, wipe it, and bring its last word home.

    Nothing is wiped that the town does not hold, and nothing without the office's leave. Saying it twice goes on where
    it ended. The last word is for the office: machi central unit close UNIT --wiped FILE.
    """
    from device.fleet import read_target
    from device.parting import WIPING
    from device.ssh import Road

    with plainly(), ExitStack() as stack:
        target = read_target(unit)
        keys = keys_of(folder, "provision")
        if not dry_run:
            _confirm(target.unit, confirm)
        held = taken_up(Road(keys, target), stack, dry_run=dry_run)
        work = _work(held, keys, read(release))
        taken = go(WIPING, work, dry=dry_run)
    word = str(work.word or "")
    document = {"schema": "machi.device.decommission/1", "unit": target.unit, "dry_run": dry_run, "word": word}
    finish(document, {"steps": taken}, as_json=as_json)
    if not as_json and not dry_run:
        click.echo(f"{target.unit} を消しました。役場へ: {word}")
        click.echo(f"{target.unit} is wiped. For the office: machi central unit close {target.unit} --wiped {word}")


@click.command(
    epilog="\b\nExamples:\n  machi device replace lib01@192.0.2.7 lib01@192.0.2.8 --ticket lib01.ticket "
    "--fingerprint SHA256:…\n"
    '  machi device replace lib01@192.0.2.7 lib01@192.0.2.8 --ticket lib01.ticket --lost "fell into the river"'
)
@click.argument("old", metavar="UNIT@OLD")
@click.argument("new", metavar="UNIT@NEW")
@_RELEASE
@click.option("--lost", metavar="WHY", help="The old box cannot be read any more: go on without it.")
@options
@KEYS
@JSON
def replace(
    old: str,
    new: str,
    release: Any,
    lost: str | None,
    ticket: Any,
    answer: Any,
    fingerprint: str | None,
    dry_run: bool,
    folder: Path,
    as_json: bool,
    **asked: Any,
) -> None:
    """Put another box in a unit's place: the old one stops once the town holds all of it, the new one is set up.

    With --lost it says up to where the town has heard the old one, and goes on; what came later is gone.
    """
    from device.fleet import read_target
    from device.parting import LEAVING
    from device.provision import STEPS, read_ticket
    from device.ssh import Road

    taken_old: list[Taken] = []
    with plainly(), ExitStack() as stack:
        going, coming = read_target(old), read_target(new)
        _check_pair(going, coming)
        keys = keys_of(folder, "provision")
        given = read(ticket), read(answer)
        told = read_ticket(given[0]) if ticket else None
        if lost is None:
            held = taken_up(Road(keys, going), stack, dry_run=dry_run)
            taken_old = go(LEAVING, _work(held, keys, read(release)), dry=dry_run)
        else:
            for line in _lost(told, going.unit):
                click.echo(printable(line), err=True)
    document = {"schema": "machi.device.replace/1", "unit": going.unit, "dry_run": dry_run, "lost": lost or ""}
    if any(one.code for one in taken_old):
        finish(document, {"old": taken_old, "new": []}, as_json=as_json)
    with plainly(), ExitStack() as stack:
        road = Road(keys, coming)
        if fingerprint:
            compare(road, keys, fingerprint)
        work = work_for(taken_up(road, stack, dry_run=dry_run), keys, given, asked)
        taken_new = go(STEPS, work, dry=dry_run)
    document["key"] = work.about.key
    finish(document, {"old": taken_old, "new": taken_new}, as_json=as_json, ready=not dry_run)


def _check_pair(going: "Target", coming: "Target") -> None:
    from device.errors import DeviceError, Exit

    if going.unit == coming.unit and (going.host, going.port) != (coming.host, coming.port):
        return
    raise DeviceError(
        Exit.USAGE,
        ja="同じ名前の、二つの機械を言ってください",
        en="name two boxes of one unit, as in lib01@192.0.2.7 lib01@192.0.2.8",
    )


def _work(unit: "Unit", keys: "Keys", release: bytes) -> Any:
    from device.parting import Work
    from sync import installed

    return Work(unit, release, keys.place_for(unit.name), installed.register(), unit.about())


def _confirm(unit: str, given: str | None) -> None:
    from device.errors import DeviceError, Exit

    if given is None:
        given = click.prompt(
            f"{unit} をすっかり消します。名前をうってください\n{unit} is wiped for good. Type its name", err=True
        )
    if given != unit:
        raise DeviceError(
            Exit.REFUSED,
            ja=f"「{given}」はこの端末の名前ではありません。何も消していません",
            en=f'"{given}" is not its name; nothing was wiped',
        )


def _lost(ticket: "Ticket | None", unit: str) -> list[str]:
    """Say what is lost with a box that cannot be read any more, as far as the office could tell."""
    before = ticket.before if ticket else None
    if before is None:
        return [
            f"{unit}: 町が何を聞いていたか、登録票にありません。役場で: machi central status",
            f"{unit}: the ticket does not say what the town had heard of it; at the office: machi central status",
        ]
    heard = "never"
    if before.heard_ms is not None:
        heard = datetime.fromtimestamp(before.heard_ms / 1000, UTC).isoformat(timespec="minutes")
    return [
        f"{unit}: 町が持っているのは {before.upto or 'なし'} まで。最後の連絡 {heard}、未送信 {before.unsent} 件",
        "      これと、そのあとに書かれたものは失われます。お金があれば、役場で machi central coin lost を先に",
        f"{unit}: the town holds it up to {before.upto or 'nothing'}; heard last {heard}, with {before.unsent} unsent",
        "      those entries, and what came after, are lost; if money was there, machi central coin lost comes first",
    ]
