"""`machi central coin dispute …`: somebody says that an entry is wrong."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from central.cli.common import FOLDER, JSON, RefusedForSafetyError, open_books, plainly, say
from sync.terminal import printable

if TYPE_CHECKING:
    from central.centre import Centre
    from programs.coin.settlement.disputes import Dispute


@click.group()
def dispute() -> None:
    """Look into an entry that somebody says is wrong."""


@dispute.command(
    name="open",
    epilog="\b\nExamples:\n  machi central coin dispute open /srv/town fish01/9f3c0a1b22d4e5f6/7 --because twice",
)
@FOLDER
@click.argument("entry")
@click.option("--because", required=True, help="What is said to be wrong. Write no names.")
@JSON
def open_(folder: Path, entry: str, because: str, as_json: bool) -> None:
    """Open a dispute about ENTRY (unit/boot/seq, as on a receipt or a statement), and show its proof."""
    from programs.coin.settlement.disputes import open_dispute
    from sync.entries import EntryId

    centre = open_books(folder)
    with _refusing():
        made = open_dispute(centre, EntryId.parse(entry), because)
    say({"schema": "machi.central.coin.dispute/1", **_shown(centre, made)}, as_json=as_json)


@dispute.command(
    name="close",
    epilog="\b\nExamples:\n  machi central coin dispute close /srv/town 1 --outcome 'void by the shop on the same day'",
)
@FOLDER
@click.argument("number", type=int)
@click.option("--outcome", required=True, help="What was found out and done. Write no names.")
@JSON
def close(folder: Path, number: int, outcome: str, as_json: bool) -> None:
    """Close dispute NUMBER."""
    from programs.coin.settlement.disputes import close_dispute

    centre = open_books(folder)
    with _refusing():
        done = close_dispute(centre, number, outcome)
    say({"schema": "machi.central.coin.dispute/1", **_shown(centre, done)}, as_json=as_json)


@dispute.command(name="list", epilog="\b\nExamples:\n  machi central coin dispute list /srv/town --all")
@FOLDER
@click.option("--all", "with_closed", is_flag=True, help="Closed ones too.")
@JSON
def list_(folder: Path, with_closed: bool, as_json: bool) -> None:
    """List the open disputes, each with its entry and what speaks for it."""
    from programs.coin.settlement.disputes import disputes_of

    centre = open_books(folder)
    with _refusing():
        disputes = [one for _, one in sorted(disputes_of(centre).items()) if with_closed or one.closed is None]
        shown = [_shown(centre, one) for one in disputes]
    if as_json:
        say({"schema": "machi.central.coin.disputes/1", "disputes": shown}, as_json=True)
        return
    for one in shown:
        holds = "its proof holds" if one["proof"] and one["proof"]["holds"] else "ITS PROOF DOES NOT HOLD"
        click.echo(f"dispute {one['dispute']}: {one['entry']}: {printable(one['because'])} ({holds})")
        click.echo(f"  {printable(one['proof']['body'] if one['proof'] else 'not held here any more')}")
        if one["taken"]:
            click.echo(f"  {printable(one['taken'])} works on it")
        for found in one["found"]:
            click.echo(f"  {printable(found['by'])}: {found['reason']}: {printable(found['note'])}")
        if one["outcome"]:
            click.echo(f"  closed: {printable(one['outcome'])}")


@contextmanager
def _refusing() -> Iterator[None]:
    from programs.coin.settlement.disputes import DisputeError

    with plainly():
        try:
            yield
        except DisputeError as error:
            raise RefusedForSafetyError(str(error)) from error


def _shown(centre: "Centre", one: "Dispute") -> dict[str, Any]:
    from programs.coin.settlement import calendar
    from programs.coin.settlement.disputes import evidence

    proof = evidence(centre, one.about)
    return {
        "dispute": one.number,
        "entry": one.about,
        "because": one.because,
        "outcome": one.outcome,
        "taken": one.taken,
        "reason": one.reason,
        "due": calendar.iso(one.due) if one.due else None,
        "found": [{"by": found.by, "reason": found.reason, "note": found.note} for found in one.found],
        "proof": msgspec.to_builtins(proof) if proof else None,
    }


COMMANDS = (dispute,)
