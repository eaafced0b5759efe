"""`machi unit decommission`: a unit that is put away for good, wiped with the town's leave."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from appliance.cli.common import (
    FOLDER,
    JSON,
    RefusedForSafetyError,
    copy_of,
    inside,
    make_sure_it_rests,
    plainly,
    say,
)
from sync.terminal import printable

if TYPE_CHECKING:
    from sync.messages import Release
    from sync.technician import Standing


@click.command(
    epilog="\b\nExamples:\n  machi unit decommission lib01 lib01.release --look\n"
    "  machi unit decommission lib01 lib01.release > lib01-wiped.json"
)
@FOLDER
@click.argument("release", type=click.File("rb"))
@click.option("--look", is_flag=True, help="Change nothing; say what the town does not hold of this unit yet.")
@click.option("--confirm", metavar="NAME", help="The unit's name, instead of asking for it.")
@click.option("--by", default="somebody at the unit", show_default=True, help="Who does it, for the last word.")
@JSON
def decommission(folder: Path, release: Any, look: bool, confirm: str | None, by: str, as_json: bool) -> None:
    """Wipe this unit, journal and keys, with the office's leave (RELEASE), and print its last word for the office.

    Nothing is wiped that the town does not hold: bring the journal in first (machi unit export --segments). If it is
    cut short, say the same again; it goes on, and prints the same word.
    """
    from appliance.wiping import last_word, trim, wipe, word_kept
    from drivers.choose import load

    raw = release.read()
    if look:
        say({"schema": "machi.unit.standing/1", **msgspec.to_builtins(stands(folder, raw))}, as_json=as_json)
        return
    with inside(folder), plainly():
        word = word_kept(Path())
    if word is None:
        found = _may_go(folder, raw)
        _confirm(found.unit, confirm)
        with inside(folder), plainly():
            word = last_word(Path(), found, by)
    with inside(folder), plainly():
        wipe(Path())
        load("seal", "creds").forget()
        trim(Path())
    click.echo(word)


def stands(folder: Path, raw: bytes) -> "Standing":
    """Return how a unit stands with its town: by a leave, or without one (b"") by what it last heard."""
    from appliance.config import PUBLIC_FILE, read_enrolment
    from appliance.parting import PartingError, read_release, standing

    with plainly():
        enrolment = read_enrolment(folder)
        try:
            leave: Release | None = None
            if raw:
                leave = read_release(raw, enrolment, (folder / PUBLIC_FILE).read_text().strip())
            with copy_of(folder) as copy:
                return standing(copy, enrolment, leave)
        except PartingError as error:
            raise RefusedForSafetyError(str(error)) from error


def _may_go(folder: Path, raw: bytes) -> "Standing":
    make_sure_it_rests(folder, "it is serving people; stop it first: systemctl disable --now machi-unit.target")
    if not raw:
        raise RefusedForSafetyError("the office's leave is needed: machi central unit release")
    found = stands(folder, raw)
    if found.strange:
        raise RefusedForSafetyError(f"{printable(found.strange)}; leave this box as it is, and tell the office")
    if found.unsent:
        raise RefusedForSafetyError(
            f"{found.unsent} entries are not in the town yet and would be lost; bring them in first "
            "(machi unit export --segments, machi central import), then have a new leave printed "
            "(machi central unit release)"
        )
    return found


def _confirm(unit: str, given: str | None) -> None:
    if given is None:
        given = click.prompt(f"This wipes {unit} for good. Type its name", err=True)
    if given != unit:
        raise RefusedForSafetyError(f'"{given}" is not the name of this unit; nothing was wiped')
