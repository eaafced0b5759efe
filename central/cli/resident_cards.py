"""`machi central resident card …`: cards that are given out, renewed, lost, stopped, given back and found again."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from central.cli.common import FOLDER, JSON, open_books, say
from central.cli.resident import WHO, clerk, reading_in, refusing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from central.belongings import Belonging

_READING = click.argument("reading", type=click.File("rb"))


@click.group()
def card() -> None:
    """Give cards out to residents, renew them, and end them. What lies on a card goes over with it."""


@card.command(
    name="add",
    epilog="\b\nExamples:\n  machi card read --json | machi central resident card add /srv/town 3f2a91 -\n"
    "  machi central resident card add /srv/town 3f2a91 token.json --token",
)
@FOLDER
@WHO
@_READING
@click.option("--token", is_flag=True, help="A card of the town's own, such as a child's; not a My Number Card.")
@JSON
def add_card(folder: Path, who: str, reading: Any, token: bool, as_json: bool) -> None:
    """Let one more card be WHO's, from what `machi card read --json` printed. The others go on."""
    from sync.residents import Form

    centre = open_books(folder)
    with refusing():
        form = Form.TOKEN if token else Form.CARD
        holder, name = centre.registration.add_card(who, reading_in(reading), form, clerk())
    say(_document(holder, name, "active"), as_json=as_json)


@card.command(
    name="renew",
    epilog="\b\nExamples:\n  machi card read --json | machi central resident card renew /srv/town 3f2a91 "
    "60033bab2dcddc48b295070670d111d3 -",
)
@FOLDER
@WHO
@click.argument("old")
@_READING
@JSON
def renew_card(folder: Path, who: str, old: str, reading: Any, as_json: bool) -> None:
    """Let a new card of WHO take the place of OLD (its name), also of one that was lost: money and points go over.

    OLD is stopped. Do it again to ask units once more for what they have not given back.
    """
    from central import handing

    centre = open_books(folder)
    with refusing():
        holder, name, had = handing.renew(centre, who, old, reading_in(reading), clerk())
    _warn(had)
    say(_document(holder, name, "active") | {"in_place_of": old, "still": _still(had)}, as_json=as_json)


@card.command(
    name="end",
    epilog="\b\nExamples:\n"
    "  machi central resident card end /srv/town 3f2a91 60033bab2dcddc48b295070670d111d3 --why lost\n"
    "  machi central resident card end /srv/town 3f2a91 60033bab2dcddc48b295070670d111d3 --why returned "
    "--to 0c7d1fca2b3e4d5f60718293a4b5c6d7",
)
@FOLDER
@WHO
@click.argument("card")
@click.option("--why", required=True, type=click.Choice(["lost", "stopped", "returned"]))
@click.option("--to", default="", metavar="CARD", help="Another card of theirs, to which what lies on it goes over.")
@JSON
def end_card(folder: Path, who: str, card: str, why: str, to: str, as_json: bool) -> None:
    """Stop a CARD of WHO: lost, not wanted any more, or given back. Says what can still be spent with it at most."""
    from central import handing
    from sync.residents import CardEnd

    centre = open_books(folder)
    with refusing():
        holder, had = handing.end(centre, who, card, CardEnd(why), clerk(), to)
    _warn(had)
    say(_document(holder, card, why) | {"still": _still(had)}, as_json=as_json)


@card.command(
    name="found",
    epilog="\b\nExamples:\n  machi central resident card found /srv/town 3f2a91 60033bab2dcddc48b295070670d111d3",
)
@FOLDER
@WHO
@click.argument("card")
@JSON
def found_card(folder: Path, who: str, card: str, as_json: bool) -> None:
    """Let a CARD of WHO be used again that was lost or stopped, and not replaced."""
    centre = open_books(folder)
    with refusing():
        holder = centre.registration.found_card(who, card, clerk())
    say(_document(holder, card, "active"), as_json=as_json)


def _document(holder: str, name: str, state: str) -> dict[str, Any]:
    return {"schema": "machi.central.resident.card/1", "holder": holder, "card": name, "state": state}


def _still(had: "Sequence[Belonging]") -> list[Any]:
    return [msgspec.to_builtins(one) for one in had if one.is_any]


def _warn(had: "Sequence[Belonging]") -> None:
    """Say what may still be spent with a card that was stopped."""
    from central import handing

    for ja, en in handing.warnings(had):
        click.echo(f"{ja}\n{en}", err=True)
