"""`machi central coin case …`: somebody says that an entry is wrong."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from central.cli.common import FOLDER, JSON, RefusedForSafetyError, open_folder, plainly, printable, say

if TYPE_CHECKING:
    from central.centre import Centre
    from programs.coin.settlement.cases import Case


@click.group()
def case() -> None:
    """Look into an entry that somebody says is wrong."""


@case.command(
    name="open",
    epilog="\b\nExamples:\n  machi central coin case open /srv/town fish01/9f3c0a1b22d4e5f6/7 --because 'paid twice'",
)
@FOLDER
@click.argument("entry")
@click.option("--because", required=True, help="What is said to be wrong. Write no names.")
@JSON
def open_(folder: Path, entry: str, because: str, as_json: bool) -> None:
    """Open a case about ENTRY (unit/boot/seq, as on a receipt or a statement), and show its proof."""
    from programs.coin.settlement.cases import open_case
    from sync.entries import EntryId

    centre = open_folder(folder)
    with _refusing():
        made = open_case(centre, EntryId.parse(entry), because)
    say({"schema": "machi.central.coin.case/1", **_shown(centre, made)}, as_json=as_json)


@case.command(
    name="close",
    epilog="\b\nExamples:\n  machi central coin case close /srv/town 1 --outcome 'void by the shop on the same day'",
)
@FOLDER
@click.argument("number", type=int)
@click.option("--outcome", required=True, help="What was found out and done. Write no names.")
@JSON
def close(folder: Path, number: int, outcome: str, as_json: bool) -> None:
    """Close case NUMBER."""
    from programs.coin.settlement.cases import close_case

    centre = open_folder(folder)
    with _refusing():
        done = close_case(centre, number, outcome)
    say({"schema": "machi.central.coin.case/1", **_shown(centre, done)}, as_json=as_json)


@case.command(name="list", epilog="\b\nExamples:\n  machi central coin case list /srv/town --all")
@FOLDER
@click.option("--all", "with_closed", is_flag=True, help="Closed ones too.")
@JSON
def list_(folder: Path, with_closed: bool, as_json: bool) -> None:
    """List the open cases, each with its entry and what speaks for it."""
    from programs.coin.settlement.cases import cases_of

    centre = open_folder(folder)
    with _refusing():
        cases = [one for _, one in sorted(cases_of(centre).items()) if with_closed or one.closed is None]
        shown = [_shown(centre, one) for one in cases]
    if as_json:
        say({"schema": "machi.central.coin.cases/1", "cases": shown}, as_json=True)
        return
    for one in shown:
        holds = "its proof holds" if one["proof"] and one["proof"]["holds"] else "ITS PROOF DOES NOT HOLD"
        click.echo(f"case {one['case']}: {one['entry']}: {printable(one['because'])} ({holds})")
        click.echo(f"  {printable(one['proof']['body'] if one['proof'] else 'not held here any more')}")
        if one["outcome"]:
            click.echo(f"  closed: {printable(one['outcome'])}")


@contextmanager
def _refusing() -> Iterator[None]:
    from programs.coin.settlement.cases import CaseError

    with plainly():
        try:
            yield
        except CaseError as error:
            raise RefusedForSafetyError(str(error)) from error


def _shown(centre: "Centre", one: "Case") -> dict[str, Any]:
    from programs.coin.settlement.cases import evidence

    proof = evidence(centre, one.about)
    return {
        "case": one.number,
        "entry": one.about,
        "because": one.because,
        "outcome": one.outcome,
        "proof": msgspec.to_builtins(proof) if proof else None,
    }
