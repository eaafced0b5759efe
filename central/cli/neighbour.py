"""`machi central unit neighbour`: who keeps the second copy of whose journal."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from central.cli.common import FOLDER, JSON, RefusedForSafetyError, open_books, plainly, say

if TYPE_CHECKING:
    from central.neighbours import Kept

_MIB: Final = 256
_ADDRESS: Final = re.compile(r"([0-9A-Za-z.-]+|\[[0-9a-fA-F:.]+\]):[0-9]{1,5}")


@click.command(
    epilog="\b\nExamples:\n  machi central unit neighbour /srv/town lib01 --keeper shop01 --at 192.168.1.20:4710\n"
    "  machi central unit neighbour /srv/town lib01 --nobody\n"
    "  machi central unit neighbour /srv/town lib01 --forget 1\n"
    "  machi central unit neighbour /srv/town lib01"
)
@FOLDER
@click.argument("name")
@click.option("--keeper", help="The unit on the same network that keeps it, sealed.")
@click.option("--at", "address", help="Address and port at which NAME finds it, as 192.168.1.20:4710.")
@click.option("--mib", default=_MIB, show_default=True, type=click.IntRange(1), help="How much room it may take there.")
@click.option("--nobody", is_flag=True, help="Nobody keeps it any more; what is kept stays there.")
@click.option("--forget", type=click.IntRange(1), help="What is kept of lives up to this one may be deleted.")
@JSON
def neighbour(
    folder: Path,
    name: str,
    keeper: str | None,
    address: str | None,
    mib: int,
    nobody: bool,
    forget: int | None,
    as_json: bool,
) -> None:
    """Have a neighbour keep the twin of the journal of the unit NAME, or show who does. Both hear of it by themselves.

    The keeper needs [keeper] in its unit.toml. --forget only after that life's twin is here: machi central twin.
    """
    from central.neighbours import NeighbourError

    if (keeper is not None) + nobody + (forget is not None) > 1:
        raise click.UsageError("say one of --keeper, --nobody and --forget")
    if (keeper is None) != (address is None):
        raise click.UsageError("--keeper and --at go together")
    if address is not None and not _ADDRESS.fullmatch(address):
        raise click.UsageError(f"--at {address}: an address and a port, as 192.168.1.20:4710")
    centre = open_books(folder)
    said = centre.neighbours
    try:
        with plainly():
            if keeper is not None and address is not None:
                kept = said.name(name, keeper, address, mib)
            elif nobody:
                kept = said.nobody(name)
            else:
                kept = said.forget(name, forget) if forget is not None else said.of(name)
    except NeighbourError as error:
        raise RefusedForSafetyError(str(error)) from error
    say({"schema": "machi.central.neighbour/1", "unit": name, **_shown(kept)}, as_json=as_json)


def _shown(kept: "Kept") -> dict[str, Any]:
    near = kept.neighbour
    shares = [
        {"keeper": share.keeper, "life": share.of.epoch, "mib": share.mib, "forget": share.forget}
        for share in kept.shares
    ]
    by = near.keeper if near else None
    return {"keeper": by.unit if by else None, "address": near.address if near else "", "shares": shares}
