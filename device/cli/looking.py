"""`machi device status|doctor|logs|pull`: how units are, what they said, and their journals to take along."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from device.cli.common import AT_ONCE_OPTION, FLEET, JSON, KEYS, UNITS, ask_all, keys_of, plainly, show, targets_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from device.fleet import Asked
    from device.unit import Unit


@click.command(
    epilog="\b\nExamples:\n  machi device status lib01@192.0.2.7\n  machi device status --fleet town.toml --json"
)
@UNITS
@FLEET
@AT_ONCE_OPTION
@KEYS
@JSON
def status(units: tuple[str, ...], fleet: Any, at_once: int, folder: Path, as_json: bool) -> None:
    """Show how units are: whether they serve, and what they have not sent yet. Exit code 2 if one serves nobody."""
    import msgspec

    from sync.technician import key_print

    def look(unit: "Unit") -> dict[str, Any]:
        about = unit.about()
        found: dict[str, Any] = msgspec.to_builtins(about)
        found["fingerprint"] = key_print(about.key) if about.key else ""
        found["status"] = unit.status() if "machi-tap.service" in about.active else None
        return found

    def lines(one: "Asked") -> list[str]:
        found: Any = one.found
        inner = found["status"] or {}
        readers = ", ".join(inner.get("readers", ())) or "none"
        closed, unsent = inner.get("closed", "?"), inner.get("unsent", "?")
        return [
            f"{one.target.unit}: {'営業しています serves' if _serves(found) else 'お休みです serves nobody'}",
            f"  場所 place {inner.get('place', '?')}; お休みの理由 closed {closed}; 未送信 unsent {unsent}",
            f"  リーダー readers {readers}; 鍵の世代 life {found['epoch']}; 名簿 list {found['technicians']}",
            f"  鍵 key {found['fingerprint'] or 'none'}",
        ]

    _each(
        "machi.device.status/1", units, fleet, at_once, folder, look, lines, lambda found: not _serves(found), as_json
    )


def _serves(found: Any) -> bool:
    inner = found["status"]
    return bool(inner and not inner["closed"] and not inner["frozen"] and inner["readers"])


@click.command(
    epilog="\b\nExamples:\n  machi device doctor lib01@192.0.2.7\n  machi device doctor --fleet town.toml --json"
)
@UNITS
@FLEET
@AT_ONCE_OPTION
@KEYS
@JSON
def doctor(units: tuple[str, ...], fleet: Any, at_once: int, folder: Path, as_json: bool) -> None:
    """Have units look at each of their devices, and say what is wrong. Exit code 2 if somebody is needed."""

    def lines(one: "Asked") -> list[str]:
        report: Any = one.found
        out = []
        for found in report["findings"]:
            out += [f"{found['state']:<5} {found['part']:<10} {found['ja']}", f"{'':17}{found['en']}"]
            if found["do_ja"]:
                out += [f"{'':17}> {found['do_ja']}", f"{'':17}> {found['do_en']}"]
        return out

    def is_wrong(report: Any) -> bool:
        return bool(report["failed"])

    _each("machi.device.doctor/1", units, fleet, at_once, folder, lambda unit: unit.doctor(), lines, is_wrong, as_json)


@click.command(
    epilog="\b\nExamples:\n  machi device logs lib01@192.0.2.7\n"
    "  machi device logs lib01@192.0.2.7 --since -2h --lines 1000 --json"
)
@UNITS
@FLEET
@AT_ONCE_OPTION
@click.option("--since", default="-1h", show_default=True, help="As journalctl reads it: -1h, yesterday, 2026-11-29.")
@click.option("--lines", "count", default=200, show_default=True, type=click.IntRange(1, 5000), help="At most so many.")
@KEYS
@JSON
def logs(units: tuple[str, ...], fleet: Any, at_once: int, since: str, count: int, folder: Path, as_json: bool) -> None:
    """Show what units' services said, and what technicians asked of them."""

    def look(unit: "Unit") -> dict[str, Any]:
        return {"lines": unit.logs(since, count).splitlines()}

    def lines(one: "Asked") -> list[str]:
        found: Any = one.found
        return list(found["lines"])

    _each("machi.device.logs/1", units, fleet, at_once, folder, look, lines, lambda _found: False, as_json)


@click.command(
    epilog="\b\nExamples:\n  machi device pull lib01@192.0.2.7\n"
    "  machi device pull --fleet town.toml --to stick --json\n"
    "  machi device pull shop01@192.0.2.8 --kept --to stick"
)
@UNITS
@FLEET
@AT_ONCE_OPTION
@click.option("--to", type=click.Path(file_okay=False, path_type=Path), help="A folder; the technician's if left out.")
@click.option("--kept", is_flag=True, help="Also the twins that they keep for neighbours, for machi central twin.")
@KEYS
@JSON
def pull(
    units: tuple[str, ...], fleet: Any, at_once: int, to: Path | None, kept: bool, folder: Path, as_json: bool
) -> None:
    """Take units' journals along, as files for machi central import, and check every entry and signature here.

    Exit code 2 if one is not whole; it is kept all the same. The files say who was where: they are personal data.
    What is kept for neighbours is sealed for the centre, and checked there.
    """
    import msgspec

    from device.held import take_along, take_twins
    from device.keys import Keys
    from sync import installed

    register = installed.register()

    def look(unit: "Unit") -> dict[str, Any]:
        about = unit.about()
        place = to or Keys(folder).place_for(unit.name)
        held = take_along(unit, about, place, register)
        twins = [str(file) for file in take_twins(unit, place)] if kept else []
        return {"file": str(held.file), "key": about.key, "kept": twins, **msgspec.to_builtins(held.checked)}

    def lines(one: "Asked") -> list[str]:
        found: Any = one.found
        whole = f"{found['entries']} 件 entries, up to {found['tip']}"
        said = f"壊れています BROKEN: {found['broken']}" if found["broken"] else whole
        return [f"{found['file']}: {said}", *(f"{file}: 控え a twin" for file in found["kept"])]

    _each("machi.device.pull/1", units, fleet, at_once, folder, look, lines, lambda f: bool(f["broken"]), as_json)


def _each(
    schema: str,
    units: tuple[str, ...],
    fleet: Any,
    at_once: int,
    folder: Path,
    look: "Callable[[Unit], dict[str, Any]]",
    lines: "Callable[[Asked], list[str]]",
    is_wrong: "Callable[[Any], bool]",
    as_json: bool,
) -> None:
    """Look at each of the units, show what came of it, and end with the code that says how that was."""
    from device.fleet import exit_code
    from device.ssh import Road
    from device.unit import looked_at

    with plainly():
        targets = targets_of(units, fleet)
        keys = keys_of(folder, "support")
        asked = ask_all(targets, lambda target: look(looked_at(Road(keys, target))), at_once)
    show(schema, asked, lambda one: dict(one.found), lines, as_json=as_json)  # type: ignore[call-overload]
    sys.exit(exit_code(asked, [one.error is None and is_wrong(one.found) for one in asked]))
